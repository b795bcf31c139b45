"""Flags of the daemon's unit that collide with keys, and proxies that are no key of old engines.

Both are resolved by a drop-in of ours.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from ...errors import Problem
from ...host.machine import Host
from ...host.unit_files import UnitFiles, read_unit
from ...named_tuple import NamedTuple
from .flags import flagged_keys, without_keys

PATH = "unit"  # of its change
_HEAD = "# Written by dockwright (manage_unit), without the flags of these keys of daemon.json:\n"
PROXIES = "proxies"  # the key of daemon.json, from engine 23.0 on
_SETS = 'Environment="'
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class UnitHave(NamedTuple):
    """The unit as its files have it, and our drop-in."""

    name: str = "docker.service"
    files: UnitFiles = UnitFiles()
    drop_in: str | None = None  # its text; None: there is none
    may_manage: bool = False  # the run's manage_unit
    proxies: Mapping[str, str] = {}  # wanted in its environment

    @property
    def drop_in_path(self) -> str:
        """Our drop-in; the last one wins."""
        return drop_in_path(self.name)

    @property
    def flags(self) -> Mapping[str, str]:
        """The keys that flags set without our drop-in, each with its flag."""
        return flagged_keys(self.files.words()[1:])

    @property
    def resolved(self) -> frozenset[str]:
        """The keys that our drop-in is there for now."""
        first = (self.drop_in or "").splitlines()[1:2]
        return frozenset(first[0].lstrip("# ").split(", ")) if first else frozenset()

    @property
    def proxies_there(self) -> Mapping[str, str]:
        """The proxies that our drop-in sets."""
        lines = (self.drop_in or "").splitlines()
        return (
            dict(_assignment(line) for line in lines if line.startswith(_SETS))
            if PROXIES in self.resolved
            else {}
        )

    def text_without(self, names: Collection[str]) -> str | None:
        """The drop-in that leaves out the flags of these keys; None where none is needed."""
        if not names:
            return None
        text = f"{_HEAD}# {', '.join(sorted(names))}\n[Service]\n"
        if self.flags.keys() & set(names):  # proxies may be there without a flag
            command = " ".join(_quoted(word) for word in self.words_without(names))
            text += f"ExecStart=\nExecStart={command}\n"
        if PROXIES in names:
            text += "".join(_assigned(key, value) for key, value in self.proxies.items())
        return text

    def words_without(self, names: Collection[str]) -> list[str]:
        """The command without the flags of these keys, variables filled in only where needed."""
        kept = []
        for word in self.files.command:
            filled = self.files.words([word])
            touched = "$" in word and flagged_keys(filled).keys() & set(names)
            kept += filled if touched else [word]
        return without_keys(kept, names)

    def place(self, name: str) -> str:
        """Where the flag of a key is written: file and line."""
        return self.files.place_of(self.flags.get(name, ""))

    def proxy_places(self) -> list[str]:
        """Where the unit's environment sets proxies."""
        return [
            f"{item.file}, line {item.line}"
            for item in self.files.environment
            if item.value.partition("=")[0].upper() in _PROXIES
        ]


def drop_in_path(unit: str) -> str:
    """The path of our drop-in for a unit."""
    return f"/etc/systemd/system/{unit}.d/zz-dockwright.conf"


def read(host: Host, *, may_manage: bool) -> UnitHave:
    """Look at the unit's files; changes nothing."""
    name = host.service.unit
    path = drop_in_path(name)
    files = read_unit(host.files, host.run, name, path)
    return UnitHave(name, files, host.files.read_text(path), may_manage)


def left_out(unit: UnitHave, keys: Collection[str]) -> frozenset[str]:
    """The keys of the new file whose flags our drop-in is to leave out."""
    needed = unit.flags.keys() & set(keys)
    found = needed if unit.may_manage else needed & unit.resolved
    return frozenset({*found, PROXIES} if unit.proxies else found)


def problems(
    unit: UnitHave, wanted: Mapping[str, object], out: Collection[str], where: str
) -> list[Problem]:
    """Collisions that stay, with file, line and remedy; and a daemon nobody could reach."""
    found = []
    for name in wanted:
        if name in unit.flags and name not in out:
            place = unit.place(name)
            text = f"is set by the flag {unit.flags[name]} of the daemon ({place}), and the engine"
            fix = f"set manage_unit: true, take the flag out of {place.partition(',')[0]}, or leave"
            found.append(Problem(f"{where}.{name}", f"{text} refuses both", f"{fix} the key out"))
    if "hosts" in out and not _is_reachable(wanted.get("hosts")):
        text = "leaves out the local socket, by which the daemon is looked after"
        found.append(Problem(f"{where}.hosts", text, "add fd:// or unix:///var/run/docker.sock"))
    return found


def _is_reachable(hosts: object) -> bool:
    """Whether a local socket is among the addresses (or none are given)."""
    given = hosts if isinstance(hosts, (list, tuple)) else ()
    return not given or any(str(item).startswith(("fd:", "unix:")) for item in given)


def write(host: Host, unit: str, text: str | None) -> None:
    """Put the drop-in there, or take it away (None), and tell systemd."""
    path = drop_in_path(unit)
    if text is None:
        host.files.remove(path)
    elif text != host.files.read_text(path):
        host.files.make_directory(path.rpartition("/")[0])
        # Addresses of proxies may hold passwords.
        host.files.write_atomic(path, text, mode=0o600 if "\nEnvironment=" in text else 0o644)
    if host.service.has_systemd() and not host.files.root:
        host.run(["systemctl", "daemon-reload"], timeout=60.0).checked()


def _assignment(line: str) -> tuple[str, str]:
    """What `_assigned` has written, read again."""
    name, _, text = line[len(_SETS) : -1].partition("=")
    value = re.sub(r"\\(.)", r"\1", text.replace("%%", "%"))
    return name.lower().replace("_", "-"), value


def _assigned(key: str, value: str) -> str:
    name = key.upper().replace("-", "_")
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'{_SETS}{name}={text}"\n'


def _quoted(word: str) -> str:
    return f'"{word}"' if any(c in word for c in " \t;") else word
