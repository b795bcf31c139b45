"""The state of the Docker daemon's configuration."""

from __future__ import annotations

from saltext.dockwright import glue


def configured(name, **options):
    """Have keys of ``daemon.json`` set, and the daemon reloaded or restarted as that needs.

    .. code-block:: yaml

        docker-daemon:
          dockwright_daemon.configured:
            - config:
                log-level: warn
            - max_disruption: reload
    """
    return glue.state("daemon", name, options, globals())


def mod_watch(name, sfun, **options):
    """Let the daemon read its configuration again because a state that it watches has changed.

    What needs a restart (certificates, the unit's environment) is watched by ``service.running``.
    """
    return glue.reloaded(name, options, globals())


glue.tell_options("daemon", configured)
