"""Coming from community.docker: its containers are taken over as they are, option by option.

Each pair is a task of its module and the same in our spec, as docs/coming-from.md has it. What
their module made is no difference to us, and what we make is none to it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.engine.their_pairs import BY_TEXT, NETWORKS, NO_STATE, PAIRS, VOLUMES
from tests.engine.world import SLEEP, World, container, titles
from tests.hosts import TINY, engine_clean, machine


def play(world: World, folder: Path, *tasks: dict[str, Any], check: bool = False) -> list[str]:
    """Run tasks on this machine against the host's engine; the names of those that changed it."""
    file = folder / "play.json"
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    play["vars"] = {"ansible_python_interpreter": sys.executable, "folder": str(folder)}
    play["module_defaults"] = {
        "group/community.docker.docker": {"docker_host": world.host.docker_host}
    }
    file.write_text(json.dumps([{**play, "tasks": tasks}]))
    argv = ["ansible-playbook", "-i", "localhost,", file, *(["--check"] if check else [])]
    env = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=env, timeout=300)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return re.findall(r"^TASK \[(.+)\] \**\nchanged:", done.stdout, re.M)


def theirs(name: str) -> dict[str, Any]:
    """The task for one of the pairs."""
    options = {"name": name, "image": TINY, "command": SLEEP, "state": "present", "stop_timeout": 0}
    return {"name": name, "community.docker.docker_container": {**options, **PAIRS[name][0]}}


def ours(folder: Path) -> dict[str, Any]:
    """The document with all of them."""
    found = {}
    for name, (_, options) in PAIRS.items():
        base = {"image": TINY, "command": SLEEP, "state": "stopped", "stop_grace_period": 0}
        found[name] = {**base, **options}
    networks = {name: options for name, (_, options) in NETWORKS.items()}
    volumes = {name: options for name, (_, options) in VOLUMES.items()}
    text = json.dumps({"containers": found, "networks": networks, "volumes": volumes})
    return dict(json.loads(text.replace("{{ folder }}", str(folder))))


def test_what_their_module_made_is_taken_over_as_it_is(world26: World, tmp_path: Path) -> None:
    """No difference, in whatever order and spelling; and then their module sees none either."""
    (tmp_path / "env").write_text("# a comment\nFROM_FILE=theirs\nMORE=1\n")
    tasks = [
        {"name": name, f"community.docker.docker_{kind}": {"name": name, **options}}
        for kind, pairs in (("network", NETWORKS), ("volume", VOLUMES))
        for name, (options, _) in pairs.items()
    ]
    tasks += map(theirs, PAIRS)
    assert len(play(world26, tmp_path, *tasks)) == len(tasks)
    assert titles(world26.check(ours(tmp_path))) == []
    engine_clean(world26.host)
    world26.apply(ours(tmp_path))
    again = [task for task in tasks if task.get("name") not in BY_TEXT]
    assert play(world26, tmp_path, *again, check=True) == []


def test_every_option_of_theirs_has_its_pair() -> None:
    page = (machine.CHECKOUT / "docs/coming-from.md").read_text()
    table = page.partition("## Options of community.docker")[2].partition("### Inside of them")[0]
    named = set(re.findall(r"^\| `([^`]+)` \|", table, re.M))
    excused = set().union(*NO_STATE.values())
    shown = {key for options, _ in PAIRS.values() for key in options}
    assert shown | excused | {"image", "name", "state", "stop_timeout"} >= named
    assert not shown & excused - {"default_host_ip"}


def test_the_same_by_another_name(world26: World) -> None:
    """Images by ID, by another name, without any; containers that share by each other's IDs."""
    image = world26.client.images.get(TINY)
    image.tag("parity/web", "1")

    def document(reference: str) -> dict[str, Any]:
        web = container(image=reference, network_mode="bridge")
        return {"containers": {"web": web, "sharer": SHARER}}

    owner = world26.client.containers.run(
        TINY, SLEEP, name="owner", detach=True, ipc_mode="shareable"
    )
    shared = f"container:{owner.id}"
    world26.client.api.create_container(
        TINY,
        SLEEP,
        name="sharer",
        host_config=world26.client.api.create_host_config(
            network_mode=shared, pid_mode=shared, ipc_mode=shared
        ),
        stop_timeout=0,
    )
    world26.apply(document("parity/web:1"))
    before = world26.id("web")
    assert titles(world26.check(document(str(image.id)))) == []
    assert titles(world26.check(document(TINY))) == []
    world26.client.api.remove_image("parity/web:1")
    assert titles(world26.check(document(str(image.id)))) == []
    assert titles(world26.apply(document(TINY))) == []
    assert world26.id("web") == before


