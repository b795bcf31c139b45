"""Folders between the host and containers of a real engine, both ways."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from dockwright import api
from dockwright.actions import acting, copy_folder
from dockwright.engine.client import Engine
from tests.engine.world import World, container, project

# A volume of a container that does not use it is mounted to be read.
_READING = {"container archive-path", "volume mount", "volume unmount"}


@pytest.fixture
def world(lean_world: World) -> World:
    lean_world.apply(project({"web": container()}))
    return lean_world


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with what folders have."""
    top = tmp_path / "site"
    (top / "img").mkdir(parents=True)
    (top / "img/empty").mkdir(mode=0o750)
    (top / "index.html").write_text("<p>grüße</p>\n")
    (top / "img/big").write_bytes(bytes(range(256)) * 4000)
    (top / "run.sh").write_text("#!/bin/sh\n")
    (top / "run.sh").chmod(0o755)
    (top / "img/home").symlink_to("../index.html")
    (top / "out").symlink_to("/etc/passwd")
    Path(os.fsdecode(os.fsencode(top) + b"/n\xf6n")).write_text("latin")
    return top


def act(world: World, *, check: bool = False, **params: Any) -> dict[str, Any]:
    connection = api.Connection(world.host.docker_host)
    return api.act("container_copy", {"name": "web", **params}, connection, check=check)


@contextlib.contextmanager
def only_read(world: World) -> Iterator[None]:
    before = world.snapshot()
    with world.events() as events:
        yield
    assert {event.rpartition(" ")[0] for event in events} <= _READING
    assert world.snapshot() == before


def copied(world: World, **params: Any) -> dict[str, Any]:
    """Predicted by check mode, which writes nothing, done, and then there is nothing to do."""
    with only_read(world):
        predicted = act(world, check=True, **params)
    done = act(world, **params)
    assert not done["failed"], done["message"]
    assert done["changed"]
    assert [predicted[key] for key in ("changed", "diff", "files")] == [
        done[key] for key in ("changed", "diff", "files")
    ]
    for check in (True, False):
        again = act(world, check=check, **params)
        assert (again["changed"], again["failed"], again["files"]) == (False, False, {}), again
    return done


def problem(world: World, **params: Any) -> dict[str, Any]:
    """The one problem of what is refused before anything is changed."""
    found = []
    for check in (True, False):
        with only_read(world):
            failed = act(world, check=check, **params)
        assert (failed["failed"], failed["changed"], len(failed["problems"])) == (True, False, 1)
        found.append(failed["problems"][0])
    assert found[0] == found[1]
    return dict(found[0])


def members(world: World, path: str) -> dict[str, tarfile.TarInfo]:
    """What is in a folder, by the docker SDK."""
    stream, _ = world.client.containers.get("web").get_archive(f"{path}/.")
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        return {os.path.normpath(entry.name): entry for entry in archive}


def said(world: World, *command: str) -> str:
    _, output = world.client.containers.get("web").exec_run(list(command))
    return str(output.decode())


def test_a_folder_goes_into_a_container(world: World, site: Path) -> None:
    done = copied(world, src=str(site), path="/srv/new/www")
    assert set(done["files"].values()) == {"it is not there"}
    assert done["files"].keys() >= {"/srv/new/www/site", "/srv/new/www/site/img/big"}
    seen = members(world, "/srv/new/www/site")
    assert len(seen) == 9
    assert {entry.uid for entry in seen.values()} == {0}
    assert (seen["run.sh"].mode & 0o7777, seen["img/empty"].mode & 0o7777) == (0o755, 0o750)
    assert (seen["out"].linkname, seen["img/home"].linkname) == ("/etc/passwd", "../index.html")
    assert int(seen["run.sh"].mtime) == int((site / "run.sh").stat().st_mtime)
    assert said(world, "cat", "/srv/new/www/site/index.html") == "<p>grüße</p>\n"
    assert said(world, "wc", "-c", "/srv/new/www/site/img/big").startswith("1024000 ")


