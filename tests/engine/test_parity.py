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

from tests.engine.world import SLEEP, World, container, titles
from tests.hosts import TINY, engine_clean, machine

Pair = tuple[dict[str, Any], dict[str, Any]]

# By the container's name. `helper` comes first, as others refer to it.
PAIRS: dict[str, Pair] = {
    "helper": (
        {"state": "started", "ipc_mode": "shareable", "volumes": ["/srv:/lent:ro"]},
        {"state": "running", "ipc": "shareable", "volumes": ["/srv:/lent:ro"]},
    ),
    "limits": (
        {
            "cpu_period": 50000,
            "cpu_quota": 25000,
            "cpu_shares": 512,
            "cpuset_cpus": "0",
            "cpuset_mems": "0",
            "memory": "64M",
            "memory_reservation": "32M",
            "memory_swap": "96M",
            "oom_score_adj": 5,
            "pids_limit": 10,
            "shm_size": "96M",
            "ulimits": ["nofile:1234:1234", "nproc:30:60"],
            "restart_policy": "on-failure",
            "restart_retries": 5,
        },
        {
            "cpu_period": 50000,
            "cpu_quota": 25000,
            "cpu_shares": "512",
            "cpuset": 0,
            "cpuset_mems": "0",
            "mem_limit": "64mb",
            "mem_reservation": 32 * 1024**2,
            "memswap_limit": "96m",
            "oom_score_adj": 5,
            "pids_limit": 10,
            "shm_size": "96m",
            "ulimits": {"nproc": {"soft": 30, "hard": 60}, "nofile": 1234},
            "restart": "on-failure:5",
        },
    ),
    "words": (
        {
            "command": '/bin/sh -c "sleep 10m"',
            "entrypoint": ["/usr/bin/env", "-i"],
            "env": {"B": "val2", "A": "val1", "ON": "True", "FROM_FILE": "ours"},
            "env_file": "{{ folder }}/env",
            "labels": {"test.2": "world", "test.1": "hello"},
            "hostname": "me.example.com",
            "domainname": "example.com",
            "user": "nobody",
            "groups": ["1234", "users"],
            "working_dir": "/tmp",
            "stop_signal": "30",
            "stop_timeout": 2,
            "interactive": True,
            "tty": True,
            "init": True,
            "read_only": True,
            "runtime": "runc",
            "platform": "linux/amd64",
            "log_driver": "json-file",
            "log_options": {"max-file": 5, "max-size": "10m", "env": "os,customer"},
            "healthcheck": {
                "test": ["CMD", "sleep", 1],
                "interval": "0h0m2s3ms4us",
                "timeout": "2s",
                "start_period": "20s",
                "start_interval": "1s",
                "retries": 2,
            },
        },
        {
            "command": ["/bin/sh", "-c", "sleep 10m"],
            "entrypoint": "/usr/bin/env -i",
            "environment": ["A=val1", "B=val2", "ON=True", "FROM_FILE=ours"],
            "env_file": "{{ folder }}/env",
            "labels": ["test.1=hello", "test.2=world"],
            "hostname": "me.example.com",
            "domainname": "example.com",
            "user": "nobody",
            "group_add": ["users", 1234],
            "working_dir": "/tmp/",
            "stop_signal": 30,
            "stop_grace_period": "2s",
            "stdin_open": True,
            "tty": True,
            "init": True,
            "read_only": True,
            "runtime": "runc",
            "platform": "linux/amd64",
            "logging": {
                "driver": "json-file",
                "options": {"env": "os,customer", "max-file": "5", "max-size": "10m"},
            },
            "healthcheck": {
                "test": ["CMD", "sleep", "1"],
                "interval": "2003004us",
                "timeout": "2s",
                "start_period": "20s",
                "start_interval": "1s",
                "retries": 2,
            },
        },
    ),
    "rights": (
        {
            "capabilities": ["sys_time"],
            "cap_drop": ["all"],
            "cgroup_parent": "/parity",
            "cgroupns_mode": "host",
            "device_cgroup_rules": ["c 10:200 rwm"],
            "devices": ["/dev/zero:/dev/virt-zero:rwm", "/dev/null:/dev/virt-null:r"],
            "device_requests": [],
            "security_opts": ["label:disable", "no-new-privileges"],
            "sysctls": {"net.ipv4.ip_forward": 1, "net.ipv4.icmp_echo_ignore_all": 1},
            "userns_mode": "host",
            "oom_killer": False,
            "cpus": 0.5,
        },
        {
            "cap_add": ["SYS_TIME"],
            "cap_drop": ["ALL"],
            "cgroup_parent": "/parity",
            "cgroup": "host",
            "device_cgroup_rules": ["c 10:200 rwm"],
            "devices": ["/dev/null:/dev/virt-null:r", "/dev/zero:/dev/virt-zero"],
            "gpus": [],
            "security_opt": ["no-new-privileges:true", "label=disable"],
            "sysctls": ["net.ipv4.icmp_echo_ignore_all=1", "net.ipv4.ip_forward=1"],
            "userns_mode": "host",
            "oom_kill_disable": False,
            "cpus": "0.50",
        },
    ),
    "shared": (
        {
            "ipc_mode": "container:helper",
            "pid_mode": "container:helper",
            "network_mode": "container:helper",
            "volumes_from": ["helper:ro"],
            "privileged": True,
        },
        {
            "ipc": "container:helper",
            "pid": "container:helper",
            "network_mode": "container:helper",
            "volumes_from": ["helper:ro"],
            "privileged": True,
        },
    ),
    "hosted": (
        {"network_mode": "host", "uts": "host", "state": "started", "paused": True},
        {"network_mode": "host", "uts": "host", "state": "paused"},
    ),
    "mounted": (
        {
            "volumes": ["/tmp:/tmp", "/:/whatever:ro,z", "/anonymous", "named:/named:nocopy"],
            "mounts": [
                {"type": "bind", "source": "/srv", "target": "/bound", "read_only": True},
                {"type": "bind", "source": "/srv", "target": "/slave", "propagation": "rslave"},
                {"type": "bind", "source": "/srv", "target": "/flat", "non_recursive": True},
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/closed",
                    "read_only": True,
                    "read_only_force_recursive": True,
                    "propagation": "rprivate",
                },
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/open",
                    "read_only": True,
                    "read_only_non_recursive": True,
                },
                {"type": "bind", "source": "/srv", "target": "/made", "create_mountpoint": True},
                {"type": "volume", "target": "/unnamed"},
                {"type": "volume", "source": "other", "target": "/other", "no_copy": True},
                {
                    "type": "tmpfs",
                    "target": "/cache",
                    "tmpfs_mode": "1777",
                    "tmpfs_size": "1GB",
                },
            ],
            "tmpfs": ["/run:rw,noexec,nosuid,size=65536k", "/plain"],
        },
        {
            "volumes": [
                {"type": "bind", "source": "/tmp", "target": "/tmp"},
                "/:/whatever:z,ro",
                "/anonymous",
                "/unnamed",
                "named:/named:nocopy",
                "other:/other:nocopy",
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/bound",
                    "read_only": True,
                    "bind": {"create_host_path": False},
                },
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/slave",
                    "bind": {"propagation": "rslave", "create_host_path": False},
                },
                "/srv:/made",
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/flat",
                    "bind": {"recursive": "disabled", "create_host_path": False},
                },
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/closed",
                    "read_only": True,
                    "bind": {"recursive": "readonly", "create_host_path": False},
                },
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/open",
                    "read_only": True,
                    "bind": {"recursive": "writable", "create_host_path": False},
                },
                {"type": "tmpfs", "target": "/cache", "tmpfs": {"size": "1g", "mode": "1777"}},
            ],
            "tmpfs": ["/plain", "/run:size=65536k,nosuid,noexec,rw"],
        },
    ),
    "reached": (
        {
            "dns_servers": ["1.1.1.1", "8.8.8.8"],
            "dns_opts": ["timeout:10", "rotate"],
            "dns_search_domains": ["example.com", "example.org"],
            "etc_hosts": {"example.com": "1.2.3.4", "example.org": "4.3.2.1"},
            "exposed_ports": ["9001", "9010-9012"],
            "published_ports": ["127.0.0.1:9002:9002/tcp", "[0:0::1]:9003:9003/udp", "9004"],
            "links": ["helper:one"],
            "mac_address": "92:d0:c6:0a:29:33",
        },
        {
            "dns": ["1.1.1.1", "8.8.8.8"],
            "dns_opt": ["rotate", "timeout:10"],
            "dns_search": ["example.com", "example.org"],
            "extra_hosts": ["example.org:4.3.2.1", "example.com=1.2.3.4"],
            "expose": ["9010-9012", 9001],
            # Theirs binds to the engine's IPv4 addresses alone where no address is named.
            "ports": ["0.0.0.0::9004", "127.0.0.1:9002:9002", "[::1]:9003:9003/udp"],
            "external_links": ["helper:one"],
            "mac_address": "92:D0:C6:0A:29:33",
        },
    ),
    "joined": (
        {
            "networks": [
                {"name": "front", "aliases": ["b", "a"], "ipv4_address": "10.77.1.10"},
                {"name": "back", "links": ["helper:far"]},
            ],
            "published_ports": ["9010-9050:9010"],
            "default_host_ip": "",
        },
        {
            "networks": {
                "front": {"aliases": ["a", "b"], "ipv4_address": "10.77.1.10"},
                "back": {"links": ["helper:far"]},
            },
            "ports": ["9010-9050:9010"],
        },
    ),
}
# Theirs compares texts where the engine has several for the same, ours the meaning: `all` and
# `ALL`, `label:disable` and `label=disable`, `0:0::1` and `::1`, a bind as text and as a mount.
BY_TEXT = ("rights", "mounted", "reached")
# Options that are no property of a container that is there, and what shows them.
NO_STATE = {
    "how the engine is reached (test_refusals, test_remote)": {
        *("api_version", "ca_path", "client_cert", "client_key", "docker_host", "timeout", "tls"),
        *("tls_hostname", "use_ssh_client", "validate_certs", "debug"),
    },
    "how it is compared: ours is exact (test_rows, test_project.test_ignored_paths)": {
        *("command_handling", "comparisons", "container_default_behavior", "image_comparison"),
        *("image_label_mismatch", "image_name_mismatch", "networks_cli_compatible"),
    },
    "what a run does (test_states, test_project, test_image, test_truth)": {
        *("cleanup", "detach", "force_kill", "healthy_wait_timeout", "keep_volumes"),
        *("kill_signal", "output_logs", "pull", "pull_check_mode_behavior", "recreate"),
        *("removal_wait_timeout", "restart"),
    },
    "a test host cannot have it: its cases are run in memory, or created alone (tests/cases)": {
        *("blkio_weight", "device_read_bps", "device_read_iops", "device_write_bps"),
        *("device_write_iops", "memory_swappiness", "storage_opts"),
    },
    "has no place in a spec (docs/coming-from.md says why)": {
        *("auto_remove", "kernel_memory", "publish_all_ports", "volume_driver"),
    },
}


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
    env = {**os.environ, "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
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
    text = json.dumps({"containers": found, "networks": {"front": FRONT, "back": {}}})
    return dict(json.loads(text.replace("{{ folder }}", str(folder))))


FRONT = {"ipam": {"config": [{"subnet": "10.77.1.0/24"}]}}


def test_what_their_module_made_is_taken_over_as_it_is(world26: World, tmp_path: Path) -> None:
    """No difference, in whatever order and spelling; and then their module sees none either."""
    (tmp_path / "env").write_text("# a comment\nFROM_FILE=theirs\nMORE=1\n")
    network = "community.docker.docker_network"
    config = FRONT["ipam"]["config"]
    tasks = [{network: {"name": "front", "ipam_config": config}}, {network: {"name": "back"}}]
    tasks += map(theirs, PAIRS)
    assert len(play(world26, tmp_path, *tasks)) == len(tasks)
    assert titles(world26.check(ours(tmp_path))) == []
    engine_clean(world26.host)
    world26.apply(ours(tmp_path))
    again = [task for task in tasks if task.get("name") not in BY_TEXT]
    assert play(world26, tmp_path, *again, check=True) == []


def test_every_option_of_theirs_has_its_pair() -> None:
    page = (machine.CHECKOUT / "docs/coming-from.md").read_text()
    table = page.partition("## Flags of docker run")[0]
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
