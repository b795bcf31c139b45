"""Bring a test host's engine back to how it was when it started."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker.errors

from .host import TestHost

_BUILT_IN_NETWORKS = {"bridge", "host", "none"}
# A drop-in, a unit or a configuration file that a test may have made.
_FOREIGN = "/etc/docker/daemon.json /etc/systemd/system/docker.service.d /var/lib/dockwright"

_RULES = "/etc/dockwright/firewall"


def engine_clean(host: TestHost) -> None:
    """Remove every container, user network and volume in the host's engine. Images stay."""
    with contextlib.closing(host.sdk()) as client, ThreadPoolExecutor(8) as pool:
        api = client.api
        _each(
            pool,
            api.containers(all=True),
            lambda c: api.remove_container(c["Id"], v=True, force=True),
        )
        networks = [n for n in api.networks() if n["Name"] not in _BUILT_IN_NETWORKS]
        _each(pool, networks, lambda n: _remove_network(api, n["Id"]))
        _each(
            pool, api.volumes()["Volumes"] or [], lambda v: api.remove_volume(v["Name"], force=True)
        )


def _remove_network(api: Any, identity: str) -> None:
    """Remove a network; engine 20.10 now and then keeps an endpoint of a container that is gone."""
    for attempt in range(10):
        try:
            api.remove_network(identity)
            return
        except docker.errors.APIError as error:
            if "active endpoints" not in str(error) or attempt == 9:
                raise
        for end in (api.inspect_network(identity)["Containers"] or {}).values():
            with contextlib.suppress(docker.errors.APIError):
                api.disconnect_container_from_network(end["Name"], identity, force=True)
        time.sleep(0.3)


def reset_daemon(host: TestHost) -> None:
    """Take away daemon.json, docker.service's drop-ins, our rules and memory; restart if needed."""
    script = f"""
        if [ -e {_RULES}/load ]; then
            rm -rf {_RULES}/previous
            sh {_RULES}/load revert
        fi
        found=
        for path in {_FOREIGN}; do
            if [ -e "$path" ]; then rm -rf "$path"; found=yes; fi
        done
        if [ -n "$found" ] || ! systemctl -q is-active docker; then
            systemctl daemon-reload
            systemctl reset-failed docker.service docker.socket
            systemctl restart docker.socket docker.service
        fi
    """
    host.exec(["sh", "-ec", script])
    host.wait_engine()


def _each(
    pool: ThreadPoolExecutor,
    things: Iterable[dict[str, Any]],
    remove: Callable[[dict[str, Any]], None],
) -> None:
    def one(thing: dict[str, Any]) -> None:
        # Gone already (--rm, a volume of its container), or just being removed.
        with contextlib.suppress(docker.errors.NotFound):
            try:
                remove(thing)
            except docker.errors.APIError as error:
                if "already in progress" not in str(error):
                    raise

    list(pool.map(one, things))
