"""`dockwright init`: what is there as a spec, whose plan is empty and that makes the same anew."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockwright_cli.main import main
from tests.engine.world import World
from tests.hosts import TINY, TestHost, engine_clean

SLEEP = "sleep 1000"
# What people start by hand: one line each.
BY_HAND = f"""
docker network create back
docker network create --subnet 10.77.0.0/24 --gateway 10.77.0.7 --label zone=x --internal fixed
docker volume create --label keep=yes data
docker volume create -o type=tmpfs -o device=tmpfs -o o=size=4m scratch
docker run -d --name plain {TINY} {SLEEP}
docker run -d --name env -e A=1 -e 'ODD=a "b" $c: #d' -e EMPTY= {TINY} {SLEEP}
docker run -d --name ports -p 127.0.0.1:8081:80 -p 8082:81/udp -p 82 --expose 99 {TINY} {SLEEP}
docker run -d --name binds -v /etc:/outer:ro -v data:/data -v /anonymous {TINY} {SLEEP}
docker run -d --name mounts --mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770 \
    --mount type=bind,src=/etc,dst=/e,readonly --mount src=scratch,dst=/s {TINY} {SLEEP}
docker run -d --name memory -m 64m --memory-swap 128m --cpus 0.5 --pids-limit 50 {TINY} {SLEEP}
docker run -d --name swap -m 64m --memory-swap -1 --memory-reservation 32m {TINY} {SLEEP}
docker run -d --name policy --restart on-failure:3 --stop-timeout 3 --stop-signal INT {TINY} {SLEEP}
docker run -d --name security --cap-drop ALL --cap-add CHOWN --security-opt no-new-privileges \
    --read-only --tmpfs /run:size=1m,mode=755 --user 1000:1000 {TINY} {SLEEP}
docker run -d --name names --hostname box --add-host a:10.0.0.1 --dns 10.0.0.53 --dns-search x.y \
    --dns-option ndots:2 {TINY} {SLEEP}
docker run -d --name endpoint --network fixed --ip 10.77.0.9 --network-alias db {TINY} {SLEEP}
docker run -d --name two --network back {TINY} {SLEEP}
docker network connect --alias second fixed two
docker run -d --name hostly --network host --pid host --ipc host {TINY} {SLEEP}
docker run -d --name none --network none --ipc shareable {TINY} {SLEEP}
docker run -d --name joined --network container:plain --pid container:plain {TINY} {SLEEP}
docker run -d --name health --health-cmd 'true' --health-interval 5s --health-retries 2 \
    --label 'team=a b' {TINY} {SLEEP}
docker run -d --name nohealth --no-healthcheck -w /www -t -i {TINY} sh
docker run -d --name entry --entrypoint sleep {TINY} 999
docker run -d --name limits --ulimit nofile=1024:2048 --sysctl net.core.somaxconn=99 \
    --shm-size 8m --log-driver local --log-opt max-size=1m --device /dev/null:/dev/n:r \
    --blkio-weight 300 --cpu-shares 512 --cpuset-cpus 0 --oom-score-adj 100 --init {TINY} {SLEEP}
docker create --name stopped {TINY} {SLEEP}
docker run --name done {TINY} true
"""
COMPOSE = f"""
services:
  web:
    image: {TINY}
    command: {SLEEP}
    ports: ["8090:80"]
    environment: {{MODE: production}}
    depends_on: [db]
    deploy: {{replicas: 1, resources: {{limits: {{memory: 32m}}}}}}
  db:
    image: {TINY}
    command: {SLEEP}
    volumes: ["state:/state", "/var/cache"]
    networks: {{default: {{aliases: [primary]}}}}
