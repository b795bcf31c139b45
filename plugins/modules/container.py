#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make one container be as described: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container
short_description: Make a container be as described
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - Creates, changes, replaces, starts, stops or removes one container, with as little disruption as
    possible.
  - Options are the service keys of the Compose specification. What the task does not say is the
    default of image and engine; a line that was taken away is a change and is seen.
  - What can be changed while it runs is changed so. Otherwise it is replaced, and the old one runs
    again if the new one does not come up.
extends_documentation_fragment:
  - dockwright.docker.container
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.project
  - module: dockwright.docker.host
"""

EXAMPLES = r"""
- name: Run a web server
  dockwright.docker.container:
    name: web
    image: nginx:1.27
    ports: ["127.0.0.1:8080:80"]
    restart: unless-stopped
    mem_limit: 128m

- name: Run it with more memory; it goes on running
  dockwright.docker.container:
    name: web
    image: nginx:1.27
    ports: ["127.0.0.1:8080:80"]
    restart: unless-stopped
    mem_limit: 256m
    max_disruption: none

- name: Have a database that must become healthy
  dockwright.docker.container:
    name: db
    image: postgres:16
    environment:
      POSTGRES_PASSWORD: secret
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: {test: ["CMD", "test", "-d", "/var/lib/postgresql/data"], interval: 2s}

- name: Remove both
  dockwright.docker.container:
    name: "{{ item }}"
    state: absent
  loop: [web, db]
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
    - {kind: container, name: web, action: update, path: mem_limit, before: 128m, after: 256m,
       reason: "", cause: spec, disruption: none}
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
    run("container")


if __name__ == "__main__":
    main()