def test_what_is_in_a_folder_and_only_what_differs(world: World, site: Path) -> None:
    """With one reading of what is there, and one of what has been written."""
    assert world.does("web", "sh", "-c", "mkdir -m 700 /page; echo kept > /page/kept")
    wanted = {"src": f"{site}/", "path": "/page", "owner": "7:8", "directory_mode": "0711"}
    copied(world, **wanted)
    seen = members(world, "/page")
    assert {path for path, entry in seen.items() if entry.uid != 7} == {".", "kept"}
    assert (seen["."].mode & 0o777, seen["img/empty"].mode & 0o777) == (0o700, 0o711)
    script = "cd /page; echo x > index.html; chmod 4755 img/big; chown 9 img; ln -sf /x img/home"
    assert world.does(
        "web", "sh", "-c", f"{script}; rm run.sh; touch -d @77 out; rm out; echo > out"
    )
    inode = said(world, "stat", "-c", "%i", "/page/img/empty")
    done = copied(world, **wanted)
    assert done["files"] == {
        "/page/img": "another owner",
        "/page/img/big": "another mode",
        "/page/img/home": "another target, owner",
        "/page/index.html": "another content",
        "/page/out": "a link in place of a file",
        "/page/run.sh": "it is not there",
    }
    assert done["diff"]["before"]["/page/index.html"]["content"] == "(2 bytes)"
    assert "/page/run.sh" not in done["diff"]["before"]
    assert said(world, "cat", "/page/kept") == "kept\n"
    assert said(world, "stat", "-c", "%i", "/page/img/empty") == inode
    (site / "index.html").write_text("<p>grosse</p>\n")  # as long as before
    assert list(copied(world, **wanted)["files"]) == ["/page/index.html"]
    assert len(copied(world, **wanted, mode="0600")["files"]) == 4
    copied(world, **{**wanted, "path": "/way/to/page"})
    assert said(world, "stat", "-c", "%u:%g %a", "/way", "/way/to", "/way/to/page") == (
        "7:8 711\n" * 3
    )
    mine = f"{os.getuid()}:{os.getgid()}"
    assert copied(world, **{**wanted, "owner": "preserve"})["diff"]["after"]["/page/out"] == {
        "kind": "link",
        "owner": mine,
        "target": "/etc/passwd",
    }


def test_as_few_requests_as_can_be(world: World, site: Path) -> None:
    engines: list[Engine] = []

    def engine(*args: Any, **options: Any) -> Engine:
        engines.append(Engine(*args, **options))
        return engines[-1]

    with mock.patch.object(acting, "Engine", engine):
        for _ in range(2):
            act(world, src=f"{site}/", path="/etc")
    first, second = ([line.split()[0] for line in engine.log] for engine in engines)
    # version, container, each folder of the path, place, …
    assert first == ["GET", "GET", "HEAD", "HEAD", "GET", "PUT", "GET"]
    assert second == ["GET", "GET", "HEAD", "HEAD", "GET"]


def test_places(world: World, site: Path) -> None:
    """Links to folders at the top are gone through, and what is in the way is refused."""
    script = "mkdir -p /data/site /full/img; ln -s /data /link; ln -s site /data/again"
    assert world.does(
        "web", "sh", "-c", f"{script}; ln -s /none /lost; ln -s /data /full/img/empty"
    )
    copied(world, src=str(site), path="/link")
    assert said(world, "cat", "/data/site/run.sh") == "#!/bin/sh\n"
    copied(world, src=f"{site}/", path="/data/again", mode="0600")
    assert said(world, "stat", "-c", "%a", "/data/site/run.sh") == "600\n"
    for path in ("/lost", "/lost/in", "/etc/passwd", "/etc/passwd/in"):
        assert problem(world, src=f"{site}/", path=path)["where"] == "path"
    words = problem(world, src=f"{site}/", path="/full")["message"]
    assert words == "/full/img/empty is a link, and not the folder that it is to be"
    assert world.does("web", "sh", "-c", "rm /full/img/empty; mkdir /full/index.html")
    assert "is a folder" in problem(world, src=f"{site}/", path="/full")["message"]
    os.mkfifo(site / "img/pipe")
    words = problem(world, src=f"{site}/", path="/full")["message"]
    assert words == f"{site}/ holds what cannot be copied: img/pipe"
    for more in ({"content": "x"}, {"mode": 0o644}, {"directory_mode": "x"}, {"owner": "me"}):
        assert problem(world, **{"src": str(site), "path": "/full", **more})["where"] in (
            "content",
            *more,
        )
    given = {"path": "/x", "content": "x"}
    assert problem(world, **given, directory_mode="0755")["where"] == "directory_mode"
    assert problem(world, **given, owner="preserve")["where"] == "owner"


