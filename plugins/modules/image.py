#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have an image, or have it gone: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image
short_description: Have an image, or have it gone
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - Pulls, loads, builds or imports an image, tags, pushes and saves it, or removes it.
  - Check mode pulls nothing; with O(pull_policy=always) the registry is asked for the digest.
extends_documentation_fragment:
  - dockwright.docker.image
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.container
  - module: dockwright.docker.project
"""

EXAMPLES = r"""
- name: Have an image that a file holds
  dockwright.docker.image:
    name: shop/web:1.4
    load: /var/lib/images/web.tar

- name: Have an image; pull it where it is missing
  dockwright.docker.image:
    name: nginx:1.27

- name: Build an image when its folder or its base has changed, and push it
  dockwright.docker.image:
    name: registry.example.com/shop/web:1.4
    build: {context: /srv/web, args: {VERSION: "1.4"}}
    tags: [registry.example.com/shop/web:latest]
    push: true

- name: Keep a tar of it, for hosts that reach no registry
  dockwright.docker.image:
    name: shop/web:1.4
    save: /var/lib/images/shop-web.tar

- name: Make an image of the files of a root file system
  dockwright.docker.image:
    name: shop/base:1
    import: {path: /var/lib/images/site.tar, changes: ['CMD ["/bin/sh"]']}

- name: Have it gone
  dockwright.docker.image:
    name: shop/web:1.4
    state: absent
"""

RETURN = r"""
msg:
  description: One line on what was done, or every problem with its place in the task and its fix.
  returned: always
  type: str
  sample: "2 changes applied, disruption: none"
changes:
  description:
    - The plan, in order. Each change says what is done to which field of which object, and why.
    - C(cause) is V(spec), V(drift), V(default) or V(unknown); C(disruption) is what it costs.
  returned: always
  type: list
  elements: dict
  sample:
    - kind: "image"
      name: "nginx:1.27"
      action: "load"
      path: ""
      before: null
      after: null
      reason: ""
      cause: "spec"
      disruption: "none"
drift:
  description: What of the plan another hand has made necessary, in short lines.
  returned: always
  type: list
  elements: str
done:
  description: What was done, in short lines. In check mode it is empty.
  returned: always
  type: list
  elements: str
not_done:
  description: What of the plan was not done because something failed before.
  returned: always
  type: list
  elements: str
needs:
  description: What the daemon needs for the plan or for what is pending, V(reload) or V(restart).
  returned: always
  type: list
  elements: str
disruption:
  description: The strongest disruption in the plan, from V(none) to V(destroy).
  returned: always
  type: str
  sample: none
stale:
  description: Values that are defaults of an earlier time; left alone.
  returned: always
  type: list
  elements: dict
ignored:
  description: Differences that the task told to ignore.
  returned: always
  type: list
  elements: dict
pending:
  description: What is written and waits for a restart.
  returned: always
  type: list
  elements: dict
blocked:
  description: Drift that is not repaired without consent. The task fails then.
  returned: always
  type: list
  elements: dict
problems:
  description: Every problem with C(where), C(message) and C(fix).
  returned: always
  type: list
  elements: dict
state:
  description: The objects of the task as they are afterwards, secrets masked.
  returned: always
  type: dict
engine:
  description: The engine that answered, or the one that was assumed.
  returned: always
  type: dict
"""

from ..module_utils.glue import run


def main() -> None:
    """Run the module."""
    run("image")


if __name__ == "__main__":
    main()
