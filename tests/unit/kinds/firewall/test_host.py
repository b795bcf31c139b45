"""What is seen of a host and done to it: a folder for its files, netfilter in memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dockwright.errors import ApplyFailed, DockwrightError, HostError, PlanRefused
from dockwright.host.commands import Completed
from dockwright.host.files import Files
from dockwright.host.machine import Host
from dockwright.kinds.daemon.want import parse as parse_daemon
from dockwright.kinds.firewall import access, files
from dockwright.kinds.firewall.forms import parse_rate
from dockwright.kinds.firewall.part import FirewallPart
from dockwright.kinds.firewall.rules import shown_rate
from dockwright.kinds.firewall.want import parse
from dockwright.kinds.network.bridges import Bridge
from dockwright.kinds.site import Site
from dockwright.model import Plan
from dockwright.run_options import RunOptions

from .netfilter import Networks, Tables, fresh, restored

DROP: dict[str, Any] = {"default": "drop", "host_ports": [22]}


class Machine:
    """A host below a folder; what commands it was given, and the rules it has."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tables: dict[str, Tables] = {"iptables": fresh(), "ip6tables": fresh(docker=False)}
        self.tables["iptables"]["nat"] = {"DOCKER": []}
        self.asked: list[str] = []
        self.fails: set[str] = set()
        self.answers: dict[str, Completed] = {}
        self.write("run/systemd/system/x", "")
        for name in ("eth0", "lo", "docker0"):
            self.write(f"sys/class/net/{name}/address", "")
        self.host = Host(str(root), runner=self.run)

    def write(self, path: str, text: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def has_ipv6(self) -> None:
        for name in ("default", "eth0"):
            self.write(f"proc/sys/net/ipv6/conf/{name}/disable_ipv6", "0\n")

    def run(
        self, argv: Sequence[str], *, input: str | None = None, timeout: float = 60.0
    ) -> Completed:
        words = " ".join(argv)
        self.asked.append(words)
        command = argv[0].removesuffix("-save").removesuffix("-restore")
        if words in self.answers:
            return self.answers[words]
        if argv[0] == "systemctl" and {"enable", "disable"} & set(argv):
            for unit in files.UNITS:
                self._link(unit, there="enable" in argv)
        if command not in self.tables:
            if command.startswith("ip"):
                raise HostError(f"cannot run `{words}`: No such file or directory")
            return Completed(tuple(argv), 0, "", "")
        if any(words.startswith(start) for start in self.fails):
            return Completed(tuple(argv), 4, "", "it is not to be")
        if argv[0].endswith("-save"):
            return Completed(tuple(argv), 0, _saved(self.tables[command]), "")
        after = restored(self.tables[command], input or "")
        if "--test" not in argv:
            self.tables[command] = after
        return Completed(tuple(argv), 0, "", "")

    def _link(self, unit: str, *, there: bool) -> None:
        place = self.root / f"etc/systemd/system/docker.service.wants/{unit}"
        if there:
            self.write(str(place.relative_to(self.root)), "")
        else:
            place.unlink(missing_ok=True)

    def part(self, spec: Any, **more: Any) -> FirewallPart:
        info = more.pop("info", None)
        memory = self.host.memory("x")
        site = Site(self.host, more.pop("engine", None), lambda: memory, RunOptions(), info, **more)
        part = FirewallPart(parse(spec), site)
        part.look()
        return part

    def apply(self, spec: Any, **more: Any) -> Plan:
        part = self.part(spec, **more)
        plan = part.plan()
        if plan.changes:
            part.apply(plan.changes, lambda changes: None)
            part.verify()
        part.remember()
        part.site.memory().save()
        return plan


def _saved(tables: Tables) -> str:
    lines = []
    for name, chains in tables.items():
        lines.append(f"*{name}")
        lines += [f":{chain} - [0:0]" for chain in chains]
        lines += [f"-A {chain} {rule}" for chain, rules in chains.items() for rule in rules]
        lines.append("COMMIT")
    return "\n".join(lines)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def problem_of(machine: Machine, spec: Any, **more: Any) -> str:
    with pytest.raises(DockwrightError) as error:
        machine.part(spec, **more).plan()
    return str(error.value)


def test_both_families_are_tested_before_either_is_changed(machine: Machine) -> None:
    machine.apply(DROP)
    restores = [words for words in machine.asked if "-restore" in words]
    assert [("--test" in words) for words in restores] == [True, True, False, False]
    assert machine.apply(DROP).changes == ()
    assert [words for words in machine.asked if "-restore" in words] == restores


def test_check_mode_asks_and_does_nothing(machine: Machine) -> None:
    before = sorted(machine.root.rglob("*"))
    assert machine.part(DROP, check=True).plan().changes
    assert [w for w in machine.asked if not w.endswith("-save") and "show" not in w] == []
    assert sorted(machine.root.rglob("*")) == before


def test_the_family_that_becomes_stricter_goes_first(machine: Machine) -> None:
    machine.apply({"deny": [{"from": ["192.0.2.0/24"]}]})
    machine.asked.clear()
    machine.apply({"deny": [{"from": ["2001:db8::/32"]}]})
    done = [w.split()[0] for w in machine.asked if "-restore" in w and "--test" not in w]
    assert done == ["ip6tables-restore", "iptables-restore"]


def test_what_fails_in_the_test_touches_nothing(machine: Machine) -> None:
    machine.fails = {"ip6tables-restore"}
    before = dict(machine.tables)
    with pytest.raises(ApplyFailed, match="it is not to be"):
        machine.apply(DROP)
    assert machine.tables == before
    assert not (machine.root / "etc/dockwright").exists()


def test_when_the_second_fails_the_first_is_as_before(machine: Machine) -> None:
    machine.apply(DROP)
    kept = {path: machine.host.files.read_text(path) for path in _kept(machine)}
    before = json.dumps(machine.tables, sort_keys=True)
    machine.fails = {"ip6tables-restore --noflush -w 30"}
    machine.answers = {
        f"{name}-restore --noflush -w 30 --test": Completed((), 0, "", "")
        for name in ("iptables", "ip6tables")
    }
    with pytest.raises(ApplyFailed) as error:
        machine.apply({**DROP, "allow": [{"port": 443}]})
    assert "it is not to be" in error.value.message
    assert json.dumps(machine.tables, sort_keys=True) == before
    assert {path: machine.host.files.read_text(path) for path in _kept(machine)} == kept


def _kept(machine: Machine) -> list[str]:
    folder = machine.root / "etc"
    return ["/etc/" + str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()]


def test_a_first_change_that_fails_leaves_no_file(machine: Machine) -> None:
    machine.fails = {"ip6tables-restore --noflush -w 30"}
    machine.answers = {
        f"{name}-restore --noflush -w 30 --test": Completed((), 0, "", "")
        for name in ("iptables", "ip6tables")
    }
    with pytest.raises(ApplyFailed):
        machine.apply(DROP)
    assert _kept(machine) == []
    assert "DOCKWRIGHT" not in json.dumps(machine.tables)


def test_nothing_of_ours_is_left_when_it_is_absent(machine: Machine) -> None:
    before = json.dumps(machine.tables)
    machine.apply(DROP)
    assert len(_kept(machine)) > 6
    machine.apply({"state": "absent"})
    assert json.dumps(machine.tables).replace(', "DOCKER-USER": []', "") == before
    assert _kept(machine) == []
    assert machine.apply({"state": "absent"}).changes == ()


def test_confirmation_keeps_and_arms_a_timer(machine: Machine) -> None:
    machine.apply(DROP)
    old = machine.host.files.read_text(f"{files.CURRENT}/rules.4")
    machine.apply({"default": "accept", "confirm_within": "90s"})
    armed = [words for words in machine.asked if words.startswith("systemd-run")]
    assert len(armed) == 1 and "--on-active=90s" in armed[0]
    assert machine.host.files.read_text(f"{files.PREVIOUS}/rules.4") == old
    # Before the confirmation another change would be undone with this one.
    assert "waits for its confirmation" in problem_of(machine, DROP)
    plan = machine.apply({"default": "accept", "confirm": True})
    assert [change.path for change in plan.changes] == ["confirm"]
    assert not machine.host.files.exists(f"{files.PREVIOUS}/rules.4")
    assert machine.apply({"default": "accept", "confirm": True}).changes == ()


def test_causes(machine: Machine) -> None:
    assert {c.cause.value for c in machine.apply(DROP).changes} == {"unknown"}
    changes = machine.part({**DROP, "log": {}}).plan().changes
    assert {c.cause.value for c in changes if c.path != "boot"} == {"spec"}
    machine.tables["iptables"]["filter"]["DOCKWRIGHT-PORTS"].clear()
    (change,) = machine.part(DROP).plan().changes
    assert change.cause.value == "drift"
    assert change.after == ["filter DOCKWRIGHT-PORTS -g DOCKWRIGHT-DROP"]


def test_the_variant_that_docker_uses_is_ours(machine: Machine) -> None:
    del machine.tables["iptables"]["nat"]
    machine.tables["iptables-legacy"] = {**fresh(), "nat": {"DOCKER": []}}
    machine.tables["ip6tables-legacy"] = fresh(docker=False)
    assert machine.part(DROP).have.variant == ""  # no legacy table is in use: nobody asks for them
    machine.write("proc/net/ip_tables_names", "filter\nnat\n")
    machine.apply(DROP)
    assert "DOCKWRIGHT" in machine.tables["iptables-legacy"]["mangle"]
    assert "DOCKWRIGHT" not in machine.tables["iptables"]["mangle"]
    assert "variant=-legacy" in (machine.host.files.read_text(files.SCRIPT) or "")


def test_where_there_can_be_no_rules(machine: Machine) -> None:
    told = {"FirewallBackend": {"Driver": "nftables"}}
    assert "take `firewall-backend` back" in problem_of(
        machine, DROP, info=told, engine=Networks("28.5.2", "nat")
    ).replace("T", "t")
    machine.write("etc/docker/daemon.json", '{"firewall-backend": "nftables"}')
    assert "would not be asked" in problem_of(machine, DROP)
    machine.write("etc/docker/daemon.json", "{}")
    del machine.tables["iptables"]
    assert "cannot be read: cannot run `iptables-save`" in problem_of(machine, DROP)


@pytest.mark.parametrize(
    ("version", "backend", "is_refused"),
    [("1.3.3", "nftables", True), ("2.3.1", "nftables", False), ("2.3.1", "iptables", True)],
)
def test_firewalld(machine: Machine, version: str, backend: str, is_refused: bool) -> None:
    machine.write("usr/bin/firewall-cmd", "")
    machine.write("etc/firewalld/firewalld.conf", f"# x\nFirewallBackend={backend}\n")
    machine.answers["firewall-cmd --version"] = Completed((), 0, f"{version}\n", "")
    if is_refused:
        assert f"firewalld {version} ({backend}) flushes" in problem_of(machine, DROP)
    else:
        assert machine.part(DROP).plan().changes
    machine.answers["firewall-cmd --state"] = Completed((), 252, "", "not running")
    assert machine.part(DROP).plan().changes


def test_engines_of_others_are_none_of_ours(machine: Machine) -> None:
    for info in ({"SecurityOptions": ["name=rootless"]}, {"Name": "far-away"}):
        with pytest.raises(PlanRefused, match="cannot be managed"):
            machine.part(DROP, info=info, engine=Networks("28.5.2", "nat"))


@pytest.mark.parametrize(
    ("ipv6", "daemon", "expected"),
    [
        (False, {}, set()),
        (True, {}, {6}),
        (False, {"iptables": False}, {4}),
        (True, {"iptables": False}, {4, 6}),
        (True, {"iptables": False, "userland-proxy": False}, set()),
    ],
)
def test_where_docker_proxy_is_reached(
    machine: Machine, ipv6: bool, daemon: dict[str, Any], expected: set[int]
) -> None:
    if ipv6:
        machine.has_ipv6()
    machine.write("etc/docker/daemon.json", json.dumps(daemon))
    assert machine.part(DROP).have.ways.proxied == expected
    # …or as the daemon is going to be configured by this very run.
    machine.write("etc/docker/daemon.json", "{}")
    wanted = parse_daemon(daemon)
    found = machine.part(DROP, wants={"daemon": wanted}).have.ways.proxied
    assert found == expected


def test_a_proxy_that_still_runs_is_believed_more_than_the_file(machine: Machine) -> None:
    machine.has_ipv6()
    machine.write("etc/docker/daemon.json", '{"userland-proxy": false}')
    machine.write("proc/4711/comm", "docker-proxy\n")
    assert machine.part(DROP).have.ways.proxied == {6}


def test_bridges_are_told_apart(machine: Machine) -> None:
    for name in ("br-0123456789ab", "br-lan", "shop0", "virbr0"):
        machine.write(f"sys/class/net/{name}/bridge/x", "")
    machine.write("sys/class/net/veth1/brport/x", "")

    class Engine:
        def get(self, path: str) -> Any:
            if path == "/info":
                return {}
            options = {"com.docker.network.bridge.name": "shop0"}
            more = [{"Driver": "bridge", "Id": "a1" * 32, "Options": None}, {"Driver": "null"}]
            return [{"Driver": "bridge", "Options": options}, *more]

    later = Bridge("later0", {"com.docker.network.bridge.name": "later0"})
    part = machine.part(DROP, engine=Engine(), bridges=(later,))
    assert part.have.ways.bridges == ("later0", "shop0")
    assert part.have.ways.foreign == ("br-lan",)
    assert "veth1" not in part.have.interfaces and "virbr0" in part.have.interfaces
    part.apply(part.plan().changes, lambda changes: None)
    rules = machine.tables["iptables"]["mangle"]
    assert rules["DOCKWRIGHT"].index("-i br-lan -g DOCKWRIGHT-OUTSIDE") < rules["DOCKWRIGHT"].index(
        "-i br-+ -j RETURN"
    )
    assert "-o shop0 -g DOCKWRIGHT-DIRECT" in rules["DOCKWRIGHT-OUTSIDE"]


def test_the_connection_is_found_above_sudo(tmp_path: Path) -> None:
    here = Files(str(tmp_path))
    for pid, parent, environ in ((40, 30, b"A=1\0"), (30, 1, b"SSH_CONNECTION=::1 5 ::2 22\0")):
        folder = tmp_path / f"proc/{pid}"
        folder.mkdir(parents=True)
        (folder / "status").write_text(f"Name:\tx\nPPid:\t{parent}\n")
        (folder / "environ").write_bytes(environ)
    assert access.came_by(here, {}, 40) == access.Peer("::1", 22, 5)
    own = {"SSH_CONNECTION": "::ffff:192.0.2.7 4000 192.0.2.1 2222"}
    assert access.came_by(here, own, 40) == access.Peer("192.0.2.7", 2222, 4000)
    assert access.came_by(here, {}, 1) is None


def test_who_is_connected_to_sshd(tmp_path: Path) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    line = "   0: 0100007F:0016 {}:9C40 01 00000000:00000000 00:00000000 00000000 0 0 1"
    remote = ["070200C0", "0100007F"]
    text = "\n".join(["  sl", *(line.format(address) for address in remote)])
    (tmp_path / "proc/net/tcp").write_text(text + "\n")
    assert access.peers(Files(str(tmp_path))) == (access.Peer("192.0.2.7", 22, 40000),)


@pytest.mark.parametrize(
    ("rate", "shown"),
    [("10/minute", "10/min"), ("60/m", "1/sec"), ("90/minute", "90/min"), ("24 / day", "1/hour")],
)
def test_rates_are_shown_as_the_kernel_keeps_them(rate: str, shown: str) -> None:
    assert shown_rate(parse_rate(rate, "")) == shown
