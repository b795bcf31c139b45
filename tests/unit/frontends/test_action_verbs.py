"""The verbs for actions: what the core is asked, what is printed where, and the exit status."""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from dockwright import api
from dockwright_cli import arguments
from dockwright_cli.actions import VERBS
from dockwright_cli.main import main
from dockwright_cli.outline import verbs

PLAIN = {"changed": False, "failed": False, "message": "done", "problems": [], "warnings": []}


class Core:
    """Stands for the core: what it was asked, and the answer that it gives."""

    def __init__(self) -> None:
        self.kind = ""
        self.params: dict[str, Any] = {}
        self.check = False
        self.connection = api.Connection()
        self.answer: dict[str, Any] = {"rc": 0}
        self.says: list[tuple[int, bytes]] = []

    def act(self, kind: str, params: Any, connection: Any, *, check: bool, **more: Any) -> Any:
        self.kind, self.check, self.connection = kind, check, connection
        self.params = {key: value for key, value in params.items() if value is not None}
        for stream, content in self.says if "output" in more else ():
            more["output"](stream, content)
        return {**PLAIN, **self.answer}


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    made = Core()
    monkeypatch.setattr(api, "act", made.act)
    return made


# --- exec ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "argv",
    [
        ["web", "ls", "-l", "--check"],
        ["web", "--", "ls", "-l", "--check"],
        ["--docker-host", "unix:///run/d.sock", "web", "ls", "-l", "--check"],
    ],
)
def test_a_command_is_all_that_comes_after_the_name(core: Core, argv: list[str]) -> None:
    assert main(["exec", *argv]) == 0
    assert (core.kind, core.check) == ("container_exec", False)
    assert core.params == {"name": "web", "command": ["ls", "-l", "--check"]}
    assert core.connection.docker_host == ("unix:///run/d.sock" if "-" in argv[0] else None)


def test_options_of_a_command(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "a b")
    options = "-e A=1 --env HERE -e NOT_SET_ANYWHERE -u 7:8 -w /srv --creates /x --removes /y"
    more = ["--unless", "test -e '/a b'", "--limit", "1h", "--success", "0", "--success", "3"]
    assert main(["exec", "--check", *options.split(), *more, "web", "true"]) == 0
    assert core.check
    assert core.params == {
        "name": "web",
        "command": ["true"],
        "environment": ["A=1", "HERE=a b", "NOT_SET_ANYWHERE"],
        "user": "7:8",
        "working_dir": "/srv",
        "creates": "/x",
        "removes": "/y",
        "unless": "test -e '/a b'",
        "limit": "1h",
        "success": ["0", "3"],
    }
    names = {row.name for row in api.ACTIONS["container_exec"]}
    assert names == {*core.params, "stdin"}


