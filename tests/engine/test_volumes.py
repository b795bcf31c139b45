"""Volumes made anew with their data on a real engine: nothing is lost, whatever fails."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from tests.engine.storage_world import run
from tests.hosts import TINY, TestHost, engine_clean

KILLER = "/opt/dockwright/tests/engine/storage_run.py"
# A database: each record is acknowledged to its log only once it is on disk.
WRITER = "n=0; while :; do n=$((n+1)); echo $n >> /db/records; sync; echo $n; done"
STEPS = ("try", "stop", "remove", "aside", "switch", "copy", "create", "start", "drop")
SITE = """
mkdir -p /var/lib/containerd/elsewhere
chown 7:8 /var/lib/containerd/elsewhere
docker volume create --label tier=one dwdata >/dev/null
cd /var/lib/docker/volumes/dwdata/_data
chmod 2770 . && chown 70:71 .
mkdir deep && echo secret > deep/file && chmod 640 deep/file && chown 70:71 deep/file
ln deep/file hard && ln -s deep/file soft && mkfifo pipe
truncate -s 64M sparse && printf x >> sparse
python3 -c 'import os; os.setxattr("deep/file", "user.note", b"kept")'
head -c 3000000 /dev/urandom > blob
"""
DIGEST = """
import hashlib, os, sys
for parent, folders, names in sorted(os.walk(sys.argv[1])):
    for name in sorted([*folders, *names]):
        path = os.path.join(parent, name)
        at = os.lstat(path)
        if name == "records": continue
        words = [oct(at.st_mode), at.st_uid, at.st_gid, int(at.st_mtime_ns)]
        if os.path.isfile(path) and not os.path.islink(path):
            words += [hashlib.sha256(open(path, "rb").read()).hexdigest(), at.st_nlink]
            words += [{n: os.getxattr(path, n) for n in os.listxattr(path)}]
        print(os.path.relpath(path, sys.argv[1]), *words)
