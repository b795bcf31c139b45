"""States of a plugin of the engine."""

from __future__ import annotations

from saltext.dockwright import glue


def enabled(name, **options):
    """Have a plugin as described, and running; its name is the state's.

    .. code-block:: yaml

        nfs:
          dockwright_plugin.enabled:
            - source: registry.example.com/nfs:2
            - grant: {network: [host], mount: [/usr], capabilities: [CAP_SYS_ADMIN]}
            - settings: {DEBUG: "1"}
    """
    return glue.state("plugin", name, {**options, "state": "enabled"}, globals())


def disabled(name, **options):
    """Have a plugin as described, but only installed.

    .. code-block:: yaml

        nfs:
          dockwright_plugin.disabled:
            - source: registry.example.com/nfs:2
            - grant_all: true
    """
    return glue.state("plugin", name, {**options, "state": "disabled"}, globals())


def absent(name, **options):
    """Have a plugin gone.

    .. code-block:: yaml

        nfs:
          dockwright_plugin.absent
    """
    return glue.state("plugin", name, {**options, "state": "absent"}, globals())


def mod_watch(name, sfun, **options):
    """Nothing: the state itself has compared all there is."""
    return glue.nothing_to_do(name)


glue.tell_options("plugin", enabled, disabled, absent)
