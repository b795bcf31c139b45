"""States of an image."""

from __future__ import annotations

from saltext.dockwright import glue


def present(name, **options):
    """Have an image; its name is the state's.

    .. code-block:: yaml

        shop/web:1.4:
          dockwright_image.present:
            - load: /srv/images/web.tar
    """
    return glue.state("image", name, {**options, "state": "present"}, globals())


def absent(name, **options):
    """Have an image gone.

    .. code-block:: yaml

        shop/web:1.4:
          dockwright_image.absent
    """
    return glue.state("image", name, {**options, "state": "absent"}, globals())


def mod_watch(name, sfun, **options):
    """Nothing: the state itself has compared all there is (an image has nothing to restart)."""
    return glue.nothing_to_do(name)


glue.tell_options("image", present, absent)
