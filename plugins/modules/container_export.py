#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the files of a container as a tar: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_export
short_description: Have the files of a container as a tar
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - Writes the file system of a container, which need not run, to a tar on the managed host, where
    the tar there holds something else. Volumes are not part of it.
  - In check mode the engine sends the tar, too, and it is compared; nothing is written.
  - Option C(import) of module M(dockwright.docker.image) makes an image of such a tar.
extends_documentation_fragment:
  - dockwright.docker.container_export
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.container_copy
  - module: dockwright.docker.image
"""

EXAMPLES = r"""
- name: Have the files of a container
  dockwright.docker.container_export:
    name: site
    dest: /var/lib/images/site.tar
"""

RETURN = r"""
msg:
  description: What was done, or why not.
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
    run_action("container_export")


if __name__ == "__main__":
    main()
