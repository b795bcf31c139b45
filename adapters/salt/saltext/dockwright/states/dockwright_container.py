"""States of a container."""

from __future__ import annotations

from saltext.dockwright import glue


def running(name, **options):
    """Have a container as described, and running; its name is the state's.

    .. code-block:: yaml

        web:
          dockwright_container.running:
            - image: nginx:1.27
            - ports: ["127.0.0.1:8080:80"]
            - mem_limit: 128m
    """
    return glue.state("container", name, {**options, "state": "running"}, globals())


def healthy(name, **options):
    """Have a container as described and running, and wait until its health check says healthy.

    .. code-block:: yaml

        web:
          dockwright_container.healthy:
            - image: nginx:1.27
            - healthcheck: {test: "curl -fs localhost", interval: 1s}
    """
    return glue.state("container", name, {**options, "state": "healthy"}, globals())


def paused(name, **options):
    """Have a container as described, with its processes frozen.

    .. code-block:: yaml

        web:
          dockwright_container.paused:
            - image: nginx:1.27
    """
    return glue.state("container", name, {**options, "state": "paused"}, globals())


def stopped(name, **options):
    """Have a container as described, but stopped.

    .. code-block:: yaml

        web:
          dockwright_container.stopped:
            - image: nginx:1.27
    """
    return glue.state("container", name, {**options, "state": "stopped"}, globals())


def absent(name, **options):
    """Have a container gone.

    .. code-block:: yaml

        web:
          dockwright_container.absent
    """
    return glue.state("container", name, {**options, "state": "absent"}, globals())


def mod_watch(name, sfun, **options):
    """Stop and start a running container because a state that it watches has changed."""
    if sfun not in ("running", "healthy"):
        return glue.nothing_to_do(name)
    return glue.restarted("container", name, options, globals())


glue.tell_options("container", running, healthy, paused, stopped, absent)
