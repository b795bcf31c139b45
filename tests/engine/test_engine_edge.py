"""The engine edge against real engines, and the proof that the fake answers as they do."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dockwright.engine.client import Engine
from dockwright.engine.endpoint import resolve
from dockwright.engine.fake import FakeEngine
from dockwright.engine.parallel import each
from dockwright.errors import EngineError, EngineRefused, EngineUnreachable
from tests.hosts import TINY, TestHost


@pytest.fixture
def engine(clean_host: TestHost) -> Iterator[Engine]:
    engine = Engine(resolve(clean_host.docker_host, env={}), timeout=30)
    yield engine
    engine.close()


def test_versions(engine: Engine, clean_host: TestHost) -> None:
    wanted = {"20.10.": "1.41", "26.1.": "1.45", "28.": "1.51"}
    versions = engine.negotiate()
    assert versions.api == wanted[clean_host.recipe.engine]
    assert (versions.engine, versions.os) == (clean_host.engine_version, "linux")
    assert engine.log == ["GET /_ping"]


def test_threads_share_an_engine(engine: Engine) -> None:
    names = [f"v{number}" for number in range(60)]
    each(lambda name: engine.post("/volumes/create", {"Name": name}), names)
    seen = each(lambda name: engine.get(f"/volumes/{name}")["Name"], names)
    assert seen == names


def test_errors_inside_a_pull(engine: Engine) -> None:
    with pytest.raises(EngineRefused, match="connection refused"):
        list(engine.stream("POST", "/images/create", query={"fromImage": "127.0.0.1:1/x:y"}))


def test_errors_inside_a_load(engine: Engine) -> None:
    with pytest.raises(EngineError):
        list(engine.stream("POST", "/images/load", body=iter([b"no tar" * 10_000])))
    assert engine.get("/info")["ServerVersion"]


def test_no_event_is_lost_after_subscribing(engine: Engine) -> None:
    for number in range(20):
        with engine.events({"type": ["volume"], "event": ["create"]}) as events:
            engine.post("/volumes/create", {"Name": f"quick{number}"})
            names = (event["Actor"]["ID"] for event in events.until(5))
            assert next(names) == f"quick{number}", "this one, and none from before"


def test_health_is_awaited_on_events(engine: Engine) -> None:
    check = {"Test": ["CMD", "true"], "Interval": 10**9}
    body = {"Image": TINY, "Cmd": ["sleep", "60"], "Healthcheck": check}
    identity = engine.post("/containers/create", body)["Id"]
    with engine.events({"container": [identity], "event": ["health_status"]}) as events:
        engine.post(f"/containers/{identity}/start")
        assert next(events.until(20))["Action"] == "health_status: healthy"


@pytest.fixture
def ssh_config(host28: TestHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key that the host knows, and an ssh on the PATH that uses it and no file of the person."""
    key, config = tmp_path / "key", tmp_path / "config"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text()
    host28.exec(
        ["sh", "-c", "mkdir -p -m 700 /root/.ssh; cat > /root/.ssh/authorized_keys"], public
    )
    host28.exec(["sh", "-c", "mkdir -p /run/sshd; pgrep -x sshd >/dev/null || /usr/sbin/sshd"])
    known = f"UserKnownHostsFile {tmp_path}/known\nStrictHostKeyChecking accept-new\n"
    config.write_text(f"IdentityFile {key}\nIdentitiesOnly yes\n{known}")
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return config


def test_over_ssh(host28: TestHost, ssh_config: Path) -> None:
    engine = Engine(resolve(f"ssh://root@{host28.address}", env={}), timeout=30)
    assert engine.engine_version == host28.engine_version
    with engine.events({"type": ["volume"]}) as events:
        engine.post("/volumes/create", {"Name": "by-ssh"})
        assert next(events.until(10))["Actor"]["ID"] == "by-ssh"
    engine.delete("/volumes/by-ssh")
    assert each(lambda _: engine.get("/info")["ServerVersion"], range(8), workers=3)
    engine.close()
    by_path = resolve(f"ssh://root@{host28.address}/run/docker.sock", env={})
    with contextlib.closing(Engine(by_path, timeout=30)) as engine:
        assert engine.engine_version == host28.engine_version


