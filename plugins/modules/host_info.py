#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what there is on a Docker host: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Tell what there is on a Docker host
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - >-
    The engine and what it has: containers, images, networks, volumes and plugins, in one pass.
    Changes nothing.
extends_documentation_fragment:
  - dockwright.docker.host_info
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.host
"""

EXAMPLES = r"""
- name: Look at the host
  dockwright.docker.host_info:
  register: docker

- name: Say what runs
  ansible.builtin.debug:
    msg: "{{ docker.containers | selectattr('state', 'eq', 'running') | map(attribute='name') }}"
"""

RETURN = r"""
msg:
  description: One line on what was found, or why nothing was.
  returned: always
  type: str
engine:
  description: The engine's version, API version, address, storage driver and more.
  returned: success
  type: dict
  sample: {version: 28.5.2, api: "1.51", storage_driver: overlay2, live_restore: false}
containers:
  description: Every container, also stopped ones.
  returned: success
  type: list
  elements: dict
  sample: [{name: web, image: nginx:1.27, state: running, project: shop}]
images:
  description: Every image with its tags and digests.
  returned: success
  type: list
  elements: dict
networks:
  description: Every network.
  returned: success
  type: list
  elements: dict
volumes:
  description: Every volume.
  returned: success
  type: list
  elements: dict
plugins:
  description: Every plugin, also those that are disabled.
  returned: success
  type: list
  elements: dict
"""

from ..module_utils.glue import run_facts


def main() -> None:
    """Run the module."""
    run_facts()


if __name__ == "__main__":
    main()
