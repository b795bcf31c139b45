#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a plugin of the engine, enabled or not, or have it gone: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: plugin
short_description: Have a plugin of the engine, enabled or not, or have it gone
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - Installs, upgrades, sets, enables, disables and removes a managed plugin of the engine.
  - A plugin asks for privileges on the host. Those that O(grant) does not name are refused before
    anything is installed, and the message says which they are.
  - To set or upgrade a plugin it is disabled for a moment. While volumes or networks are of it the
    task fails, unless O(force=true). When it does not come up again it gets its old settings back.
extends_documentation_fragment:
  - dockwright.docker.plugin
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.volume
  - module: dockwright.docker.network
  - module: dockwright.docker.host
"""

EXAMPLES = r"""
- name: Have a volume plugin, with the privileges that it may have
  dockwright.docker.plugin:
    name: nfs
    source: registry.example.com/nfs:2
    grant:
      network: [host]
      mount: [/usr]
      capabilities: [CAP_SYS_ADMIN]
    settings:
      DEBUG: "1"

- name: Have it installed, but not running
  dockwright.docker.plugin:
    name: nfs
    source: registry.example.com/nfs:2
    grant_all: true
    settings:
      DEBUG: "1"
    state: disabled

- name: Have it gone; of one that does not run nobody can tell whether it has volumes
  dockwright.docker.plugin:
    name: nfs
    state: absent
    force: true
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
    - kind: "plugin"
      name: "nfs:latest"
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
    run("plugin")


if __name__ == "__main__":
    main()
