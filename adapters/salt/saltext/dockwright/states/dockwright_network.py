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
    return glue.state("network", name, {**options, "state": "present"}, test=__opts__["test"])


def absent(name, **options):
    """Have a network gone.

    .. code-block:: yaml

        back:
          dockwright_network.absent
    """
    return glue.state("network", name, {**options, "state": "absent"}, test=__opts__["test"])


glue.tell_options("network", present, absent)
