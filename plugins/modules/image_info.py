#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which images there are: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_info
short_description: Tell which images there are
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - The images of the engine, with their tags and digests.
  - All of them, or those that are asked for. Changes nothing.
extends_documentation_fragment:
  - dockwright.docker.image_info
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.image
  - module: dockwright.docker.host_info
"""

EXAMPLES = r"""
- name: Look at the images
  dockwright.docker.image_info:
    labels: [com.example.team=web]
  register: docker

- name: Say which they are
  ansible.builtin.debug:
    msg: "{{ docker.images | map(attribute='name') }}"
"""

RETURN = r"""
msg:
  description: How many were found.
  returned: always
  type: str
images:
  description: Each of them, by name; with O(inspect) what the engine says of it as C(inspect).
  returned: success
  type: list
  elements: dict
  sample: [{name: nginx:1.27, tags: ["nginx:1.27"], size: 187654321}]
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
    run_action("image_info")


if __name__ == "__main__":
    main()
