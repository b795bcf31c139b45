"""The plan for daemon.json: reload or restart, what it costs, what is refused, what waits."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.errors import PlanRefused, SpecError
from dockwright.kinds.daemon.have import DaemonHave
from dockwright.kinds.daemon.plan import plan
from dockwright.kinds.daemon.want import parse
from dockwright.model import Cause, Disruption, Plan

RUNNING = DaemonHave(engine="26.1.5", is_running=True, running=2, containers=2, images=5)


def steps(made: Plan) -> list[tuple[str, str, str]]:
    return [
        (c.action.value, c.path, c.disruption.word) for c in made.changes if c.action != "update"
    ]


def made(spec: dict[str, Any], have: DaemonHave = RUNNING, **run: Any) -> Plan:
    return plan(parse(spec), have, **run)


def test_a_restart_with_running_containers_is_an_outage() -> None:
    found = made({"mtu": 1400})
    assert steps(found) == [("restart", "", "outage")]
    assert found.disruption is Disruption.OUTAGE
    assert "mtu: read only at the daemon's start; 2 running containers stop" in str(found.changes)


def test_a_restart_with_nothing_running_is_a_restart() -> None:
    assert steps(made({"mtu": 1400}, RUNNING._replace(running=0))) == [("restart", "", "restart")]


def test_live_restore_is_switched_on_first() -> None:
    found = made({"mtu": 1400, "live-restore": True})
    assert steps(found) == [("reload", "live-restore", "reload"), ("restart", "", "restart")]


def test_live_restore_in_force_protects_only_while_it_stays() -> None:
    have = RUNNING._replace(raw={"live-restore": True}, live_restore=True)
    assert steps(made({"mtu": 1400}, have)) == [("restart", "", "restart")]
    assert steps(made({"mtu": 1400, "live-restore": False}, have)) == [("restart", "", "outage")]
    owned = have._replace(owned={"live-restore": ""})
    assert steps(made({"mtu": 1400}, owned)) == [("restart", "", "outage")]
    assert steps(made({"mtu": 1400}, have, foreign="remove")) == [("restart", "", "outage")]
    by_flag = RUNNING._replace(flags={"live-restore": "--live-restore"}, live_restore=True)
    assert steps(made({"mtu": 1400}, by_flag)) == [("restart", "", "restart")]


def test_live_restore_alone_is_a_reload() -> None:
    assert steps(made({"live-restore": True})) == [("reload", "", "reload")]


def test_no_engine_no_steps() -> None:
    found = made(
        {"mtu": 1400, "debug": True, "proxies": {"http-proxy": "http://p:1"}}, DaemonHave()
    )
    assert steps(found) == []
    assert len(found.changes) == 3


def test_a_failed_daemon_is_started_with_the_new_file() -> None:
    have = DaemonHave(engine="26.1.5", is_failed=True, raw={"mtu": 1400})
    assert steps(made({"mtu": 1450}, have)) == [("start", "", "none")]
    assert made({"mtu": 1400}, have).changes == ()


def test_an_assumed_engine_is_named_and_only_warns() -> None:
    found = made({"cluster-store": "consul://a"}, DaemonHave(assumed=True))
    assert "no engine is installed: planned for 28.5.0" in found.warnings[0]
    assert "is gone since engine 23.0" in found.warnings[1]


def test_a_value_that_is_in_force_already_needs_nothing() -> None:
    have = RUNNING._replace(live={"log-driver": "json-file", "debug": True})
    found = made({"log-driver": "json-file", "icc": True, "debug": True}, have)
    assert [c.path for c in found.changes] == ["log-driver", "icc", "debug"]
    assert found.disruption is Disruption.NONE


def test_what_is_in_the_file_and_not_in_force() -> None:
    have = RUNNING._replace(
        raw={"log-driver": "local", "debug": True},
        live={"log-driver": "json-file", "debug": False},
    )
    assert steps(made({"log-driver": "local"}, have)) == [("restart", "", "outage")]
    assert steps(made({"debug": True}, have)) == [("reload", "", "reload")]
    foreign = made({}, have)
    assert foreign.changes == ()
    assert [(n.path, n.before, n.after) for n in foreign.pending] == [
        ("log-driver", "json-file", "local"),
        ("debug", False, True),
    ]


def test_a_deferred_restart_is_pending() -> None:
    found = made({"mtu": 1400, "debug": True}, restart="defer")
    assert steps(found) == [("reload", "", "reload")]
    assert [(n.path, n.after) for n in found.pending] == [("mtu", 1400)]
    waiting = RUNNING._replace(raw={"mtu": 1400, "debug": True}, waiting=frozenset({"mtu"}))
    again = made({"mtu": 1400, "debug": True}, waiting, restart="defer")
    assert (again.changes, [n.path for n in again.pending]) == ((), ["mtu"])
    assert steps(made({"mtu": 1400, "debug": True}, waiting)) == [("restart", "", "outage")]
    assert steps(made({}, waiting._replace(raw={}))) == [("restart", "", "outage")]


def test_foreign_keys() -> None:
    have = RUNNING._replace(
        raw={"mtu": 1400, "storage-driver": "overlay2", "debug": True},
        owned={"debug": ""},
        others={"storage-driver": "storage"},
    )
    assert [c.path for c in made({"debug": True}, have).changes] == []
    found = made({"debug": True}, have, foreign="remove")
    assert [(c.path, c.after, c.cause) for c in found.changes[:-1]] == [("mtu", None, Cause.DRIFT)]


def test_causes() -> None:
    owned = {"debug": RUNNING.mark(True), "mtu": RUNNING.mark(1300)}
    have = RUNNING._replace(raw={"debug": False, "mtu": 1300}, owned=owned)
    found = made({"debug": True, "mtu": 1400, "icc": False}, have)
    assert [(c.path, c.cause) for c in found.changes if c.path] == [
        ("debug", Cause.DRIFT),
        ("mtu", Cause.SPEC),
        ("icc", Cause.SPEC),
    ]
    assert made({"debug": True}).changes[0].cause is Cause.UNKNOWN


def test_ignored_paths() -> None:
    have = RUNNING._replace(raw={"runtimes": {"nvidia": {"path": "/usr/bin/nvidia"}}, "mtu": 1300})
    spec = {"runtimes": {"crun": {"path": "/usr/bin/crun"}}, "mtu": 1400}
    found = made(spec, have, ignore=["runtimes.nvidia", "mtu"])
    assert [c.path for c in found.changes] == ["runtimes.crun", ""]
    assert sorted(n.path for n in found.ignored) == ["mtu", "runtimes.nvidia"]


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    (
        {"proxies": {"http-proxy": "http://p:1"}},
        {"engine": "20.10.24"},
        "proxies",
        "from engine 23.0",
    ),
    ({"oom-score-adjust": -5}, {}, "oom-score-adjust", "is gone since engine 26.0; this is 26.1.5"),
    (
        {"api-cors-header": "*"},
        {"engine": "28.5.2"},
        "api-cors-header",
        "is gone since engine 28.0",
    ),
    (
        {"hosts": ["fd://"]},
        {"flags": {"hosts": "-H fd://"}},
        "hosts",
        "is set by the flag -H fd://",
    ),
    ({"live-restore": True}, {"swarm": True}, "live-restore", "does not go with swarm mode"),
    ({"log-driver": "lokal"}, {}, "log-driver", "there is no log driver 'lokal'"),
    (
        {"log-driver": "local"},
        {"raw": {"log-opts": {"labels": "a"}}},
        "log-opts.labels",
        "is no option",
    ),
    ({"log-opts": {"max-size": "10X"}}, {}, "log-opts.max-size", "is '10X'"),
    ({"default-runtime": "nv"}, {}, "default-runtime", "there is no runtime 'nv'"),
    ({"ipv6": True}, {}, "ipv6", "needs fixed-cidr-v6 before 28.0; this is 26.1.5"),
    ({"ip6tables": True}, {}, "ip6tables", "needs experimental before 27.0"),
    ({"seccomp-profile": "builtin"}, {"engine": "20.10.24"}, "seccomp-profile", "from 23.0"),
    (
        {"registry-mirrors": ["https://m.example.com/hub"]},
        {"engine": "20.10.24"},
        "registry-mirrors[0]",
        "a mirror has no path before 23.0",
    ),
    ({"tlsverify": True}, {}, "tlsverify", "needs the CA"),
    ({"tls": True, "tlscert": "/c.pem"}, {}, "tlscert", "needs tlskey too"),
    ({"icc": False}, {"raw": {"iptables": False}}, "icc", "needs iptables"),
    (
        {"cgroup-parent": "docker"},
        {"cgroup_driver": "systemd"},
        "cgroup-parent",
        "is no slice",
    ),
]


@pytest.mark.parametrize(("spec", "have", "where", "message"), REFUSED)
def test_what_this_host_does_not_take(
    spec: dict[str, Any], have: dict[str, Any], where: str, message: str
) -> None:
    with pytest.raises(SpecError) as error:
        made(spec, RUNNING._replace(**have))
    (problem,) = error.value.problems()
    assert problem.where == f"daemon.{where}"
    assert message in problem.message
    assert problem.fix


def test_another_file_is_read() -> None:
    with pytest.raises(SpecError, match=r"the daemon reads /srv/d.json"):
        made({"debug": True}, RUNNING._replace(other_file="/srv/d.json"))


def test_a_data_root_that_cannot_be_there() -> None:
    have = RUNNING._replace(images=0, containers=0, running=0, root_problem="/mnt is full")
    with pytest.raises(SpecError, match=r"daemon\.data-root: /mnt is full"):
        made({"data-root": "/mnt"}, have)


CONTENT: list[dict[str, Any]] = [
    {"storage-driver": "btrfs"},
    {"data-root": "/srv/docker"},
    {"userns-remap": "default"},
    {"features": {"containerd-snapshotter": True}},
    {"containerd-namespace": "other"},
]


@pytest.mark.parametrize("spec", CONTENT)
def test_what_would_hide_content_is_refused(spec: dict[str, Any]) -> None:
    have = RUNNING._replace(live={"storage-driver": "overlay2"})
    with pytest.raises(PlanRefused) as error:
        made(spec, have)
    assert "would hide or re-create 5 images and 2 containers" in str(error.value)
    assert "kind storage" in str(error.value)
    empty = have._replace(running=0, containers=0, images=0)
    assert steps(made(spec, empty)) == [("restart", "", "restart")]


def test_what_keeps_the_content_is_allowed() -> None:
    have = RUNNING._replace(live={"storage-driver": "overlay2"})
    spec = {"storage-driver": "overlay2", "data-root": "/var/lib/docker", "userns-remap": ""}
    assert made(spec, have).disruption is Disruption.NONE
    in_file = have._replace(raw={"storage-driver": "btrfs"})  # written by another, not in force
    with pytest.raises(PlanRefused):
        made({"storage-driver": "btrfs"}, in_file)
    snapshotter = {"features": {"containerd-snapshotter": True}}
    with pytest.raises(PlanRefused):
        made({}, have._replace(raw=snapshotter, owned={"features": ""}))


def test_a_broken_file_is_kept_or_replaced_as_a_whole() -> None:
    have = RUNNING._replace(text="{", broken="/etc/docker/daemon.json, line 1, column 2: x")
    with pytest.raises(PlanRefused) as error:
        made({"debug": True}, have)
    assert "line 1" in str(error.value) and "foreign: remove" in str(error.value)
    assert steps(made({"debug": True}, have, foreign="remove")) == [("reload", "", "reload")]


def test_credentials_are_never_in_the_plan() -> None:
    have = RUNNING._replace(
        raw={
            "proxies": {"http-proxy": "http://u:old@p:1"},
            "log-driver": "splunk",
            "log-opts": {"splunk-token": "oldtoken"},
        },
    )
    spec = {
        "proxies": {"http-proxy": "http://u:new@p:1", "https-proxy": "user:pw@p:2"},
        "log-driver": "splunk",
        "log-opts": {"splunk-token": "newtoken"},
    }
    found = made(spec, have)
    shown = str([c for c in found.changes if not c.secret])
    assert not any(word in shown for word in ("old", "new@", "pw", "token'"))
    assert "http://********@p:1" in shown
    assert [c.path for c in found.changes if c.secret] == ["log-opts.splunk-token"]
    removed = made({}, have._replace(owned={"proxies": "", "log-opts": ""}))
    assert "old" not in str([c for c in removed.changes if not c.secret])
    assert "token" not in str(made(spec, have, restart="defer").pending).replace("splunk-token", "")


def test_traps_in_the_file_are_named() -> None:
    have = RUNNING._replace(raw={"dns-opt": ["x"], "whatever": 1, "oom-score-adjust": 1})
    warnings = "\n".join(made({}, have).warnings)
    assert "dns-opt is no key of daemon.json" in warnings
    assert "unknown key whatever" in warnings
    assert "does not know oom-score-adjust" in warnings


def test_what_live_restore_does_not_save() -> None:
    have = RUNNING._replace(engine="20.10.24", raw={"live-restore": True}, live_restore=True)
    warnings = "\n".join(made({"bip": "172.26.0.1/16"}, have).warnings)
    assert "bip is not applied while containers live on" in warnings
    assert "--rm" in warnings


def test_values_that_the_engine_would_not_read_are_written_anew() -> None:
    have = RUNNING._replace(raw={"log-opts": {"max-file": 3}, "debug": "yes"})
    assert [c.path for c in made({"log-opts": {"max-file": 3}, "debug": True}, have).changes] == [
        "log-opts.max-file",
        "debug",
        "",
    ]


def test_two_scopes_do_not_share_a_key() -> None:
    have = RUNNING._replace(scope="dns", others={"dns": "daemon"}, raw={"dns": ["10.0.0.1"]})
    with pytest.raises(SpecError) as error:
        made({"dns": "10.0.0.1"}, have)
    (problem,) = error.value.problems()
    assert problem.where == "daemon.dns"
    assert "scope daemon already, and wanted by scope dns" in problem.message


def test_what_another_scope_left_waiting_does_not_restart_the_daemon() -> None:
    others = {"mtu": "daemon"}
    have = RUNNING._replace(
        scope="dns", others=others, raw={"mtu": 1400}, waiting=frozenset({"mtu"})
    )
    found = made({"debug": True}, have)
    assert steps(found) == [("reload", "", "reload")]
    assert [(n.path, n.after) for n in found.pending] == [("mtu", 1400)]
    assert made({"dns": "10.0.0.1"}, have).pending == ()  # the restart is for both


def test_live_restore_of_another_scope_stays() -> None:
    have = RUNNING._replace(
        raw={"live-restore": True}, live_restore=True, others={"live-restore": "daemon"}
    )
    assert steps(made({"mtu": 1400}, have, foreign="remove")) == [("restart", "", "restart")]
