"""A host with all sorts of content, and a picture of it that shares no code with the core."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.hosts import TINY, TestHost, machine, tiny_tar

ACKS = "/machine/acks"
MOVED = "/var/lib/containerd/moved"  # a volume of its own in a test host
_WRITER = (
    "i=$(wc -l < /data/records 2>/dev/null || echo 0); trap 'exit 0' TERM; while :; do "
    "i=$((i + 1)); echo $i >> /data/records; fsync /data/records; : > /acks/$i; sleep 0.05; done"
)
_IDLE = "trap 'exit 0' TERM; sleep 100000 & wait"
# The bytes, owners and modes of every file of every volume, below a data-root.
_VOLUMES = """
import hashlib, json, os, stat, sys
root, shift, found = sys.argv[1], int(sys.argv[2]), {}
for parent, folders, names in os.walk(root):
    for name in folders + names:
        path = os.path.join(parent, name)
        short, state = os.path.relpath(path, root), os.lstat(path)
        if '/_data' not in '/' + short or short.endswith('/_data'):
            continue
        content = os.readlink(path) if stat.S_ISLNK(state.st_mode) else ''
        if stat.S_ISREG(state.st_mode):
            content = hashlib.sha256(open(path, 'rb').read()).hexdigest()
        owner = [id - shift if id >= shift else id for id in (state.st_uid, state.st_gid)]
        links = state.st_nlink if stat.S_ISREG(state.st_mode) else 0
        holes = state.st_size > 1048576 and state.st_blocks * 512 < state.st_size
        found[short] = [stat.filemode(state.st_mode), owner, links, holes, content]
print(json.dumps(found))
"""


class Picture(NamedTuple):
    """What can be compared before and after."""

    images: dict[str, str]  # tag -> ID
    untagged: set[str]
    containers: dict[str, Any]
    exports: dict[str, dict[str, str]]  # container -> file -> hash of its content and head
    volumes: dict[str, Any]
    networks: dict[str, Any]


def run(host: TestHost, verb: str, document: dict[str, Any], **env: str) -> dict[str, Any]:
    """The report of the command line inside the host; ``told`` is what it said on the way."""
    argv = ["-m", "dockwright_cli", verb, "--json", "-"]
    done = host.core(argv, input=json.dumps(document), check=False, env=env, timeout=900)
    return {**json.loads(done.stdout), "told": done.stderr.splitlines()}


def apply(host: TestHost, **storage: Any) -> dict[str, Any]:
    """Apply a storage; predicted is done, and nothing is left to do."""
    document = {"storage": storage}
    predicted = run(host, "plan", document)
    assert not predicted["failed"], predicted["message"]
    report = run(host, "apply", document)
    assert not report["failed"], report["message"]
    assert report["changes"] == predicted["changes"]
    left = run(host, "plan", document)
    assert left["changes"] == [] and not left["failed"], left
    return report


def fill(host: TestHost) -> None:
    """Eleven images, twelve containers of every sort, volumes with every sort of file, networks."""
    with contextlib.closing(host.sdk()) as client:
        for number in range(2, 8):
            host.load(tiny_tar(f"shop/tiny{number}:1", Env=["PATH=/bin", f"N={number}"]))
        image = client.images.get(TINY)
        image.tag("shop/app", "1")
        image.tag("shop/app", "latest")
        _layered(client)
        network = client.networks.create(
            "back", ipam={"Config": [{"Subnet": "10.77.0.0/24", "Gateway": "10.77.0.1"}]}
        )
        client.networks.create("front", labels={"a": "b"})
        _containers(client)
        assert network.id
    _until(lambda: "7" in host.exec(["sh", "-c", f"ls {ACKS}"]).stdout.split())


def _layered(client: Any) -> None:
    """Three images of two layers more; the first one's tag goes to the last one."""
    for number in (1, 2, 3):
        script = f"mkdir /l{number}; cd /l{number}; echo {number} > f; ln f g; chown 33:44 f"
        made = client.containers.run(TINY, ["sh", "-c", script], detach=True)
        made.wait()
        made.commit("shop/layers", f"v{number}")
        if number == 1:
            client.containers.create("shop/layers:v1", ["sh", "-c", _IDLE], name="untagged")
        made.remove()
    client.images.get("shop/layers:v3").tag("shop/layers", "v1")


