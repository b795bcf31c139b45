#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove what nothing needs any more: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: prune
short_description: Remove what nothing needs any more
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - Removes containers that do not run, and images, networks, volumes and caches that no container
    needs, one by one. Only what is asked for, and nothing that check mode did not name.
  - A stopped container needs its image, its networks and its volumes as much as a running one,
    unless it goes in the same run.
  - Containers that a spec of ours has made stay, also when they do not run.
  - In check mode it tells what would go and how many bytes that would free at least.
extends_documentation_fragment:
  - dockwright.docker.prune
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.host_info
"""

EXAMPLES = r"""
- name: Keep the last three images of each repository, and none without a name
  dockwright.docker.prune:
    images: unused
    keep: 3
    older_than: 24h

- name: Take away what ended jobs left
  dockwright.docker.prune:
    containers: true
    networks: true
    labels: [com.example.job]
"""

RETURN = r"""
msg:
  description: How much was removed, or would be.
  returned: always
  type: str
removed:
  description: The names of what was removed, by kind; in check mode of what would be.
  returned: always
  type: dict
  sample: {containers: [], images: ["shop/web:1.1"], networks: [], volumes: [], build_cache: []}
items:
  description: The same, one by one, with its C(kind), C(name), C(bytes) and their C(size) in words.
  returned: always
  type: list
  elements: dict
bytes:
  description:
    - How much room was freed; in check mode how much at least would be. Images may free more
      together than each by itself.
  returned: always
  type: int
problems:
  description: Every problem with C(where), C(message) and C(fix).
  returned: always
  type: list
  elements: dict
"""

from ..module_utils.glue import run_action


def main() -> None:
    """Run the module."""
    run_action("prune")


if __name__ == "__main__":
    main()