at = os.lstat(sys.argv[1])
print("the folder", oct(at.st_mode), at.st_uid, at.st_gid)
"""


class Site:
    """A host with one volume that is worth something, and its containers."""

    def __init__(self, host: TestHost, client: docker.DockerClient) -> None:
        self.host = host
        self.client = client
        self.digest = ""

    def fill(self) -> None:
        """The volume with all sorts of files, a writer, one beside it, and one that never ran."""
        engine_clean(self.host)
        self.host.load_tiny()
        self.host.exec(["rm", "-rf", "/var/lib/containerd/elsewhere"])
        self.host.exec(["sh", "-ec", SITE])
        mounts: dict[str, Any] = {"volumes": {"dwdata": {"bind": "/db", "mode": "rw"}}}
        hasty = {"detach": True, "stop_signal": "SIGKILL"}
        start = self.client.containers.run
        start(TINY, ["sh", "-c", WRITER], name="db", environment={"A": "1"}, **mounts, **hasty)
        start(TINY, ["sleep", "1000"], name="beside", network_mode="container:db", **hasty)
        self.client.containers.create(TINY, ["sleep", "1"], name="idle", **mounts)
        self.digest = self.digest_of()

    def path(self) -> str:
        raw = self.client.volumes.get("dwdata").attrs
        return str((raw["Options"] or {}).get("device") or raw["Mountpoint"])

    def digest_of(self) -> str:
        return self.host.exec(["python3", "-c", DIGEST, self.path()]).stdout

    def acknowledged(self) -> int:
        """The last record that the database says it has."""
        return int(self.client.containers.get("db").logs().split()[-1])

    def run(self, verb: str, **volume: Any) -> dict[str, Any]:
        return run(self.host, verb, document(**volume))

    def kill(self, step: str, when: str, **volume: Any) -> int:
        """A run that dies; the last record that was acknowledged, also after it where db runs."""
        last = self.acknowledged()
        request = {"document": document(**volume), "at": step, "when": when}
        killed = self.host.core([KILLER], input=json.dumps(request), check=False)
        assert killed.returncode != 0, killed.stdout
        return max(last, self.later())

    def later(self) -> int:
        """One more record, where the database runs; 0 where it does not."""
        first = 0
        for _ in range(300):
            found = self.client.containers.list(filters={"name": "^db$"})
            if not found:
                return 0
            words = found[0].logs().split()
            first = first or (int(words[-1]) if words else 0)
            if words and int(words[-1]) > first:
                return int(words[-1])
            time.sleep(0.05)
        raise AssertionError("the database writes nothing")

    def recover(self) -> dict[str, Any]:
        return run(self.host, "apply", {"volumes": {"dwdata": {"external": True}}})

    def whole(self, last: int) -> None:
        """All is there: each file, each record, and who ran."""
        assert self.digest_of() == self.digest
        records = self.host.exec(["cat", f"{self.path()}/records"]).stdout.split()
        assert str(last) in records
        found = {c.name: c for c in self.client.containers.list(all=True)}
        assert set(found) == {"db", "beside", "idle"}
        states = {name: one.status for name, one in found.items()}
        assert states == {"db": "running", "beside": "running", "idle": "created"}
        assert "A=1" in found["db"].attrs["Config"]["Env"]
        mode = found["beside"].attrs["HostConfig"]["NetworkMode"]
        assert mode == f"container:{found['db'].id}"
        assert {v.name for v in self.client.volumes.list()} == {"dwdata"}


def document(**volume: Any) -> dict[str, Any]:
    return {"volumes": {"dwdata": {"migrate": True, **volume}}}


@pytest.fixture
def site(host26: TestHost) -> Iterator[Site]:
    with contextlib.closing(host26.sdk()) as client:
        made = Site(host26, client)
        made.fill()
        yield made
        engine_clean(host26)


def test_without_consent_drift_is_refused(site: Site) -> None:
    refused = site.run("apply", labels={"tier": "two"}, migrate=False)
    assert refused["failed"]
    assert "migrate: true" in refused["message"]
    refused = site.run("plan", driver_opts={"type": "tmpfs", "device": "tmpfs"})
    assert "tmpfs keeps no data" in refused["message"]


def test_labels_and_place_change_and_the_data_come_along(site: Site) -> None:
    planned = site.run("plan", labels={"tier": "two"})
    titles = {(c["kind"], c["name"], c["action"], c["disruption"]) for c in planned["changes"]}
    assert titles == {
        ("volume", "dwdata", "replace", "replace"),
        ("container", "db", "replace", "replace"),
        ("container", "beside", "replace", "replace"),
        ("container", "idle", "replace", "none"),
    }
    id = site.client.containers.get("db").id
    assert site.client.volumes.get("dwdata").attrs["Labels"] == {"tier": "one"}
    last = site.acknowledged()
    done = site.run("apply", labels={"tier": "two"})
    assert not done["failed"], done["message"]
    assert done["changes"] == planned["changes"]
    assert any("copy " in line for line in done["told"])
    assert any("volume dwdata: stopping" in line for line in done["told"])
    site.whole(last)
    assert site.client.containers.get("db").id != id
    assert site.client.volumes.get("dwdata").attrs["Labels"]["tier"] == "two"
    assert site.run("plan", labels={"tier": "two"})["changes"] == []
    # To a folder elsewhere, and back.
    elsewhere = {"type": "none", "o": "bind", "device": "/var/lib/containerd/elsewhere"}
    for options in (elsewhere, {}):
        last = site.acknowledged()
        done = site.run("apply", labels={"tier": "two"}, driver_opts=options)
        assert not done["failed"], done["message"]
        site.whole(last)
        again = site.run("plan", labels={"tier": "two"}, driver_opts=options)
        assert again["changes"] == []


def test_who_cannot_be_made_again_is_not_stopped(site: Site) -> None:
    site.host.exec(["mkdir", "-p", "/var/lib/containerd/passing"])
    bind = docker.types.Mount("/bind", "/var/lib/containerd/passing", type="bind")
    data = docker.types.Mount("/db", "dwdata")
    run_one = site.client.containers.run
    odd = run_one(TINY, ["sleep", "1000"], name="odd", detach=True, mounts=[bind, data])
    site.host.exec(["rmdir", "/var/lib/containerd/passing"])
    ids = {c.id for c in site.client.containers.list(all=True)}
    failed = site.run("apply", labels={"tier": "two"})
    assert "nothing was stopped" in failed["message"]
    assert "/var/lib/containerd/passing" in failed["message"]
    assert {c.id for c in site.client.containers.list(all=True)} == ids
    odd.remove(force=True)
    site.whole(site.acknowledged())


def test_what_cannot_be_copied_safely_is_refused_before_anything_stops(site: Site) -> None:
    ids = {c.id for c in site.client.containers.list(all=True)}
    where = "/var/lib/containerd/elsewhere"
    site.host.exec(["sh", "-ec", f"mkdir {where}/lost+found"])
    for options, words in (
        ({"type": "none", "o": "bind", "device": where}, "holds other data already (lost+found)"),
        ({"type": "none", "o": "bind", "device": f"{site.path()}/deep"}, "goes with the old"),
        ({"type": "nfs", "o": "addr=1.2.3.4", "device": ":/x"}, "mount it on the host"),
        ({"type": "ext4", "device": "/dev/loop7"}, "mount it on the host"),
    ):
        refused = site.run("apply", driver_opts=options)
        assert refused["failed"] and words in refused["message"]
    cifs = {"type": "cifs", "o": "username=u,password=x9", "device": "//nas/x"}
    refused = site.run("apply", driver_opts=cifs)
    assert "mount it on the host" in refused["message"] and "x9" not in json.dumps(refused)
    site.host.exec(["mount", "-t", "tmpfs", "none", f"{site.path()}/deep"])
    refused = site.run("apply", labels={"tier": "two"})
    site.host.exec(["umount", f"{site.path()}/deep"])
    assert "is mounted among the data" in refused["message"]
    options = {"auto_remove": True, "volumes": ["/anonymous"], "detach": True}
    more = site.client.containers.run(
        TINY, ["sleep", "1000"], name="more", network_mode="container:db", **options
    )
    refused = site.run("apply", labels={"tier": "two"})
    more.remove(force=True, v=True)
    assert "removes itself with its anonymous volume" in refused["message"]
    aside = "/var/lib/docker/dockwright-aside/dwdata"
    site.host.exec(["mkdir", "-p", aside])
    refused = site.run("plan")
    site.host.exec(["rm", "-r", "/var/lib/docker/dockwright-aside"])
    assert aside in refused["message"]
    assert {c.id for c in site.client.containers.list(all=True)} == ids
    site.whole(site.acknowledged())


def test_what_fails_is_undone(site: Site) -> None:
    last = site.acknowledged()
    nowhere = {"type": "none", "o": "bind", "device": "/nowhere"}
    failed = site.run("apply", driver_opts=nowhere)
    assert "there is no folder /nowhere" in failed["message"]
    assert not failed["changed"]
    site.host.exec(["sh", "-c", "echo mine > /var/lib/containerd/elsewhere/blob"])
    taken = {"type": "none", "o": "bind", "device": "/var/lib/containerd/elsewhere"}
    failed = site.run("apply", driver_opts=taken)
    assert "holds other data already" in failed["message"]
    assert "the old one is back" in failed["message"]
    site.whole(last)
    assert site.client.volumes.get("dwdata").attrs["Labels"] == {"tier": "one"}
    assert site.host.exec(["cat", "/var/lib/containerd/elsewhere/blob"]).stdout == "mine\n"


ALWAYS = {
    ("plain", "start", "after"),
    ("elsewhere", "copy", "after"),
}


@pytest.mark.parametrize(
    ("place", "step", "when"),
    [
        pytest.param(*one, marks=[] if one in ALWAYS else [pytest.mark.full])
        for one in itertools.product(("plain", "elsewhere"), STEPS, ("before", "after"))
    ],
)
def test_a_run_that_is_killed_loses_nothing(site: Site, step: str, when: str, place: str) -> None:
    elsewhere = {"type": "none", "o": "bind", "device": "/var/lib/containerd/elsewhere"}
    wish: dict[str, Any] = {"labels": {"tier": "two"}}
    if place == "elsewhere":
        wish["driver_opts"] = elsewhere
    last = site.kill(step, when, **wish)
    # Anything is run: it puts things right first.
    other = site.recover()
    assert not other["failed"], other["message"]
    site.whole(last)
    assert len(other["changes"]) == (0 if (step, when) == ("try", "before") else 1)
    last = site.acknowledged()
    done = site.run("apply", **wish)
    assert not done["failed"], done["message"]
    site.whole(last)
    assert site.client.volumes.get("dwdata").attrs["Labels"]["tier"] == "two"


def test_what_was_written_after_a_kill_is_never_undone(site: Site) -> None:
    """The database is started by hand on the copy, and another container's image is gone."""
    layer = site.client.containers.create(TINY, ["true"])
    layer.commit("dwgone", "1")
    layer.remove()
    mounts = {"volumes": {"dwdata": {"bind": "/db", "mode": "rw"}}}
    site.client.containers.create("dwgone:1", ["sleep", "1"], name="extra", **mounts)
    site.kill("create", "after", labels={"tier": "two"})
    site.client.images.remove("dwgone:1")
    start = site.client.containers.run
    start(TINY, ["sh", "-c", WRITER], name="db", detach=True, stop_signal="SIGKILL", **mounts)
    last = site.later()
    assert last
    stuck = site.recover()
    assert stuck["failed"] and "extra: " in stuck["message"]
    last = max(last, site.later())
    site.client.containers.create(TINY, ["sleep", "1"], name="extra")  # as the error offers
    done = site.recover()
    assert not done["failed"], done["message"]
    records = site.host.exec(["cat", f"{site.path()}/records"]).stdout.split()
    assert str(last) in records
    assert site.client.volumes.get("dwdata").attrs["Labels"]["tier"] == "two"
    assert site.client.containers.get("db").status == "running"