def test_whoever_the_container_runs_as(lean_world: World, site: Path) -> None:
    world = lean_world
    for user in ("1000:1000", "nobody"):
        world.apply(project({"web": container(user=user, read_only=True, volumes=["/data"])}))
        copied(world, src=f"{site}/", path=f"/data/{user[:4]}", owner="5:6")
        done = act(world, content=user, path=f"/data/{user[:4]}/x")
        assert (done["changed"], done["failed"]) == (True, False)
        owners = {path: entry.uid for path, entry in members(world, f"/data/{user[:4]}").items()}
        assert (owners["x"], owners["run.sh"]) == (0, 5)
        words = problem(world, src=str(site), path="/opt/site")["message"]
        assert words.startswith("/ in container web is read-only")
        words = problem(world, content="x", path="/etc/x")["message"]
        assert words.startswith("/etc in container web is read-only")


def test_what_is_in_memory(lean_world: World, site: Path, tmp_path: Path) -> None:
    """The engine would write below it, and say that all is well."""
    world = lean_world
    world.apply(project({"web": container(tmpfs=["/fast", "/srv/deep/fast"])}))
    for given in (
        {"src": f"{site}/", "path": "/fast/x"},
        {"src": str(site), "path": "/fast"},
        {"content": "x", "path": "/fast/x"},
        {"dest": str(tmp_path / "got"), "path": "/fast"},
        {"dest": str(tmp_path / "got"), "path": "/proc/version"},
    ):
        assert "which the engine does not show" in problem(world, **given)["message"]
    # By links, of which one leads to the other, and the last is absolute or not.
    assert world.does("web", "sh", "-c", "ln -s /fast /far; ln -s ../far/x /etc/on; ln -s /srv /to")
    for given, path, real in (
        ({"content": "x"}, "/far/x", "/fast/x"),
        ({"content": "x"}, "/etc/on/a/b", "/fast/x/a/b"),
        ({"src": f"{site}/"}, "/etc/on/a", "/fast/x/a"),
        ({"src": str(site)}, "/far", f"/fast/{site.name}"),
        ({"dest": str(tmp_path / "got")}, "/far", "/fast"),
        ({"dest": str(tmp_path / "got")}, "/far/x", "/fast/x"),
    ):
        words = problem(world, path=path, **given)["message"]
        whole = f"{path}/{site.name}" if given.get("src") == str(site) else path
        start = f"{whole} leads by a symbolic link to {real}, and that is in /fast, which"
        assert words.startswith(start)
    assert not (tmp_path / "got").exists()
    (warning,) = act(world, path="/to/", dest=str(tmp_path / "all"))["warnings"]
    assert warning.startswith("/srv/deep/fast is in memory")
    assert copied(world, src=f"{site}/", path="/srv")["warnings"] == [
        "/srv/deep/fast is in memory: what the container has there is neither read nor written"
    ]
    (site / "deep/fast").mkdir(parents=True)
    (site / "deep/fast/x").write_text("x")
    for path in ("/srv", "/to"):
        assert "/srv/deep/fast" in problem(world, src=f"{site}/", path=path)["message"]


def test_what_is_a_mount_of_its_own(world: World, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hosts").write_text("x")
    (tmp_path / "etc/new").write_text("x")
    for given in (
        {"src": f"{tmp_path}/etc/", "path": "/etc"},
        {"src": f"{tmp_path}/etc", "path": "/"},
        {"content": "x", "path": "/etc/hosts"},
        {"content": "x", "path": "/etc/hostname"},
        {"content": "x", "path": "/etc/resolv.conf"},
    ):
        assert "is a mount of its own" in problem(world, **given)["message"]
    same = act(world, content=said(world, "cat", "/etc/hosts"), path="/etc/hosts")
    assert (same["changed"], same["failed"]) == (False, False)


def test_before_there_is_a_container(world: World, site: Path) -> None:
    told = act(world, check=True, name="later", src=str(site), path="/x")
    assert (told["changed"], "/x/site/run.sh" in told["files"]) == (True, True)
    assert told["warnings"]
    assert act(world, name="later", src=str(site), path="/x")["failed"]


def test_a_source_that_goes_takes_nothing_away(world: World, site: Path) -> None:
    """The file in the container stays as it is: the engine has got no header of it."""
    copied(world, src=f"{site}/", path="/page")
    size = members(world, "/page")["run.sh"].size
    (site / "index.html").write_text("new")
    write = copy_folder._Copy.write

    def late(*args: Any) -> None:
        (site / "run.sh").unlink()
        write(*args)

    (site / "run.sh").write_text("#!/bin/sh\nexit 3\n")
    with mock.patch.object(copy_folder._Copy, "write", late):
        failed = act(world, src=f"{site}/", path="/page")
    assert (failed["failed"], failed["changed"]) == (True, True)
    assert f"cannot read {site}/run.sh: No such file" in failed["message"]
    assert members(world, "/page")["run.sh"].size == size > 0


def test_a_copy_that_stops_says_what_is_there(world: World, site: Path) -> None:
    """A file system that is full in the middle."""
    world.apply(project({"web": container(tmpfs=[], volumes=["small:/small"])}, **SMALL))
    failed = act(world, src=f"{site}/", path="/small")
    assert (failed["failed"], failed["changed"]) == (True, True)
    words = failed["message"]
    assert "no space left" in words
    done, left = words.split("as it should be: ")[1].split(". ")[0].split("; not so: ")
    assert (done, left) == ("img", "img/big, img/empty, img/home, index.html, n\\udcf6n and 2 more")


SMALL = {
    "volumes": {"small": {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "size=512k"}}}
}


