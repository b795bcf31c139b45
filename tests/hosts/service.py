"""A test host as a Compose service, for those who start it by other means than `start_host`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from . import host, machine, recipes, tiny

# The docker command's flags, and what Compose calls them; those of the second sort hold one value.
_LISTS = {
    "--cap-add": "cap_add",
    "--cap-drop": "cap_drop",
    "--security-opt": "security_opt",
    "--device-cgroup-rule": "device_cgroup_rules",
    "--tmpfs": "tmpfs",
    "--volume": "volumes",
    "--env": "environment",
}
_SINGLE = {"--cgroupns": "cgroup"}
_IS_UP = (
    "systemctl is-system-running | grep -qE 'running|degraded'"
    " && { ! test -e /usr/sbin/dockerd || curl -fsS --unix-socket /run/docker.sock"
    " http://docker/_ping; }"
)


def describe(name: str) -> dict[str, Any]:
    """How to start a host of this recipe, whose image is built here, and how to get into it."""
    machine.install("openssh-client")
    key = host.ssh_key()
    service = _service(host.run_options())
    service["volumes"] += [
        f"{key.with_suffix('.pub')}:/root/.ssh/authorized_keys:ro",
        f"{tiny.tiny_tar()}:/opt/busybox.tar:ro",
    ]
    return {
        "key": str(key),
        "service": {
            **service,
            "image": recipes.build(name),
            "pull_policy": "never",
            "hostname": name,
            "stop_signal": "SIGKILL",
            "stop_grace_period": "0s",
            "healthcheck": {"test": _IS_UP, "interval": "1s", "timeout": "20s", "retries": 90},
        },
    }


def _service(options: Sequence[str]) -> dict[str, Any]:
    """Flags of the docker command as keys of Compose."""
    service: dict[str, Any] = {}
    words = iter(shlex.split(shlex.join(options)))
    for word in words:
        flag, _, value = word.partition("=")
        if flag == "--privileged":
            service["privileged"] = True
        elif flag in _SINGLE:
            service[_SINGLE[flag]] = value or next(words)
        else:
            service.setdefault(_LISTS[flag], []).append(next(words))
    return service