volumes: {{state: {{}}}}
"""


@pytest.fixture
def assorted(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """An engine with more than 20 containers that people made."""
    monkeypatch.setenv("DOCKER_HOST", world.host.docker_host)
    monkeypatch.setenv("DOCKWRIGHT_STATE_DIR", str(tmp_path / "state"))
    world.host.exec(["sh", "-ec", BY_HAND])
    if world.host.exec(["docker", "compose", "version"], check=False).returncode == 0:
        world.host.write("/srv/shop/compose.yaml", COMPOSE)
        world.host.exec(["docker", "compose", "-f", "/srv/shop/compose.yaml", "up", "-d"])
    return world


def test_what_is_there_becomes_a_spec(
    assorted: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, file = _inspected(assorted), tmp_path / "site.yml"
    assert len(before) >= 20
    assert main(["init", "-o", str(file)]) == 0
    assert capsys.readouterr().err == ""
    assert file.stat().st_mode & 0o777 == 0o600
    assert _inspected(assorted) == before, "it only looks"
    spec = yaml.safe_load(file.read_text())
    assert "ignore" not in file.read_text()
    assert list(spec["containers"]["plain"]) == ["image", "command"]
    assert main(["plan", str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["changed"], answer["ignored"], answer["stale"]) == (False, [], [])

    engine_clean(assorted.host)
    assert main(["apply", str(file), "--quiet"]) == 0
    after = _inspected(assorted)
    assert set(after) == set(before)
    assert _differences(before, after) == []


def test_some_of_it_and_what_has_no_word(
    lean_world: World,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DOCKER_HOST", lean_world.host.docker_host)
    script = f"""
        docker network create back; docker network create other
        docker run -d --name one --network back -v kept:/kept {TINY} {SLEEP}
        docker run -d --rm --name two --network other {TINY} {SLEEP}
    """
    lean_world.host.exec(["sh", "-ec", script])
    assert main(["init", "one", "--json"]) == 0
    spec = json.loads(capsys.readouterr().out)["spec"]
    assert [list(spec[key]) for key in ("networks", "volumes", "containers")] == [
        ["back"],
        ["kept"],
        ["one"],
    ]
    assert main(["init"]) == 0
    shown = capsys.readouterr()
    assert "warning: container two was made with --rm" in shown.err
    assert set(yaml.safe_load(shown.out)["containers"]) == {"one", "two"}
    assert main(["init", "three"]) == 1
    assert "three: there is no such container. Containers here: one, two" in capsys.readouterr().err
    taken = tmp_path / "taken"
    taken.write_text("mine")
    assert main(["init", "-o", str(taken)]) == 1
    assert taken.read_text() == "mine"


def test_the_daemon_s_own_file_is_in_it(host20: TestHost) -> None:
    """On the engine's own host; what a spec would refuse is left out, and said."""
    engine_clean(host20)
    file = json.loads(host20.exec(["cat", "/etc/docker/daemon.json"], check=False).stdout or "{}")
    init = ["-m", "dockwright_cli", "init"]
    env = {"DOCKWRIGHT_STATE_DIR": "/var/tmp/init-state"}
    host20.exec(["docker", "network", "create", "back"])
    try:
        host20.write("/etc/docker/daemon.json", json.dumps({**file, "max-concurrent-uploads": 5}))
        found = host20.core([*init, "--json"], env=env)
        answer = json.loads(found.stdout)
        assert answer["spec"]["daemon"] == {**file, "max-concurrent-uploads": 5}
        assert (list(answer["spec"]["networks"]), answer["warnings"]) == (["back"], [])
        one = json.loads(host20.core([*init, "--json", "nobody"], env=env, check=False).stdout)
        assert one["failed"]
        host20.write("/etc/docker/daemon.json", json.dumps({**file, "max-uploads": 5}))
        answer = json.loads(host20.core([*init, "--json"], env=env).stdout)
        assert "daemon" not in answer["spec"] and answer["spec"]["networks"]
        assert "the daemon's file is left out: daemon.max-uploads" in answer["warnings"][0]
    finally:
        if file:
            host20.write("/etc/docker/daemon.json", json.dumps(file))
        else:
            host20.exec(["rm", "/etc/docker/daemon.json"])
        engine_clean(host20)


