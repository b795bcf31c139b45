"""The state of a Docker host's storage."""

from __future__ import annotations

from saltext.dockwright import glue


def configured(name, **options):
    """Have storage driver, image store, user mapping and data-root as described.

    .. code-block:: yaml

        docker-storage:
          dockwright_storage.configured:
            - driver: overlay2
            - data_root: /srv/docker
            - migrate: true
    """
    return glue.state("storage", name, options, globals())


def mod_watch(name, sfun, **options):
    """Nothing: the state itself has compared all there is (the storage has nothing to restart)."""
    return glue.nothing_to_do(name)


glue.tell_options("storage", configured)
