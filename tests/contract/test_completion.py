"""Completions in the shells themselves, the man page in the formatter, and both in the wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dockwright_cli.arguments import parser
from dockwright_cli.completion import completion
from dockwright_cli.main import main
from dockwright_cli.outline import verbs
from tests.hosts import machine

WORDS = ["none", "reload", "reconnect", "restart", "replace", "outage", "rebuild", "destroy"]


def shell(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the completions and two files."""
    for name in ("bash", "zsh", "fish"):
        (tmp_path / f"completion.{name}").write_text(completion(parser(), name))
    (tmp_path / "site.yml").touch()
    (tmp_path / "two words.yml").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dockwright ro", ["rollback"]),
        ("dockwright --v", ["--version"]),
        ("dockwright apply --max-", ["--max-disruption"]),
        (
            "dockwright apply --max-disruption re",
            ["reload", "reconnect", "restart", "replace", "rebuild"],
        ),
        ("dockwright apply --max-disruption ", WORDS),
        ("dockwright plan --color = a", ["auto", "always"]),
        ("dockwright plan --color = ", ["auto", "always", "never"]),
        ("dockwright plan s", ["site.yml"]),
        ("dockwright apply site.yml t", ["two words.yml"]),
        ("dockwright plan -o s", ["site.yml"]),
        ("dockwright plan --timeout s", []),
        ("dockwright completion ", ["bash", "zsh", "fish"]),
        ("dockwright completion f", ["fish"]),
        ("dockwright facts s", []),
        ("dockwright fly --", []),
    ],
)
def test_bash(folder: Path, line: str, expected: list[str]) -> None:
    words = line.split(" ")
    script = (
        "source completion.bash\n"
        f"COMP_WORDS=({' '.join(repr(word) for word in words)}) COMP_CWORD={len(words) - 1}\n"
        'words=before _dockwright; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    printed = shell("bash", "--norc", "-c", script, cwd=folder)
    assert [word for word in printed.split("\n") if word] == expected


def test_bash_knows_every_verb_and_option(folder: Path) -> None:
    for verb in verbs(parser()):
        script = f"source completion.bash; COMP_WORDS=(dockwright {verb.name} -) COMP_CWORD=2\n"
        printed = shell(
            "bash", "--norc", "-c", script + '_dockwright; echo "${COMPREPLY[@]}"', cwd=folder
        )
        assert printed.split() == [name for flag in verb.flags for name in flag.names]


@pytest.fixture(scope="module")
def shells() -> None:
    """The shells of the distribution."""
    machine.install("zsh", "fish", "groff-base", "man-db")


def test_fish(shells: None, folder: Path) -> None:
    def complete(line: str) -> list[str]:
        script = f"source completion.fish; complete -C '{line}'"
        printed = shell("fish", "--no-config", "-c", script, cwd=folder)
        return [found.partition("\t")[0] for found in printed.splitlines()]

    assert complete("dockwright ro") == ["rollback"]
    assert sorted(complete("dockwright apply --max-disruption ")) == sorted(WORDS)
    assert complete("dockwright apply --max-d") == ["--max-disruption"]
    assert complete("dockwright plan si") == ["site.yml"]
    assert complete("dockwright facts si") == []


def test_zsh_loads_it(shells: None, folder: Path) -> None:
    shell("zsh", "-n", "completion.zsh", cwd=folder)
    script = (
        "autoload -U compinit; compinit -u -D; source ./completion.zsh; echo $_comps[dockwright]"
    )
    assert shell("zsh", "-f", "-c", script, cwd=folder) == "_dockwright\n"


def test_the_man_page_has_no_fault(
    shells: None, folder: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["man"]) == 0
    (folder / "dockwright.1").write_text(capsys.readouterr().out)
    formatted = shell("groff", "-man", "-ww", "-Tutf8", "-P-cbou", "dockwright.1", cwd=folder)
    shown = " ".join(formatted.split())
    for verb in verbs(parser()):
        assert f"dockwright {verb.name} [OPTION...]" in shown
    assert "--max-disruption none|reload" in shown
    assert "EXIT STATUS 0 Success" in shown


def test_the_wheel_has_them(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=machine.CHECKOUT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        data = {name.partition(".data/data/")[2]: name for name in archive.namelist()}
        page = archive.read(data["share/man/man1/dockwright.1"]).decode()
        assert page.startswith(".TH DOCKWRIGHT 1")
        bash = archive.read(data["share/bash-completion/completions/dockwright"]).decode()
        assert bash == completion(parser(), "bash")
        assert {
            "share/zsh/site-functions/_dockwright",
            "share/fish/vendor_completions.d/dockwright.fish",
        } < set(data)