def test_ssh_that_is_not_let_in(host28: TestHost, ssh_config: Path) -> None:
    ssh_config.write_text(f"{ssh_config.read_text()}PubkeyAuthentication no\n")
    with pytest.raises(EngineUnreachable, match=r"Permission denied.*key in the agent"):
        Engine(resolve(f"ssh://root@{host28.address}", env={}), timeout=30).get("/info")
    with pytest.raises(EngineUnreachable, match="Connection refused"):
        Engine(resolve(f"ssh://root@{host28.address}:1", env={}), timeout=30).get("/info")


def test_events_end_with_the_engine(engine: Engine) -> None:
    with engine.events({}) as events:
        connection = events._connection
        assert connection is not None
        threading.Timer(0.2, connection.interrupt).start()
        with pytest.raises(EngineError, match="lost"):
            list(events.until(10))


# The fake cannot lie

# What no plan looks at, or what differs from host to host.
_IGNORED = {
    "Created", "CreatedAt", "GraphDriver", "MacAddress", "EndpointID", "NetworkID", "IPAddress",
    "Gateway", "SandboxID", "SandboxKey", "StartedAt", "FinishedAt", "Pid", "IPPrefixLen",
    "ResolvConfPath", "HostnamePath", "HostsPath", "LogPath", "Subnet", "Bridge", "HairpinMode",
    "LinkLocalIPv6Address", "LinkLocalIPv6PrefixLen", "SecondaryIPAddresses",
    "SecondaryIPv6Addresses", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPv6Gateway", "Command",
    "Status", "Hostname", "MaskedPaths", "ReadonlyPaths", "AppArmorProfile", "Options",
    "ImageManifestDescriptor", "ConsoleSize", "Storage",
}  # fmt: skip


def _scenario(engine: Engine) -> dict[str, Any]:
    """What a plan and its application do, and what the engine says to each."""
    said: dict[str, Any] = {}

    def do(step: str, method: str, path: str, body: Any = None, **query: Any) -> Any:
        reply = engine.request(method, path, query=query, body=body)
        try:
            answer = reply_json(reply.body)
        except ValueError:
            answer = reply.body.decode()
        said[step] = (reply.status, answer)
        return answer

    do("network", "POST", "/networks/create", {"Name": "back", "Labels": {"a": "b"}})
    do("network again", "POST", "/networks/create", {"Name": "back", "CheckDuplicate": True})
    do("volume", "POST", "/volumes/create", {"Name": "data", "Labels": {"a": "b"}})
    body = {
        "Image": TINY,
        "Cmd": ["sleep", "60"],
        "Env": ["A=1"],
        "Labels": {"a": "b"},
        "Volumes": {"/anonymous": {}},
        "ExposedPorts": {"80/tcp": {}},
        "HostConfig": {
            "NetworkMode": "back",
            "Binds": ["data:/data", "/tmp:/t:ro"],
            "PortBindings": {"80/tcp": [{"HostPort": "18080"}]},
            "Memory": 64 << 20,
        },
        "NetworkingConfig": {"EndpointsConfig": {"back": {"Aliases": ["w"]}}},
    }
    do("create", "POST", "/containers/create", body, name="web")
    do("create again", "POST", "/containers/create", body, name="web")
    do("create without image", "POST", "/containers/create", {"Image": "gone"}, name="x1")
    do("create with a bad name", "POST", "/containers/create", {"Image": TINY}, name="x")
    do("plain", "POST", "/containers/create", {"Image": TINY, "HostConfig": {}}, name="plain")
    do("inspect created", "GET", "/containers/web/json")
    do("inspect plain", "GET", "/containers/plain/json")
    do("start", "POST", "/containers/web/start")
    do("start again", "POST", "/containers/web/start")
    do("inspect running", "GET", "/containers/web/json")
    do("list", "GET", "/containers/json", all=True, filters={"name": ["web"]})
    do("update", "POST", "/containers/web/update", {"RestartPolicy": {"Name": "always"}})
    do("update too much", "POST", "/containers/web/update", {"Memory": 512 << 20})
    do("remove running", "DELETE", "/containers/web")
    do("remove used network", "DELETE", "/networks/back")
    do("remove used volume", "DELETE", "/volumes/data")
    do("remove used image", "DELETE", f"/images/{TINY}")
    do("connect again", "POST", "/networks/back/connect", {"Container": "web"})
    do("disconnect plain", "POST", "/networks/back/disconnect", {"Container": "plain"})
    do("rename", "POST", "/containers/web/rename", name="away")
    do("rename to itself", "POST", "/containers/away/rename", name="away")
    do("rename to taken", "POST", "/containers/away/rename", name="plain")
    do("stop", "POST", "/containers/away/stop", t=0)
    do("stop again", "POST", "/containers/away/stop", t=0)
    do("inspect stopped", "GET", "/containers/away/json")
    do("remove", "DELETE", "/containers/away", v=True)
    do("remove again", "DELETE", "/containers/away", v=True)
    do("volumes", "GET", "/volumes")
    do("remove volume", "DELETE", "/volumes/data")
    do("remove volume again", "DELETE", "/volumes/data")
    do("inspect network", "GET", "/networks/back")
    do("remove network", "DELETE", "/networks/back")
    do("inspect no network", "GET", "/networks/back")
    do("remove predefined", "DELETE", "/networks/bridge")
    do("inspect no image", "GET", "/images/gone/json")
    return {step: _plain(answer) for step, answer in said.items()}


