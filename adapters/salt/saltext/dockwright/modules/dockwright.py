"""Functions on a Docker host: what would be done, do it, and what is there."""

from __future__ import annotations

from saltext.dockwright import glue


def plan(path="", kind="host", **options):
    """Show what ``apply`` would do; change nothing.

    path
        A spec in a file on the minion, YAML or JSON. Options are added to it.

    kind
        What the options describe: a whole ``host``, or one ``container``, ``network`` ...

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.plan /srv/docker/site.yml
        salt-call --local dockwright.plan kind=container name=web image=nginx:1.27
    """
    return glue.answer(path, kind, options, check=True)


def apply(path="", kind="host", **options):
    """Make the host as a spec or the options say; see ``dockwright.plan``.

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.apply /srv/docker/site.yml max_disruption=reconnect
    """
    return glue.answer(path, kind, options, check=False)


def drift(path="", kind="host", **options):
    """Show what another hand has changed since the last ``apply``; see ``dockwright.plan``.

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.drift /srv/docker/site.yml
    """
    return glue.answer(path, kind, options, check=True, only_drift=True)


def container_exec(name, command, **options):
    """Run a command in a container, unless ``creates``, ``removes`` or ``unless`` say otherwise.

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.container_exec db "createdb shop" creates=/var/lib/made
    """
    options = {**options, "name": name, "command": command}
    return glue.acted("container_exec", options, check=__opts__["test"])


def container_copy(name, path, **options):
    """Have a file, or a folder as ``src``, in a container: with ``mode``, ``owner``.

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.container_copy web /etc/motd content=hello mode="'0644'"
        salt-call --local dockwright.container_copy web /srv/www src=/srv/site/
    """
    options = {**options, "name": name, "path": path}
    return glue.acted("container_copy", options, check=__opts__["test"])


def container_export(name, dest, **options):
    """Have the files of a container as a tar on the minion.

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.container_export web /srv/backup/web.tar
    """
    options = {**options, "name": name, "dest": dest}
    return glue.acted("container_export", options, check=__opts__["test"])


def prune(**options):
    """Remove what nothing needs any more, of what is named.

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.prune images=unused keep=3 older_than=24h
    """
    return glue.acted("prune", options, check=__opts__["test"])


def container_info(name=None, **options):
    """The containers that there are, or those of these names.

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.container_info project=shop
    """
    return glue.acted("container_info", {**options, "name": name}, check=True)


def image_info(name=None, **options):
    """The images that there are, or those of these names.

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.image_info project=shop
    """
    return glue.acted("image_info", {**options, "name": name}, check=True)


def network_info(name=None, **options):
    """The networks that there are, or those of these names.

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.network_info project=shop
    """
    return glue.acted("network_info", {**options, "name": name}, check=True)


def volume_info(name=None, **options):
    """The volumes that there are, or those of these names.

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.volume_info project=shop
    """
    return glue.acted("volume_info", {**options, "name": name}, check=True)


def plugin_info(name=None, **options):
    """The plugins that there are, or those of these names.

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.plugin_info state=enabled
    """
    return glue.acted("plugin_info", {**options, "name": name}, check=True)


def facts(**options):
    """The engine and its containers, images, networks, volumes and plugins.

    CLI Example:

    .. code-block:: bash

        salt-call --local dockwright.facts
    """
    return glue.facts(options)
