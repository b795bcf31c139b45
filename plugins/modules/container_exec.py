#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command in a container: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_exec
short_description: Run a command in a container
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - Runs a command in a container that runs. It is an action, so it is done each time, unless
    O(creates), O(removes) or O(unless) say that it need not be.
  - In check mode nothing is run, not even O(unless); paths are looked for.
extends_documentation_fragment:
  - dockwright.docker.container_exec
  - dockwright.docker.attributes
attributes:
  idempotent:
    support: partial
    details:
      - An action is done each time, unless O(creates), O(removes) or O(unless) keep it from that.
seealso:
  - module: dockwright.docker.container
"""

EXAMPLES = r"""
- name: Make the database once
  dockwright.docker.container_exec:
    name: records
    command: [createdb, shop]
    unless: [psql, -d, shop, -c, "select 1"]
    user: postgres

- name: Read the configuration again
  dockwright.docker.container_exec:
    name: site
    command: nginx -s reload
  changed_when: false
"""

RETURN = r"""
msg:
  description: What was done, or why not.
  returned: always
  type: str
rc:
  description: The exit code; null where nothing was run.
  returned: always
  type: int
stdout:
  description: What the command wrote, the values of O(environment) masked.
  returned: always
  type: str
stderr:
  description: The same of its standard error.
  returned: always
  type: str
problems:
  description: Every problem with C(where), C(message) and C(fix).
  returned: always
  type: list
  elements: dict
"""

from ..module_utils.glue import run_action


def main() -> None:
    """Run the module."""
    run_action("container_exec")


if __name__ == "__main__":
    main()
