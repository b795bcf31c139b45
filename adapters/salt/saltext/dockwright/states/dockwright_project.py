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
    return glue.state("project", name, options, test=__opts__["test"])


glue.tell_options("project", applied)
