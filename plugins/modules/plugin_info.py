#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which plugins there are: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: plugin_info
short_description: Tell which plugins there are
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - The plugins of the engine, with their sources and states.
  - All of them, or those that are asked for. Changes nothing.
extends_documentation_fragment:
  - dockwright.docker.plugin_info
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.plugin
  - module: dockwright.docker.host_info
"""

EXAMPLES = r"""
- name: Look at the plugins that run
  dockwright.docker.plugin_info:
    state: enabled
  register: docker

- name: Say which they are
  ansible.builtin.debug:
    msg: "{{ docker.plugins | map(attribute='name') }}"
"""

RETURN = r"""
msg:
  description: How many were found.
  returned: always
  type: str
plugins:
  description: Each of them, by name; with O(inspect) what the engine says of it as C(inspect).
  returned: success
  type: list
  elements: dict
  sample: [{name: nfs:latest, state: enabled, source: registry.example.com/nfs:2}]
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
    run_action("plugin_info")


if __name__ == "__main__":
    main()