# --- the witness's view, without what no two engines have in common ------------------------------

_CHANCE = (
    *("Id", "Created", "State", "ResolvConfPath", "HostnamePath", "HostsPath", "LogPath"),
    *("GraphDriver", "RestartCount", "ExecIDs", "AppArmorProfile", "ProcessLabel", "MountLabel"),
)


def _differences(before: Any, after: Any, path: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            text
            for key in {**before, **after}
            for text in _differences(before.get(key), after.get(key), f"{path}.{key}")
        ]
    return [] if before == after else [f"{path}: {before!r} became {after!r}"]


def _inspected(world: World) -> dict[str, Any]:
    found = {}
    for item in world.client.containers.list(all=True, ignore_removed=True):
        raw = world.client.api.inspect_container(item.id)
        found[item.name] = _without_chance(
            raw, {c.id: c.name for c in world.client.containers.list()}
        )
    return found


def _without_chance(raw: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    host, config, network = raw["HostConfig"], raw["Config"], raw["NetworkSettings"]
    if config.get("Hostname") == raw["Id"][:12] or host["NetworkMode"].startswith("container:"):
        config.pop("Hostname", None)
    # The streams that a client held open when it was made.
    for key in ("AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce", "Image", "Volumes"):
        config.pop(key, None)
    labels = config["Labels"] or {}
    config["Labels"] = {
        key: value
        for key, value in labels.items()
        if not key.startswith(("io.dockwright.", "com.docker.compose."))
    }
    config["Env"] = sorted(config["Env"] or ())
    for key in ("NetworkMode", "PidMode"):
        prefix, colon, other = host[key].partition(":")
        host[key] = f"{prefix}{colon}{names.get(other, other)}"
    # How a mount was asked for, and what stands for nothing.
    for key in ("Binds", "Mounts", "ConsoleSize", "ContainerIDFile", "VolumesFrom", "Links"):
        host.pop(key, None)
    # Two spellings of one thing.
    config["StopSignal"] = (config.get("StopSignal") or "").replace("SIG", "")
    host["NetworkMode"] = host["NetworkMode"].replace("default", "bridge")
    host["RestartPolicy"]["Name"] = host["RestartPolicy"]["Name"] or "no"
    for key in ("CapAdd", "CapDrop"):
        host[key] = [name.replace("CAP_", "") for name in host[key] or ()]
    host["SecurityOpt"] = [text.partition("=")[0] for text in host["SecurityOpt"] or ()]
    host["Tmpfs"] = {to: sorted(text.split(",")) for to, text in (host.get("Tmpfs") or {}).items()}
    host = {key: value for key, value in host.items() if value not in (None, [], {}, "", 0, False)}
    return {
        **{key: value for key, value in raw.items() if key not in _CHANCE},
        "State": (raw["State"]["Running"], raw["State"]["ExitCode"]),
        "Config": {key: value for key, value in config.items() if value not in (None, "", {}, [])},
        "HostConfig": host,
        "Mounts": sorted(map(_mount, raw["Mounts"]), key=str),
        "NetworkSettings": {
            name: _endpoint(item, raw) for name, item in network["Networks"].items()
        },
        "Image": raw["Image"],
    }


def _mount(raw: dict[str, Any]) -> dict[str, Any]:
    anonymous = re.fullmatch(r"[0-9a-f]{64}", raw.get("Name") or raw["Source"].split("/")[-2:][0])
    name = "" if anonymous else raw.get("Name") or raw["Source"]
    return {"to": raw["Destination"], "what": name, "rw": raw["RW"], "type": raw["Type"]}


def _endpoint(raw: dict[str, Any], container: dict[str, Any]) -> dict[str, Any]:
    aliases = set(raw["Aliases"] or ()) - {container["Id"][:12]}
    return {"ipam": raw["IPAMConfig"] or {}, "aliases": sorted(aliases)}