def test_standard_input_is_given_as_it_is(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    for argv, given in ((["-i"], b"\0\xff"), (["--stdin"], b"\0\xff"), (["-i", "--check"], None)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\0\xff")))
        assert main(["exec", *argv, "web", "cat"]) == 0
        assert core.params.get("stdin") == given


def test_what_a_command_writes_is_written_as_it_is(
    core: Core, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    core.says = [(1, b"\0\xff"), (2, b"err\n"), (1, b"end")]
    assert main(["exec", "web", "true"]) == 0
    assert tuple(capfdbinary.readouterr()) == (b"\0\xffend", b"err\n")


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize(
    "case",
    [
        ({"rc": 0}, 0),
        ({"rc": 3, "failed": True}, 3),
        ({"rc": 3}, 0),  # --success 3
        ({"rc": None}, 0),  # not run
        ({"rc": None, "failed": True}, 125),
        ({"rc": -1, "failed": True}, 125),  # the engine has not told
        ({"rc": 0, "failed": True}, 125),  # --success 3
    ],
)
def test_the_exit_status_is_that_of_the_command(
    core: Core, case: tuple[dict[str, Any], int], form: list[str]
) -> None:
    core.answer, status = case
    assert main(["exec", *form, "web", "true"]) == status


def test_what_is_told_beside_the_command(core: Core, capsys: pytest.CaptureFixture[str]) -> None:
    def told(*argv: str, **answer: Any) -> tuple[str, str]:
        core.answer = answer
        main(["exec", *argv, "web", "true"])
        out, err = capsys.readouterr()
        return out, err

    assert told(rc=0) == told(rc=3, failed=True) == ("", "")
    assert told(rc=-1, message="ended with exit code -1", failed=True)[1].endswith("code -1\n")
    assert told(rc=None, message="not run") == ("", "dockwright: not run\n")
    assert told("-q", rc=0, message="not 3", failed=True) == ("", "dockwright: not 3\n")
    assert told("-q", rc=None, message="not run") == ("", "")
    assert told("-q", rc=None, message="no such", failed=True)[1] == "dockwright: no such\n"
    warned = told("--check", rc=None, message="would run", warnings=["not there yet"])
    assert warned == ("would run\n", "dockwright: warning: not there yet\n")
    assert json.loads(told("--json", rc=3, stdout="x")[0])["stdout"] == "x"


@pytest.mark.parametrize(
    "error", [api.DockwrightError("x"), BrokenPipeError(), RuntimeError("a bug")], ids=repr
)
def test_what_fails_beside_the_command_is_no_status_of_its_own(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def act(*args: Any, **more: Any) -> Any:
        raise error

    monkeypatch.setattr(api, "act", act)
    monkeypatch.setattr("os.dup2", lambda *files: None)
    assert main(["exec", "web", "true"]) == 125
    assert main(["prune"]) == 1


# --- copy and export -----------------------------------------------------------------------------


def test_both_ways_of_a_copy(core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here, folder = str(tmp_path), tmp_path / "folder"
    folder.mkdir()
    for argv, params in (
        (["a:b/x", "./c:d"], {"name": "a", "path": "b/x", "dest": f"{here}/./c:d"}),
        (["web:/etc/x", "got"], {"name": "web", "path": "/etc/x", "dest": f"{here}/got"}),
        (["web:/etc/x", "folder"], {"name": "web", "path": "/etc/x", "dest": f"{folder}/"}),
        (["web:/etc/x", "."], {"name": "web", "path": "/etc/x", "dest": f"{here}/./"}),
        (["site/", "web:/srv"], {"name": "web", "path": "/srv", "src": f"{here}/site/"}),
        (["/a:b", "web:/srv/"], {"name": "web", "path": "/srv/", "src": "/a:b"}),
    ):
        assert main(["copy", *argv]) == 0
        assert (core.kind, core.check) == ("container_copy", False)
        assert core.params == params
    options = ["--owner", "7", "--mode", "0640", "--directory-mode", "0750", "--hidden"]
    assert main(["copy", "--check", *options, "site", "web:/srv"]) == 0
    assert core.check
    names = {row.name for row in api.ACTIONS["container_copy"]}
    assert names == {*core.params, "content", "dest"}
    assert core.params["hidden"] is True


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["copy", "web:/a", "db:/b"], "both sides are in a container"),
        (["copy", "a", "./b"], "neither side is in a container"),
        (["copy", "-", "web:/a"], "Name /dev/stdin"),
        (["copy", "web:/a", "-"], "- is no file"),
        (["export", "web", "-"], "- is no file"),
        (["info", "container", "--filter", "label"], "--filter label has no value"),
        (["info", "secret"], "invalid choice"),
        (["info", "container", "-f", "timeout=5s"], "One of label, project, state"),
        (["info", "container", "-f", "inspect=true"], "--filter inspect is none of containers"),
        (["info", "container", "-f", "name=db"], "--filter name is none of containers"),
        (["info", "plugin", "-f", "label=a"], "One of state"),
        (["exec"], "required: NAME"),
        (["exec", "--limt", "web", "true"], "--limt"),
        (["prune", "--json", "web"], "unrecognized arguments: web"),
    ],
)
def test_wrong_use(
    core: Core, capsys: pytest.CaptureFixture[str], argv: list[str], words: str
) -> None:
    assert main(argv) == (125 if argv[0] == "exec" else 1)
    assert words in capsys.readouterr().err
    assert core.kind == ""


def test_a_diff_is_shown_where_it_is_asked_for(
    core: Core, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = {"content": "one\ntwo\n", "mode": "0644"}
    after = {**sides, "content": "one\n2\n"}
    core.answer = {"changed": True, "diff": {"before": sides, "after": after}}
    assert main(["copy", "x", "web:/x"]) == 0
    assert capsys.readouterr().out == "done\n"
    assert main(["copy", "--diff", "x", "web:/x"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "done",
        "--- before",
        "+++ after",
        "@@ -1,3 +1,3 @@",
        " mode: 0644",
        " one",
        "-two",
        "+2",
    ]
    assert main(["copy", "--diff", "--color", "always", "x", "web:/x"]) == 0
    assert "\033[32m+2\033[0m" in capsys.readouterr().out
    entry = {"kind": "file", "mode": "0644"}
    core.answer["diff"] = {"before": {}, "after": {"/srv/x": entry}}
    assert main(["copy", "--diff", "x", "web:/x"]) == 0
    assert "+/srv/x: kind file, mode 0644" in capsys.readouterr().out


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("argv", [["copy", "x", "web:/x"], ["export", "web", "x"], ["prune"]])
def test_exit_status(core: Core, argv: list[str], form: list[str]) -> None:
    core.answer = {"changed": True, "diff": {}, "items": []}
    assert main([*argv, *form]) == 0
    assert main([*argv, *form, "--detailed-exitcodes"]) == 2
    core.answer["changed"] = False
    assert main([*argv, *form, "--detailed-exitcodes"]) == 0
    core.answer["failed"] = True
    assert main([*argv, *form, "--detailed-exitcodes"]) == 1


def test_an_export(core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    core.answer = {"diff": {}}
    assert main(["export", "--check", "web", "web.tar"]) == 0
    assert (core.kind, core.check) == ("container_export", True)
    assert core.params == {"name": "web", "dest": f"{tmp_path}/web.tar"}


# --- prune and info ------------------------------------------------------------------------------


def test_a_prune_is_a_table(core: Core, capsys: pytest.CaptureFixture[str]) -> None:
    item = {"kind": "images", "name": "a:1", "bytes": 1234, "size": "1.23 kB"}
    core.answer = {"changed": True, "items": [item], "warnings": ["image b:1 stays"]}
    options = ["--images", "unused", "--keep", "3", "--older-than", "24h", "--labels", "a"]
    assert main(["prune", "--check", *options, "--labels", "b=c", "--containers"]) == 0
    assert (core.kind, core.check) == ("prune", True)
    assert core.params == {
        "images": "unused",
        "keep": "3",
        "older_than": "24h",
        "labels": ["a", "b=c"],
        "containers": True,
    }
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "  KIND    NAME  SIZE",
        "  images  a:1   1.23 kB",
        "done",
    ]
    assert told.err == "dockwright: warning: image b:1 stays\n"
    flags = {flag.names[-1] for flag in _verb("prune").flags}
    assert {"--" + row.name.replace("_", "-") for row in api.ACTIONS["prune"]} <= {
        name.replace("--no-", "--") for name in flags
    }


def test_info_is_a_table(core: Core, capsys: pytest.CaptureFixture[str]) -> None:
    container = dict.fromkeys(("image", "status", "project"), "x")
    core.answer = {"containers": [{"name": "web", "ports": ["1", "2"], **container}], "missing": []}
    filters = ["-f", "label=a=b", "--filter", "label=c", "-f", "project=shop", "-f", "state=dead"]
    assert main(["info", "container", "web", *filters]) == 0
    assert core.kind == "container_info"
    assert core.params == {
        "name": ["web"],
        "inspect": False,
        "labels": ["a=b", "c"],
        "project": "shop",
        "state": "dead",
    }
    assert capsys.readouterr().out.splitlines() == [
        "  NAME  IMAGE  STATUS  PORTS  PROJECT",
        "  web   x      x       1, 2   x",
    ]
    assert main(["info", "container"]) == 0
    assert core.params == {"inspect": False}
    capsys.readouterr()
    for option in ("--json", "--inspect"):
        assert main(["info", "container", option]) == 0
        assert json.loads(capsys.readouterr().out)["containers"][0]["name"] == "web"
    assert main(["info", "container", "web", "db", "-f", "state=a", "-f", "state=b"]) == 0
    assert core.params == {"inspect": False, "name": ["web", "db"], "state": ["a", "b"]}
    core.answer = {"containers": [], "missing": ["db"]}
    capsys.readouterr()
    assert main(["info", "container", "db"]) == 1
    assert capsys.readouterr().err == "dockwright: there is no container db\n"


def test_every_action_has_a_verb() -> None:
    (kinds,) = (argument.values for argument in _verb("info").arguments[:1])
    reached = {f"{kind}_info" for kind in kinds}
    reached |= {"prune", *(f"container_{verb}" for verb in ("exec", "copy", "export"))}
    assert reached == set(api.ACTIONS)
    assert set(VERBS) == {"info", "prune", "exec", "copy", "export"}


def _verb(name: str) -> Any:
    parser: argparse.ArgumentParser = arguments.parser()
    return next(verb for verb in verbs(parser) if verb.name == name)