@pytest.fixture
def full(world: World) -> None:
    """A folder in the container with what folders have."""
    script = """
    mkdir -p /made/sub/deep; cd /made; echo one > one; chmod 4755 one; ln one sub/same
    ln -s ../one sub/link; ln -s deep sub/here; printf x > sub/deep/x; ln -s /made /to
    """
    assert world.does("web", "sh", "-ec", script)


@pytest.mark.usefixtures("full")
def test_a_folder_comes_to_the_host(world: World, tmp_path: Path) -> None:
    dest = tmp_path / "got"
    done = copied(world, path="/made", dest=str(dest))
    assert f"{dest}/made/sub/deep/x" in done["files"]
    top = dest / "made"
    assert ((top / "one").read_text(), (top / "sub/same").read_text()) == ("one\n", "one\n")
    assert [os.readlink(top / f"sub/{name}") for name in ("link", "here")] == ["../one", "deep"]
    assert [path.stat().st_mode & 0o7777 for path in (top / "one", dest, top / "sub")] == [
        0o700,  # without the bit that gives rights away, and for its owner alone
        0o700,
        0o700,
    ]
    assert (top / "one").stat().st_uid == os.getuid()
    (top / "mine").write_text("mine")
    (top / "one").chmod(0o640)
    (top / "sub/link").unlink()
    (top / "sub/link").write_text("a file")
    (top / "sub/deep/x").unlink()
    assert world.does("web", "sh", "-c", "echo two > /made/one")
    done = copied(world, path="/to/", dest=str(top))
    assert {path.removeprefix(f"{top}/"): why for path, why in done["files"].items()} == {
        "one": "another content",
        "sub/deep/x": "it is not there",
        "sub/link": "a link in place of a file",
        "sub/same": "another content",
    }
    assert ((top / "one").read_text(), (top / "one").stat().st_mode & 0o777) == ("two\n", 0o640)
    assert (top / "mine").read_text() == "mine"
    copied(world, path="/made", dest=str(dest), mode="0444", directory_mode="0555")
    assert [(top / name).stat().st_mode & 0o777 for name in ("sub/same", "sub")] == [0o444, 0o555]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "memory") == ["got"]


@pytest.mark.usefixtures("full")
def test_what_the_host_is_not_to_have(world: World, tmp_path: Path) -> None:
    dest = tmp_path / "got"

    def refused(script: str, path: str = "/made/") -> str:
        assert world.does("web", "sh", "-ec", f"cd /made; {script}")
        before = sorted(tmp_path.rglob("*"))
        words = str(problem(world, path=path, dest=str(dest))["message"])
        assert sorted(tmp_path.rglob("*")) == before
        return words

    assert "sub/out -> ../../x" in refused("ln -s ../../x sub/out")
    assert "sub/out -> /made/one" in refused("ln -sf /made/one sub/out")
    assert "up -> sub/here/../../.." in refused("rm sub/out; ln -s sub/here/../../.. up")
    assert "devices or pipes: sub/pipe" in refused("rm up; mkfifo sub/pipe")
    dest.mkdir()
    (dest / "sub").symlink_to(tmp_path)
    assert refused("rm sub/pipe") == f"{dest}/sub is a link, and not the folder that it is to be"
    (dest / "sub").unlink()
    (dest / "one").mkdir()
    assert "one is a folder" in refused("true")
    assert problem(world, path="/made", dest=str(tmp_path / "none/got"))["fix"] == "make it first"
    assert problem(world, path="/made", dest=str(dest), owner="1:1")["where"] == "owner"
    assert problem(world, path="/made/one", dest=str(dest / "x"), directory_mode="0755")[
        "where"
    ] == ("directory_mode")
