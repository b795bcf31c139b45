#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a file or a folder in a container: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_copy
short_description: Have a file or a folder in a container
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - Writes a file in a container, which need not run, where content, mode or owner are others.
  - A folder as O(src) is compared in one reading, by content, mode and owner of each file, and what
    differs is written; what else the container has there stays.
  - With O(dest) the other way: a file or a folder of the container comes to the managed host.
  - A folder of a container that holds devices, pipes, or symbolic links that are absolute or lead
    out of it is refused, before anything is written; so is one that the managed host has no room
    for. Sockets are left out.
  - A path in a C(tmpfs), C(/proc), C(/sys) or C(/dev) of the container is refused, both ways, as
    the engine does not show what is there.
  - What is written goes with the container; a new one made from the image has not got it.
extends_documentation_fragment:
  - dockwright.docker.container_copy
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.container_exec
"""

EXAMPLES = r"""
- name: Have a page
  dockwright.docker.container_copy:
    name: site
    path: /usr/share/nginx/html/index.html
    content: "hello\n"
    mode: "0644"

- name: Have a key, which no diff shows
  dockwright.docker.container_copy:
    name: site
    path: /etc/ssl/private/web.key
    src: /srv/keys/web.key
    mode: "0600"
    hidden: true

- name: Have a site, as it is in a folder of the host
  dockwright.docker.container_copy:
    name: site
    src: /srv/site/
    path: /usr/share/nginx/html
    mode: "0644"
    directory_mode: "0755"

- name: Have a folder of the container on the host, as /var/lib/images/html
  dockwright.docker.container_copy:
    name: site
    path: /usr/share/nginx/html
    dest: /var/lib/images

- name: Have a file of the container on the host
  dockwright.docker.container_copy:
    name: site
    path: /etc/passwd
    dest: /var/lib/images/site-passwd
"""

RETURN = r"""
msg:
  description: What was done, or why not.
  returned: always
  type: str
files:
  description: With a folder, why each is another that was written, by its path.
  returned: always
  type: dict
  sample: {/usr/share/nginx/html/index.html: another content}
problems:
  description: Every problem with C(where), C(message) and C(fix).
  returned: always
  type: list
  elements: dict
"""

from ..module_utils.glue import run_action


def main() -> None:
    """Run the module."""
    run_action("container_copy")


if __name__ == "__main__":
    main()
