"""The state of a project: many objects in one run."""

from __future__ import annotations

from saltext.dockwright import glue


def applied(name, **options):
    """Have the objects of a project as described; its name is the state's.

    .. code-block:: yaml

        shop:
          dockwright_project.applied:
            - networks: {back: {internal: true}}
            - containers:
                web: {image: "nginx:1.27", networks: [back]}
            - purge: true
    """
    return glue.state("project", name, options, globals())


def mod_watch(name, sfun, **options):
    """Stop and start the running containers because a state that is watched has changed."""
    return glue.restarted("project", name, options, globals())


glue.tell_options("project", applied)