OWNER = "container:owner"
SHARER = container(network_mode=OWNER, pid=OWNER, ipc=OWNER, state="stopped")


def test_addresses_and_ranges_of_ports(world26: World) -> None:
    """Fixed addresses of both kinds, stopped and running; two that share a range of ports."""

    def document(last: int, state: str) -> dict[str, Any]:
        ends = {"ipv4_address": f"10.77.2.{last}", "ipv6_address": f"fdb6:77:0:0::{last}"}
        one = container(networks={"fixed": ends}, state=state)
        two, three = (container(network_mode="bridge", ports=[RANGE]) for _ in range(2))
        subnets = [{"subnet": "fdb6:0077::/64"}, {"subnet": "10.77.2.0/24"}]
        network = {"enable_ipv6": True, "ipam": {"config": subnets[:: 1 if last == 11 else -1]}}
        return {
            "containers": {"one": one, "two": two, "three": three},
            "networks": {"fixed": network},
        }

    world26.apply(document(11, "stopped"))
    first = {name: world26.id(name) for name in ("one", "two", "three")}
    reached = [
        world26.inspect(name)["NetworkSettings"]["Ports"]["9010/tcp"][0]["HostPort"]
        for name in ("two", "three")
    ]
    assert len(set(reached)) == 2
    assert all(19010 <= int(port) <= 19019 for port in reached)
    for last, state in ((12, "stopped"), (12, "running"), (13, "running")):
        report = world26.apply(document(last, state))
        assert {change.name for change in report.plan.changes} == {"one"}
        end = world26.inspect("one")["NetworkSettings"]["Networks"]["fixed"]
        assert end["IPAMConfig"]["IPv4Address"] == f"10.77.2.{last}"
        assert end["IPAddress"] == (f"10.77.2.{last}" if state == "running" else "")
        assert end["GlobalIPv6Address"] == (f"fdb6:77::{last}" if state == "running" else "")
    assert {name: world26.id(name) for name in first} == first


RANGE = "19010-19019:9010"


def test_many_limits_change_in_place(world26: World) -> None:
    """One request, and the container stays; what is text in the end makes it anew."""

    def document(**more: Any) -> dict[str, Any]:
        return {"containers": {"web": container(network_mode="bridge", **more)}}

    limits = ("cpu_period", "cpu_quota", "cpu_shares", "mem_limit", "mem_reservation")
    keys = (*limits, "memswap_limit", "pids_limit", "restart")
    steps = [
        (90000, 150000, 900, "64m", "64m", "64m", 20, "on-failure:5"),
        (50000, 50000, 1100, "48m", "48m", -1, 30, "on-failure:2"),
        (30000, 40000, 1000, "32m", "30m", "128m", -1, "always"),
    ]
    world26.apply(document(**dict(zip(keys, steps[0]))))
    before = world26.id("web")
    for step in steps[1:]:
        report = world26.apply(document(**dict(zip(keys, step))))
        assert {change.path for change in report.plan.changes} >= {*limits, "restart"}
        assert world26.id("web") == before
    world26.apply(document(**dict(zip(keys, steps[2])), working_dir="/tmp"))
    assert world26.id("web") != before


def test_absent_needs_nothing_of_what_it_had(world26: World) -> None:
    """A task that is turned to absent keeps its options: files and networks may be gone."""
    names = {"env_file": "/nonexistent/env", "networks": ["gone"], "image": "nowhere/to:be-had"}
    more = {"volumes_from": ["gone"], "depends_on": {"gone": {"required": False}}}
    world26.apply({"containers": {"web": container(network_mode="bridge")}})
    document = {"containers": {"web": {**names, **more, "state": "absent"}}}
    assert titles(world26.apply(document)) == ["delete container web"]
    assert titles(world26.apply(document)) == []
