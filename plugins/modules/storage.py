#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the storage of a Docker host as described: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: storage
short_description: Change storage driver, image store, user mapping or data-root of a Docker host
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - Changes what hides or re-creates content, and takes images, containers, volumes and networks
    along. Without O(migrate) it refuses as soon as there are any.
  - Check mode shows what is stopped, how much room is needed, and what cannot be kept.
  - The old data is left until O(cleanup). A run that is killed is finished or undone by the next.
  - What is not named stays as it is.
  - Runs on the host of the daemon, as root.
extends_documentation_fragment:
  - dockwright.docker.storage
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.daemon
  - module: dockwright.docker.host
"""

EXAMPLES = r"""
- name: Use the driver that suits this host
  dockwright.docker.storage:
    driver: auto

- name: Move the data-root with all in it
  dockwright.docker.storage:
    data_root: /srv/docker
    migrate: true

- name: Remove what earlier changes have left
  dockwright.docker.storage:
    cleanup: true
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
    - kind: "storage"
      name: "storage"
      action: "update"
      path: "driver"
      before: "vfs"
      after: "overlay2"
      reason: "4 images and 2 containers are re-created; 1 running containers stop"
      cause: "spec"
      disruption: "rebuild"
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
    run("storage")


if __name__ == "__main__":
    main()
