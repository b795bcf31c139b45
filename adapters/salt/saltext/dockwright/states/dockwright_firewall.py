"""The state of the firewall of published ports."""

from __future__ import annotations

from saltext.dockwright import glue


def configured(name, **options):
    """Have published ports guarded: who may reach them, and who not.

    .. code-block:: yaml

        published-ports:
          dockwright_firewall.configured:
            - default: drop
            - host_ports: [22]
            - allow:
                - port: 443
                - {port: 5432, from: [10.0.0.0/8]}
    """
    return glue.state("firewall", name, options, globals())


def mod_watch(name, sfun, **options):
    """Nothing: the state itself has compared all there is (the firewall has nothing to restart)."""
    return glue.nothing_to_do(name)


glue.tell_options("firewall", configured)
