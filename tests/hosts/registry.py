"""A real registry on a test host, at localhost:PORT as the host's engine sees it (plain http)."""

from __future__ import annotations

import contextlib
import time
from typing import NamedTuple

from . import machine
from .host import TestHost

_CONFIG = """\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: /var/lib/dockwright-registry-{port}}}
  delete: {{enabled: true}}
http: {{addr: ':{port}'}}
"""


class Pushed(NamedTuple):
    """An image as a registry has it."""

    reference: str  # localhost:5000/web:1
    digest: str  # sha256:…


def start_registry(host: TestHost, port: int = 5000) -> str:
    """Start a registry on the host if none runs on that port; returns `localhost:PORT`.

    It is a process of the host, not a container of its engine: `engine_clean` and daemon restarts
    leave it alone, and tests that count containers or events do not see it.
    """
    unit = f"dockwright-registry-{port}"
    if host.exec(["systemctl", "is-active", "-q", unit], check=False).returncode:
        config = f"/etc/docker/registry/{unit}.yml"
        host.write(config, _CONFIG.format(port=port))
        host.exec(
            ["systemd-run", "-q", "--unit", unit, "--collect", "docker-registry", "serve", config]
        )
        _wait(host, port)
    return f"localhost:{port}"


def stop_registry(host: TestHost, port: int = 5000) -> None:
    """Stop the registry and forget its images."""
    unit = f"dockwright-registry-{port}"
    host.exec(["systemctl", "stop", unit], check=False)
    host.exec(["rm", "-rf", f"/var/lib/{unit}"])


def push(host: TestHost, local_tag: str, name: str, registry: str = "localhost:5000") -> Pushed:
    """Push a local image as REGISTRY/NAME (`web:1`); the engine then forgets that name."""
    repository, _, tag = name.partition(":")
    repository, tag = f"{registry}/{repository}", tag or "latest"
    with contextlib.closing(host.sdk()) as client:
        client.api.tag(local_tag, repository, tag)
        lines = list(client.api.push(repository, tag, stream=True, decode=True))
        for line in lines:
            if "error" in line:
                raise machine.MachineError(f"push of {repository}:{tag}: {line['error']}")
        digest = next(line["aux"]["Digest"] for line in lines if "Digest" in line.get("aux", {}))
        client.api.remove_image(f"{repository}:{tag}")
    return Pushed(f"{repository}:{tag}", digest)


def _wait(host: TestHost, port: int, limit: float = 20) -> None:
    deadline = time.monotonic() + limit
    probe = ["curl", "-fsS", "--max-time", "2", f"http://localhost:{port}/v2/"]
    while (done := host.exec(probe, check=False)).returncode:
        if time.monotonic() > deadline:
            raise machine.MachineError(
                f"the registry on {host.name}:{port} does not answer: {done.stderr}"
            )
        time.sleep(0.1)
