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
    return glue.state("volume", name, {**options, "state": "present"}, test=__opts__["test"])


def absent(name, **options):
    """Have a volume gone.

    .. code-block:: yaml

        data:
          dockwright_volume.absent
    """
    return glue.state("volume", name, {**options, "state": "absent"}, test=__opts__["test"])


glue.tell_options("volume", present, absent)
