"""Bad input is refused before anything is changed: where, what is wrong, what would be right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dockwright import reconcile
from dockwright.connection import Connection
from dockwright.host.machine import Host
from tests.engine.world import SLEEP, World, container, told
from tests.hosts import TINY, TestHost


class Bad(NamedTuple):
    """A wrong document, where it is wrong, and words that must be said of it."""

    document: dict[str, Any]
    where: str
    words: str


def web(**more: Any) -> dict[str, Any]:
    """A document with one container."""
    return {"project": "shop", "containers": {"web": container(**more)}}


BAD: dict[str, Bad] = {
    "unknown key": Bad({"container": {}}, "container", "did you mean 'containers'?"),
    "unknown option": Bad(web(prots=["80"]), "containers.web.prots", "did you mean 'ports'?"),
    "ignore of nothing": Bad({**web(), "ignore": ["containers.wbe.labels"]}, "ignore", "wbe"),
    "ignore of no option": Bad(web(ignore=["lables.a"]), "containers.web.ignore", "'labels'"),
    "ignore of the image": Bad(web(ignore=["image"]), "containers.web.ignore", "'image'"),
    "label of our own": Bad(
        web(labels={"io.dockwright.project": "x"}),
        "containers.web.labels.io.dockwright.project",
        "own",
    ),
    "name of our own": Bad(
        {"containers": {"web.dockwright-old": container()}},
        "containers.web.dockwright-old",
        "replacements",
    ),
    "unknown network key": Bad(
        {"networks": {"back": {"drivr": "bridge"}}}, "networks.back.drivr", "'driver'"
    ),
    "unknown volume key": Bad(
        {"volumes": {"data": {"label": {}}}}, "volumes.data.label", "'labels'"
    ),
    "unknown mount key": Bad(
        web(volumes=["/a", {"target": "/b", "sorce": "x"}]),
        "containers.web.volumes[1].sorce",
        "source",
    ),
    "no single engine can": Bad(web(build="."), "containers.web.build", "build the image"),
    "port": Bad(web(ports=["80", "eighty:80"]), "containers.web.ports[1]", "eighty"),
    "port number": Bad(web(ports=["70000:80"]), "containers.web.ports[0]", "70000"),
    "size": Bad(web(mem_limit="64 apples"), "containers.web.mem_limit", "64m"),
    "duration": Bad(web(stop_grace_period="soon"), "containers.web.stop_grace_period", "1m30s"),
    "number": Bad(web(pids_limit="many"), "containers.web.pids_limit", "whole number"),
    "boolean": Bad(web(privileged="perhaps"), "containers.web.privileged", "true or false"),
    "mapping": Bad(web(labels={"a": {"b": 1}}), "containers.web.labels.a", "must be text"),
    "address": Bad(
        {**web(networks={"back": {"ipv4_address": "10.0.0.999"}}), "networks": {"back": {}}},
        "containers.web.networks.back.ipv4_address",
        "IP address",
    ),
    "restart": Bad(web(restart="sometimes"), "containers.web.restart", "unless-stopped"),
    "volume source": Bad(web(volumes=["./data:/data"]), "containers.web.volumes[0]", "absolute"),
    "mount twice": Bad(web(volumes=["/a", "data:/a"]), "containers.web.volumes[1]", "second time"),
    "env file": Bad(web(env_file=["/no/such"]), "containers.web.env_file[0]", "/no/such"),
    "no image": Bad(
        {"containers": {"web": {"command": "true"}}}, "containers.web.image", "missing"
    ),
    "name": Bad({"containers": {"w": container()}}, "containers.w", "name"),
    "subnet": Bad(
        {"networks": {"back": {"ipam": {"config": [{"subnet": "10.0.0.1/24"}]}}}},
        "networks.back.ipam.config[0].subnet",
        "host bits",
    ),
    "memory and swap": Bad(
        web(mem_limit="64m", memswap_limit="32m"), "containers.web.memswap_limit", "smaller"
    ),
    "mode and networks": Bad(
        web(network_mode="host", networks=["back"]), "containers.web.network_mode", "combined"
    ),
    "replicas with a port": Bad(
        web(scale=2, ports=["8080:80"]), "containers.web.ports", "cannot share"
    ),
    "purge without a project": Bad({"purge": True}, "purge", "project"),
    "disruption": Bad({**web(), "max_disruption": "bit"}, "max_disruption", "reconnect"),
    "depends on nobody": Bad(
        web(depends_on=["database"]), "containers.web.depends_on.database", "not in the spec"
    ),
    "cycle": Bad(
        {
            "containers": {
                "one": container(depends_on=["two"]),
                "two": container(depends_on=["three"]),
                "three": container(depends_on=["one"]),
            }
        },
        "containers.one.depends_on",
        "one -> two -> three -> one",
    ),
    "cycle by a shared network": Bad(
        {
            "containers": {
                "one": container(depends_on=["two"]),
                "two": container(network_mode="service:one"),
            }
        },
        "containers.one.depends_on",
        "cycle",
    ),
    # What shows only next to the host.
    "network not there": Bad(
        {"containers": {"web": container(networks=["bakc"])}, "networks": {"back": {}}},
        "containers.web.networks.bakc",
        "did you mean 'back'?",
    ),
    "external network not there": Bad(
        {"networks": {"back": {"external": True}}}, "networks.back", "not there"
    ),
    "external volume not there": Bad(
        {"volumes": {"data": {"external": True}}}, "volumes.data", "not there"
    ),
    "container not there": Bad(
        web(network_mode="container:databse"), "containers.web.network_mode", "databse"
    ),
    "log driver": Bad(
        web(logging={"driver": "json_file"}),
        "containers.web.logging.driver",
        "did you mean 'json-file'?",
    ),
    "runtime": Bad(web(runtime="kata"), "containers.web.runtime", "runc"),
    "one port twice": Bad(
        {
            "containers": {
                "one": container(ports=["80", "8080:80"]),
                "two": container(ports=["90", "127.0.0.1:8080:80"]),
            }
        },
        "containers.two.ports[1]",
        "containers.one wants it too",
    ),
    "a foreign container's port": Bad(
        web(ports=["81", "18090:80"]), "containers.web.ports[1]", "container foreign publishes it"
    ),
}


@pytest.fixture
def crowded(world26: World) -> World:
    """An engine with a container that holds a port."""
    world26.client.containers.run(TINY, SLEEP, name="foreign", detach=True, ports={"80": 18090})
    return world26


def test_every_wrong_value(crowded: World) -> None:
    """In check mode and at work, with the same words, and nothing has happened."""
    faults = []
    with crowded.untouched(but="lock"):
        for name, bad in BAD.items():
            for check in (True, False):
                report = crowded.run(bad.document, check=check)
                problems = [p for p in report.problems if p.where == bad.where]
                text = " ".join(f"{p.message} {p.fix}" for p in problems)
                if not problems or bad.words not in text or report.changed or not report.failed:
                    faults.append(f"{name}: {report.problems}")
                elif not all(p.message for p in report.problems):
                    faults.append(f"{name} says nothing")
        assert not faults, "\n".join(faults)
    assert crowded.names() == {"foreign"}


def test_several_together(crowded: World) -> None:
    """All problems of a document at once; then all that show next to the host."""
    document = {
        "containers": {
            "web": container(prots=["80"], mem_limit="x", restart="no way"),
            "db": container(volumes=["/a", "./b:/b"]),
        },
        "networks": {"back": {"drivr": "bridge"}},
        "purge": True,
    }
    report = crowded.fail(document)
    assert {problem.where for problem in report.problems} >= {
        "containers.web.prots",
        "containers.web.mem_limit",
        "containers.web.restart",
        "containers.db.volumes[1]",
        "networks.back.drivr",
        "purge",
    }
    document = {
        "project": "shop",
        "containers": {
            "web": container(ports=["18090:80"], runtime="kata"),
            "db": container(networks=["nowhere"], logging={"driver": "nothing"}),
        },
    }
    report = crowded.fail(document)
    assert {problem.where for problem in report.problems} == {
        "containers.web.ports[0]",
        "containers.web.runtime",
        "containers.db.networks.nowhere",
        "containers.db.logging.driver",
    }


_ON_THE_HOST = """
import json, sys
from dockwright import reconcile
from dockwright.report import to_dict
print(json.dumps(to_dict(reconcile.converge(json.load(sys.stdin), check=%s))))
"""


def _on_the_host(host: TestHost, document: Any, *, check: bool) -> Any:
    done = host.core(["-c", _ON_THE_HOST % check], input=json.dumps(document))
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def test_a_port_of_another_process(world: World) -> None:
    """Seen on the engine's own host, in check mode too; our own containers do not count."""
    host = world.host
    host.exec(["systemd-run", "-q", "--unit=holder", "python3", "-m", "http.server", "18091"])
    try:
        host.exec(["sh", "-c", "until curl -s 127.0.0.1:18091 >/dev/null; do :; done"])
        for check in (True, False):
            report = _on_the_host(host, web(ports=["80", "18091:80"]), check=check)
            assert report["failed"]
            (problem,) = report["problems"]
            assert problem["where"] == "containers.web.ports[1]"
            assert "another process of the host" in problem["message"]
            assert problem["fix"]
        assert not world.names()
    finally:
        host.exec(["systemctl", "stop", "holder"])
    for version in ("1", "2"):
        document = web(ports=["80", "18091:80"], environment={"A": version})
        assert not _on_the_host(host, document, check=False)["failed"]
        assert not _on_the_host(host, document, check=True)["changes"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("unix:///no/such/docker.sock", "no such socket"),
        ("tcp://127.0.0.1:1", "refused"),
        ("tcp://no-such-host.invalid:2375", "no-such-host.invalid"),
    ],
)
def test_no_engine(tmp_path: Path, address: str, words: str) -> None:
    """Which address was tried, why it failed, what to check."""
    report = reconcile.converge(
        web(), connection=Connection(address, timeout=5.0), host=Host(memory=str(tmp_path / "m"))
    )
    assert report.failed
    assert not report.changed
    (problem,) = report.problems
    assert address in problem.message
    assert words in problem.message.lower()
    assert problem.fix


def test_a_wrong_address(tmp_path: Path) -> None:
    report = reconcile.converge(
        web(), connection=Connection("http//nowhere"), host=Host(memory=str(tmp_path / "m"))
    )
    assert report.failed
    assert "http//nowhere" in told(report)
    assert not list(tmp_path.iterdir())
