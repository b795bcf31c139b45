#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have published ports guarded as described: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall
short_description: Guard the published ports of containers
version_added: 0.1.0
author:
  - The dockwright authors (@dockwright)
description:
  - Says who may reach published ports, by the port as clients see it, protocol, networks of the
    clients and interface, for IPv4 and IPv6, whatever the way to the container is.
  - Keeps its rules in chains of its own. A unit of systemd loads them before the Docker daemon
    starts. What others have in C(DOCKER-USER) and elsewhere is left alone.
  - Containers in the network of the host, and what containers send to each other, are outside of
    it.
  - Runs on the host of the daemon, as root.
extends_documentation_fragment:
  - dockwright.docker.firewall
  - dockwright.docker.attributes
seealso:
  - module: dockwright.docker.host
"""

EXAMPLES = r"""
- name: Let nobody in but to the web, and the own network to the database
  dockwright.docker.firewall:
    default: drop
    host_ports: [22]
    allow:
      - port: 443
      - {port: 5432, from: [10.0.0.0/8, 'fd00::/8']}
    confirm_within: 60s

- name: Connect anew
  ansible.builtin.meta: reset_connection

- name: Confirm, as we are still let in
  dockwright.docker.firewall:
    default: drop
    host_ports: [22]
    allow:
      - port: 443
      - {port: 5432, from: [10.0.0.0/8, 'fd00::/8']}
    confirm: true
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
    - kind: "firewall"
      name: "firewall"
      action: "update"
      path: "ipv4"
      before: null
      after: ["filter DOCKWRIGHT-PORTS -s 192.0.2.0/24 -g DOCKWRIGHT-DROP"]
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
    run("firewall")


if __name__ == "__main__":
    main()
