#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a login at a registry, or take it away: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_login
short_description: Keep a login at a registry, or take it away
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - Stores user name and password of a registry as C(docker login) does, in C(config.json) of the
    user that the task runs as or in the credential helper that this file names.
  - The registry is asked first, by the engine, unless O(verify=false). A login that is stored
    already costs no question.
extends_documentation_fragment:
  - dockwright.docker.registry_login
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.image
  - module: dockwright.docker.host
"""

EXAMPLES = r"""
- name: Log in
  dockwright.docker.registry_login:
    name: registry.example.com
    username: ci
    password: "{{ registry_password }}"

- name: Store the login of another user before there is an engine
  dockwright.docker.registry_login:
    name: registry.example.com
    username: ci
    password: "{{ registry_password }}"
    config_path: /home/ci/.docker/config.json
    verify: false

- name: Log out
  dockwright.docker.registry_login:
    name: registry.example.com
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
    - kind: "registry_login"
      name: "registry.example.com"
      action: "create"
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
    run("registry_login")


if __name__ == "__main__":
    main()
