"""States of a network."""

from __future__ import annotations

from saltext.dockwright import glue


def present(name, **options):
    """Have a network; its name is the state's.

    .. code-block:: yaml

        back:
          dockwright_network.present:
            - internal: true
    """
    return glue.state("network", name, {**options, "state": "present"}, globals())


def absent(name, **options):
    """Have a network gone.

    .. code-block:: yaml

        back:
          dockwright_network.absent
    """
    return glue.state("network", name, {**options, "state": "absent"}, globals())


def mod_watch(name, sfun, **options):
    """Nothing: the state itself has compared all there is (a network has nothing to restart)."""
    return glue.nothing_to_do(name)


glue.tell_options("network", present, absent)