def test_the_old_data_live_through_a_prune_and_another_who_takes_the_name(site: Site) -> None:
    last = site.kill("copy", "after", labels={"tier": "two"})
    site.host.exec(["docker", "volume", "prune", "-f"])
    site.client.volumes.prune(filters={"all": ["1"]})
    mounts = {"volumes": {"dwdata": {"bind": "/db", "mode": "rw"}}}
    taker = site.client.containers.create(TINY, ["sleep", "1"], name="taker", **mounts)
    planned = run(site.host, "plan", {"volumes": {"dwdata": {"external": True}}})
    assert not planned["failed"] and "is known once" in json.dumps(planned)
    refused = site.recover()
    assert "volume dwdata was made meanwhile by somebody else" in refused["message"]
    taker.remove()
    site.client.volumes.get("dwdata").remove()
    done = site.recover()
    assert not done["failed"], done["message"]
    site.whole(last)


def test_a_container_that_comes_in_between_is_named_and_nothing_is_stuck(site: Site) -> None:
    mounts = {"volumes": {"dwdata": {"bind": "/db", "mode": "rw"}}}
    last = site.kill("switch", "after", labels={"tier": "two"})
    taker = site.client.containers.create(TINY, ["sleep", "1"], name="taker", **mounts)
    done = site.recover()
    assert not done["failed"], done["message"]  # the volume was still the old one
    taker.remove()
    site.whole(last)
    site.kill("create", "before", labels={"tier": "two"})
    taker = site.client.containers.create(TINY, ["sleep", "1"], name="taker", **mounts)
    refused = site.recover()
    assert "taker took volume dwdata meanwhile" in refused["message"]
    taker.remove()
    assert not site.recover()["failed"]
    site.whole(last)


def test_who_does_not_start_is_named_and_the_report_tells_what_was_done(site: Site) -> None:
    site.host.exec(["mknod", "/dev/dwnull", "c", "1", "3"])
    mounts = {"volumes": {"dwdata": {"bind": "/db", "mode": "rw"}}}
    odd = {"name": "odd", "devices": ["/dev/dwnull:/dev/dwnull"], "detach": True}
    site.client.containers.run(TINY, ["sleep", "1000"], **odd, **mounts)
    site.host.exec(["rm", "/dev/dwnull"])
    last = site.acknowledged()
    done = site.run("apply", labels={"tier": "two"})
    assert done["failed"] and done["changed"] and "do not start: odd: " in done["message"]
    assert all(name in str(done["done"]) for name in ("dwdata", "db", "odd"))
    site.client.containers.get("odd").remove(force=True)
    site.whole(last)
    assert site.run("plan", labels={"tier": "two"})["changes"] == []