def reply_json(body: bytes) -> Any:
    """The JSON of an answer, None when it is empty."""
    return json.loads(body) if body.strip() else None


def _plain(value: Any) -> Any:
    """The same without what is ignored, IDs made alike, and lists of mounts in one order."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if key not in _IGNORED}
    if isinstance(value, (list, tuple)):
        items = [_plain(item) for item in value]
        by_target = all(isinstance(item, dict) and "Destination" in item for item in items)
        return sorted(items, key=lambda item: str(item["Destination"])) if by_target else items
    if isinstance(value, str):
        return re.sub(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b", "ID", value)
    return value


def _differences(real: Any, fake: Any, path: str) -> Iterator[str]:
    if isinstance(real, dict) and isinstance(fake, dict):
        for key in fake:
            if key not in real:
                yield f"{path}.{key}: only the fake has {fake[key]!r}"
        for key in real:
            if key in fake:
                yield from _differences(real[key], fake[key], f"{path}.{key}")
            elif real[key] not in (None, "", 0, False, [], {}):
                yield f"{path}.{key}: only the real one has {real[key]!r}"
    elif isinstance(real, list) and isinstance(fake, list) and len(real) == len(fake):
        for index, (one, other) in enumerate(zip(real, fake)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif real != fake:
        yield f"{path}: real {real!r}, fake {fake!r}"


def test_the_fake_answers_as_the_real_one(engine: Engine) -> None:
    _compare(engine)


@pytest.mark.full
def test_the_fake_answers_as_one_with_images_in_containerd(
    new_host: Callable[..., TestHost],
) -> None:
    """As every engine from 29 on has them; 28.5 does when it is told to."""
    host = new_host("debian-13-unstable")
    store = {"features": {"containerd-snapshotter": True}}
    host.write("/etc/docker/daemon.json", json.dumps(store))
    host.restart_engine()
    host.load_tiny()
    with contextlib.closing(Engine(resolve(host.docker_host, env={}), timeout=30)) as engine:
        image = _compare(engine, has_manifests=True)
        fake = FakeEngine(version="29.0.0", api="1.52")
        fake.add_image(TINY, image["Id"], image["Config"])
        played = fake.get(f"/images/{TINY}/json")
        for key in ("Id", "RepoTags", "RepoDigests"):
            assert played[key] == image[key]
        assert played["Descriptor"]["digest"] == image["Descriptor"]["digest"]
        for key in ("Driver", "DriverStatus"):
            assert fake.get("/info")[key] == engine.get("/info")[key]


def _compare(engine: Engine, **more: Any) -> dict[str, Any]:
    """The scenario on both; gives the image as it was before."""
    versions = engine.negotiate()
    fake = FakeEngine(api=versions.api, version=versions.engine, **more)
    image: dict[str, Any] = engine.get(f"/images/{TINY}/json")
    for tag in set(image["RepoTags"]) - {TINY}:  # of another test; with it TINY could be removed
        engine.delete(f"/images/{tag}")
    fake.add_image(TINY, image["Id"], image["Config"])
    real, played = _scenario(engine), _scenario(fake)
    differences = list(_differences(real, played, ""))
    assert not differences, "\n".join(differences)
    return image