def _containers(client: Any) -> None:
    def make(name: str, script: str = _IDLE, image: str = TINY, **options: Any) -> Any:
        return client.containers.create(image, ["sh", "-c", script], name=name, **options)

    files = (
        "cd /data; echo hello > a; ln a b; ln -s a c; chown 1000:50 a; chmod 4755 a; mkdir d;"
        f"echo x > d/y; truncate -s 4m sparse; mkfifo p; {_IDLE}"
    )
    named = {"files": {"bind": "/data", "mode": "rw"}}
    acks = {ACKS: {"bind": "/acks", "mode": "rw"}, "records": {"bind": "/data", "mode": "rw"}}
    make("files", files, volumes=named, environment={"A": "1"}, labels={"k": "v"}).start()
    make("writer", _WRITER, volumes=acks, restart_policy={"Name": "unless-stopped"}).start()
    web = client.api.create_container(
        "shop/tiny2:1",
        ["sh", "-c", "echo started; " + _IDLE],
        name="web",
        hostname="webhost",
        networking_config=client.api.create_networking_config(
            {"back": client.api.create_endpoint_config(ipv4_address="10.77.0.9", aliases=["w"])}
        ),
        host_config=client.api.create_host_config(
            restart_policy={"Name": "always"}, network_mode="back", port_bindings={80: 8080}
        ),
    )
    client.networks.get("front").connect("web", aliases=["f"])
    client.api.start(web)
    make("mate", network_mode="container:web", image="shop/tiny3:1").start()
    make("anonymous", "echo anon > /v/x; " + _IDLE, image="shop/tiny4:1", volumes=["/v"]).start()
    make("once", "echo done", image="shop/tiny5:1").start()
    make("failed", "echo no; exit 3", image="shop/tiny6:1").start()
    make("paused", image="shop/tiny7:1").start()
    make("down", restart_policy={"Name": "always"}, network="back").start()
    make("never", image="shop/layers:v2")
    make("limited", mem_limit="64m", read_only=True, init=True, tmpfs={"/tmp": ""}).start()
    client.containers.get("untagged").start()
    client.containers.get("paused").pause()
    client.containers.get("down").stop(timeout=1)
    for name in ("once", "failed"):
        client.containers.get(name).wait()


def picture(host: TestHost, shift: int = 0) -> Picture:
    """All that is there now; ``shift`` is the first ID that root in containers is."""
    with contextlib.closing(host.sdk()) as client:
        images = client.images.list()
        root = client.info()["DockerRootDir"]
        containers = client.containers.list(all=True)
        networks = {
            item["Name"]: [item["Driver"], item["IPAM"]["Config"], item["Labels"], item["Id"]]
            for item in client.api.networks()
            if item["Name"] not in ("bridge", "host", "none")
        }
        found = Picture(
            {tag: image.id for image in images for tag in image.tags},
            {image.id for image in images if not image.tags},
            {item.name: shape(item.attrs) for item in containers},
            {item.name: _export(item) for item in containers},
            {},
            networks,
        )
    argv = ["python3", "-c", _VOLUMES, f"{root}/volumes", str(shift)]
    volumes = json.loads(host.exec(argv).stdout)
    kept = {path: item for path, item in volumes.items() if not path.startswith("records/")}
    return found._replace(volumes=kept)


def _what(mount: dict[str, Any]) -> str:
    """What is mounted; engine 28.5 does not tell the names of anonymous volumes."""
    if mount["Type"] == "volume" and not mount.get("Name"):
        return str(mount["Source"].split("/")[-2])
    return str(mount.get("Name") or mount["Source"])


