"""States of a login at a registry."""

from __future__ import annotations

from saltext.dockwright import glue


def present(name, **options):
    """Keep the login at a registry, as ``docker login`` does; the registry is the state's name.

    .. code-block:: yaml

        registry.example.com:
          dockwright_registry_login.present:
            - username: ci
            - password: {{ pillar['registry_password'] }}
    """
    given = {**options, "state": "present"}
    return glue.state("registry_login", name, given, globals())


def absent(name, **options):
    """Have no login at a registry.

    .. code-block:: yaml

        registry.example.com:
          dockwright_registry_login.absent
    """
    given = {**options, "state": "absent"}
    return glue.state("registry_login", name, given, globals())


def mod_watch(name, sfun, **options):
    """Nothing: the state itself has compared all there is (a login has nothing to restart)."""
    return glue.nothing_to_do(name)


glue.tell_options("registry_login", present, absent)
