"""The state of a whole Docker host."""

from __future__ import annotations

from saltext.dockwright import glue


def applied(name, **options):
    """Have a host as a whole document says: daemon, images, networks, volumes, containers.

    .. code-block:: yaml

        docker:
          dockwright_host.applied:
            - daemon: {log-driver: local}
            - project: site
            - containers:
                home: {image: "nginx:1.27"}
    """
    return glue.state("host", name, options, globals())


def mod_watch(name, sfun, **options):
    """Stop and start the running containers because a state that is watched has changed."""
    return glue.restarted("host", name, options, globals())


glue.tell_options("host", applied)