def shape(raw: dict[str, Any]) -> dict[str, Any]:
    """A container as it must be again: all but IDs and what differs from start to start."""
    config = {k: v for k, v in raw["Config"].items() if k not in ("Hostname", "MacAddress")}
    labels = {
        k: v for k, v in (config["Labels"] or {}).items() if not k.startswith("io.dockwright.")
    }
    host = {
        k: v for k, v in raw["HostConfig"].items() if k not in ("Binds", "Mounts", "NetworkMode")
    }
    ends = {
        name: [end.get("IPAMConfig"), [a for a in end.get("Aliases") or () if a != raw["Id"][:12]]]
        for name, end in raw["NetworkSettings"]["Networks"].items()
    }
    mounts = sorted((m["Type"], _what(m), m["Destination"], m["RW"]) for m in raw["Mounts"])
    state = {k: raw["State"][k] for k in ("Status", "Paused", "ExitCode")}
    if raw["State"]["Running"]:
        state.pop("ExitCode")
    elif raw["State"]["ExitCode"] in (137, 143):
        state["ExitCode"] = "killed"
    host["RestartPolicy"] = {"Name": host["RestartPolicy"]["Name"] or "no"}
    return {
        "config": {**config, "Labels": labels},
        "host": {k: v for k, v in host.items() if v not in (None, [], {}, 0, "")},
        "networks": {n: [ipam or {}, sorted(set(a))] for n, (ipam, a) in ends.items()},
        "mounts": mounts,
        "state": state,
        "image": raw["Image"],
    }


def _export(container: Any) -> dict[str, str]:
    """Every file of a container's own file system, by the hash of its head and content."""
    found: dict[str, str] = {}
    data = io.BytesIO(b"".join(container.export()))
    with tarfile.open(fileobj=data) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            text = content.read() if content else b""
            head = f"{member.mode:o} {member.uid} {member.gid} {member.type!r} {member.linkname}"
            if member.name != "etc/mtab":  # the engine's own; a mapped one does not make it
                found[member.name.rstrip("/")] = hashlib.sha256(head.encode() + text).hexdigest()
    return found


def filled(new_host: Callable[..., TestHost], recipe: str) -> TestHost:
    """A host of its own, for its daemon and data-root do not stay what they are."""
    host = new_host(recipe)
    host.exec(["sh", "-c", f"mkdir -p {ACKS} && chmod 1777 {ACKS}"])
    fill(host)
    return host


def info(host: TestHost) -> dict[str, Any]:
    with contextlib.closing(host.sdk()) as client:
        return dict(client.info())


def same(before: Picture, after: Picture, *, but: tuple[str, ...] = ()) -> None:
    """Compared part by part, for the differences to be readable."""
    for name in Picture._fields:
        was, now = getattr(before, name), getattr(after, name)
        if name in but:
            continue
        if isinstance(was, dict):
            assert set(now) == set(was), name
            for key, value in was.items():
                assert now[key] == value, (name, key)
        else:
            assert now == was, name


def acknowledged(host: TestHost) -> int:
    """The last record that the writer has acknowledged to the outside."""
    return max(map(int, host.exec(["ls", ACKS]).stdout.split()))


def check_records(host: TestHost, last: int) -> None:
    """Every record up to that one is in the volume, in order, and the writer goes on."""
    _until(lambda: acknowledged(host) > last + 2)
    with contextlib.closing(host.sdk()) as client:
        root = client.info()["DockerRootDir"]
    records = [int(line) for line in host.read(f"{root}/volumes/records/_data/records").split()]
    assert records[: last + 2] == list(range(1, last + 3))


def _until(is_so: Any, limit: float = 60) -> None:
    deadline = time.monotonic() + limit
    while not is_so():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.1)


def btrfs_at(host: TestHost, path: str) -> None:
    """Mount a fresh btrfs of half a gigabyte in the host."""
    machine.install("btrfs-progs")
    image = Path(host.folder) / "btrfs.img"
    with image.open("wb") as file:
        file.truncate(512 * 1024**2)
    machine.run(["mkfs.btrfs", "-q", image])
    script = (
        "[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237\n"
        "for n in $(seq 0 63); do [ -e /dev/loop$n ] || mknod /dev/loop$n b 7 $n; done\n"
        f"mkdir -p {path} && mount -o loop /machine/btrfs.img {path}"
    )
    host.exec(["sh", "-c", script])
