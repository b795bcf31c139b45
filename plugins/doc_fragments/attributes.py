# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules support."""

from __future__ import annotations


class ModuleDocFragment:
    """What all modules support."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Shows what would be done. A real run applies the very same plan.
    support: full
    details:
      - Strictly read-only. Nothing is pulled, created or written.
  diff_mode:
    description: Shows every field that changes, before and after, secrets masked.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
  action_group:
    description: Group C(dockwright.docker.docker) in C(module_defaults) sets options once.
    support: full
    membership:
      - dockwright.docker.docker
  platform:
    description: Where the module runs.
    support: full
    platforms: posix
requirements:
  - Python 3.9 or newer on the managed host, and nothing else
  - Docker Engine 20.10 or newer
notes:
  - The engine is found as the docker command finds it. See O(docker_host).
"""
