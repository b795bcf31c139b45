"""States of a volume."""

from __future__ import annotations

from saltext.dockwright import glue


def present(name, **options):
    """Have a volume; its name is the state's.

    .. code-block:: yaml

        data:
          dockwright_volume.present:
            - labels: {backup: daily}
    """
    return glue.state("volume", name, {**options, "state": "present"}, globals())


def absent(name, **options):
    """Have a volume gone.

    .. code-block:: yaml

        data:
          dockwright_volume.absent
    """
    return glue.state("volume", name, {**options, "state": "absent"}, globals())


def mod_watch(name, sfun, **options):
    """Nothing: the state itself has compared all there is (a volume has nothing to restart)."""
    return glue.nothing_to_do(name)


glue.tell_options("volume", present, absent)
