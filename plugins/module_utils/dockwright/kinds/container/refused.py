"""Keys of the Compose specification that are refused by name: each with what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

# Of a service.
KEYS: Mapping[str, str] = {
    "build": "build the image before, and name it with image",
    "cpu_count": "it is for Windows containers; set cpus",
    "cpu_percent": "it is for Windows containers; set cpus",
    "credential_spec": "it is for Windows containers",
    "develop": "it is for a development tool, leave it out",
    "isolation": "it is for Windows containers",
    "models": "it is for the Compose tool; give the model's address in environment",
    "provider": "it is for the Compose tool, leave it out",
    "post_start": "run it with the container's own command",
    "pre_stop": "run it with the container's own command",
    "pull_refresh_after": "it is for the Compose tool; set pull_policy: always",
    "use_api_socket": "mount the socket under volumes; it gives all power over the host",
}

# Of a service, and carried out where a Compose file is read; a spec says the same otherwise.
IN_COMPOSE: Mapping[str, str] = {
    "attach": "leave it out, nobody sits there",
    "configs": "mount the file of the managed host under volumes",
    "extends": "write the options here, or give the Compose file under compose",
    "profiles": "leave the container out, or give the Compose file under compose",
    "secrets": "mount the file of the managed host under volumes",
}

_SWARM = "leave it out, it needs a swarm"

DEPLOY: Mapping[str, str] = {
    "endpoint_mode": _SWARM,
    "labels": "they are those of a swarm's service; set labels of the container",
    "placement": _SWARM,
    "rollback_config": _SWARM,
    "update_config": _SWARM,
}
RESERVATIONS: Mapping[str, str] = {
    "cpus": "it needs a swarm; set cpu_shares for a greater part when processors are scarce",
    "generic_resources": _SWARM,
}
RESTART_POLICY: Mapping[str, str] = {
    "delay": "leave it out, the engine waits longer after each failure",
    "window": "leave it out, the engine counts a start of ten seconds as a success",
}
VOLUME: Mapping[str, str] = {"labels": "declare the volume under volumes, with its labels"}

# Of the entries under secrets and configs of a Compose file, beside ``file``.
GRANTS: Mapping[str, str] = {
    **dict.fromkeys(("driver", "driver_opts", "template_driver"), _SWARM),
    **dict.fromkeys(("content", "environment", "external"), "keep one of it and file"),
    "labels": "leave them out, a file that is mounted has none",
}
