#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which containers there are: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_info
short_description: Tell which containers there are
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - The containers of the engine, also stopped ones.
  - All of them, or those that are asked for. Changes nothing.
extends_documentation_fragment:
  - dockwright.docker.container_info
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.container
  - module: dockwright.docker.host_info
"""

EXAMPLES = r"""
- name: Look at the containers
  dockwright.docker.container_info:
    name: [site, worker]
  register: docker

- name: Say which they are
  ansible.builtin.debug:
    msg: "{{ docker.containers | selectattr('state', 'eq', 'running') | map(attribute='name') }}"
"""

RETURN = r"""
msg:
  description: How many were found.
  returned: always
  type: str
containers:
  description: Each of them, by name; with O(inspect) what the engine says of it as C(inspect).
  returned: success
  type: list
  elements: dict
  sample: [{name: site, image: nginx:1.27, state: running, project: shop}]
missing:
  description: The names of O(name) that were not found.
  returned: success
  type: list
  elements: str
problems:
  description: Every problem with C(where), C(message) and C(fix).
  returned: always
  type: list
  elements: dict
"""

from ..module_utils.glue import run_action


def main() -> None:
    """Run the module."""
    run_action("container_info")


if __name__ == "__main__":
    main()
