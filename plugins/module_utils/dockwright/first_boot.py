"""What an image leaves to its first boot: the spec, the images' tars, a program, and a unit.

In the root of an image no engine runs. Files of the host are written there at once; everything
else waits in a spec that ``dockwright-apply.service`` applies, until it has succeeded once.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable

from .applied import plain
from .errors import Problem, SpecError
from .host.files import Files
from .model import Action, Change
from .named_tuple import NamedTuple

if TYPE_CHECKING:
    from .host.machine import Host

KIND = "first_boot"
SPEC = "/etc/dockwright/spec.yml"
PROGRAM = "/usr/local/lib/dockwright/dockwright.pyz"
TARS = "/var/lib/dockwright/images"
DONE = "/var/lib/dockwright/first-boot-done"
UNIT = "dockwright-apply.service"
_UNIT_FOLDER = "/etc/systemd/system"
UNIT_PATH = f"{_UNIT_FOLDER}/{UNIT}"
_ENABLED = f"{_UNIT_FOLDER}/multi-user.target.wants"
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")  # other than in JSON
_MODES = {SPEC: 0o600, PROGRAM: 0o755, UNIT_PATH: 0o644}


def unit_text(engine: str = "docker.service") -> str:
    """The unit that applies the spec, again and again until it succeeds, and then never more."""
    return f"""[Unit]
Description=What this machine's image has left to its first boot (dockwright)
After={engine} network-online.target
Wants={engine} network-online.target
ConditionPathExists={SPEC}
ConditionPathExists=!{DONE}

[Service]
Type=oneshot
RemainAfterExit=yes
Environment=HOME=/root
ExecStart=/usr/bin/env python3 -I {PROGRAM} apply {SPEC}
ExecStartPost=/usr/bin/env mkdir -p -m 0700 {posixpath.dirname(DONE)}
ExecStartPost=/usr/bin/env touch {DONE}
Restart=on-failure
RestartSec=15
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=multi-user.target
"""


class Tars(NamedTuple):
    """A spec whose tars are where the first boot finds them, and from where they come."""

    spec: dict[str, Any]
    sources: Mapping[str, str]  # path in the image -> path on this machine


def with_own_tars(spec: Mapping[str, Any], files: Files) -> Tars:
    """The spec with each tar that is on this machine, and not in the image, as a file of ours.

    Raises SpecError where one is in neither.
    """
    problems: list[Problem] = []
    sources: dict[str, str] = {}
    images = spec.get("images")
    own: dict[str, Any] = dict(images) if isinstance(images, Mapping) else {}
    named = [item.get("load") for item in own.values() if isinstance(item, Mapping)]
    there = {path: path for path in named if isinstance(path, str) and _is_in(files, path)}
    for name, item in own.items():
        path = item.get("load") if isinstance(item, Mapping) else None
        if not isinstance(path, str) or (_is_in(files, path) and path not in sources):
            continue
        if not os.path.isfile(path):
            text = f"there is no file {path}, neither in the image nor on this machine"
            problems.append(Problem(f"images.{name}.load", text, "bring it to one of them"))
            continue
        place = _place(os.path.realpath(path), {**there, **sources})
        sources[place] = os.path.realpath(path)
        own[name] = {**item, "load": place}
    if problems:
        raise SpecError(problems)
    return Tars({**spec, "images": own} if own else dict(spec), sources)


def _is_in(files: Files, path: str) -> bool:
    return path.startswith("/") and os.path.isfile(files.path(path))


def _place(source: str, taken: Mapping[str, str]) -> str:
    """Where a tar goes in the image: by its name, with a number where that is taken."""
    stem, dot, end = posixpath.basename(source).partition(".")
    number = 1
    place = f"{TARS}/{stem}{dot}{end}"
    while taken.get(place, source) != source:
        number += 1
        place = f"{TARS}/{stem}-{number}{dot}{end}"
    return place


class FirstBoot:
    """The files of the first boot in one image: what is wanted, and what is there.

    ``program`` is the path of dockwright.pyz on this machine; empty where we are not it.
    """

    def __init__(self, host: Host, tars: Tars, program: str, engine: str) -> None:
        self.host = host
        self.sources = dict(tars.sources)
        if program:
            self.sources[PROGRAM] = program
        self.texts = {SPEC: _text(tars.spec), UNIT_PATH: unit_text(engine)}

    def problems(self) -> list[Problem]:
        """Why there could be no first boot."""
        if PROGRAM in self.sources or self.host.files.exists(PROGRAM):
            return []
        text = f"the first boot needs {PROGRAM} in the image, and this command is not that file"
        return [Problem(KIND, text, "run dockwright.pyz (`make zipapp` makes it)")]

    def plan(self) -> tuple[Change, ...]:
        """What is to be written and enabled; reads only."""
        files = self.host.files
        changes = []
        # What the spec names is there before the spec is.
        for path, source in self.sources.items():
            if not files.is_copy(path, source):
                reason = f"copied from {source}"
                changes.append(_written(path, reason, is_new=not files.exists(path)))
        for path, text in self.texts.items():
            before = files.read_text(path)
            if before != text or files.mode(path) != _MODES[path]:
                what = "the unit that applies it" if path == UNIT_PATH else "the spec that waits"
                changes.append(_written(path, what, is_new=before is None))
        changes += self._gone()
        if UNIT not in files.list(_ENABLED):
            enabled = (Action.UPDATE, "enabled", False, True)
            changes.append(Change(KIND, UNIT, *enabled))
        return tuple(changes)

    def _gone(self) -> list[Change]:
        """Tars that the spec does not name any more, and the sign that all has been done."""
        named = [item.get("load") for item in self._images() if isinstance(item, Mapping)]
        paths = [f"{TARS}/{name}" for name in self.host.files.list(TARS)]
        gone = [(path, "no image of the spec is in it") for path in paths if path not in named]
        if self.host.files.exists(DONE):
            gone.append((DONE, "the next boot is a first one"))
        return [Change(KIND, path, Action.DELETE, reason=reason) for path, reason in gone]

    def _images(self) -> list[Any]:
        return list((json.loads(self.texts[SPEC]).get("images") or {}).values())

    def apply(self, changes: Sequence[Change], did: Callable[[Change], None]) -> None:
        """Carry out these changes, telling ``did`` of each; the unit is enabled at the end."""
        files = self.host.files
        for change in changes:
            path = change.name
            if change.action is Action.DELETE:
                files.remove(path)
            elif path == UNIT:
                self.host.run(["systemctl", "enable", UNIT]).checked()
            else:
                is_private = path == SPEC or path.startswith(TARS)
                if path.startswith(TARS):
                    files.make_directory(posixpath.dirname(TARS), mode=0o700)
                files.make_directory(posixpath.dirname(path))
                if path in self.texts:
                    files.write_atomic(path, self.texts[path], mode=_MODES[path], owner=(0, 0))
                else:
                    mode = 0o600 if is_private else _MODES[path]
                    files.copy(self.sources[path], path, mode)
            did(change)


class NoFirstBoot(FirstBoot):
    """Nothing is left to a first boot: what an earlier spec has left there goes."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.sources = {}
        self.texts = {}

    def problems(self) -> list[Problem]:
        return []

    def plan(self) -> tuple[Change, ...]:
        files = self.host.files
        if not files.exists(UNIT_PATH):
            return ()
        paths = [path for path in (SPEC, PROGRAM) if files.exists(path)]
        paths += [f"{TARS}/{name}" for name in files.list(TARS)]
        paths += [f"{_ENABLED}/{UNIT}", UNIT_PATH]  # the unit last: it is how we know of the rest
        reason = "nothing is left to the first boot"
        return tuple(Change(KIND, path, Action.DELETE, reason=reason) for path in paths)


def _written(path: str, reason: str, *, is_new: bool) -> Change:
    return Change(KIND, path, Action.CREATE if is_new else Action.UPDATE, reason=reason)


def _text(spec: Mapping[str, Any]) -> str:
    """The spec as JSON, in what YAML reads the same way, as the file's name says."""
    text = json.dumps(plain(spec), indent=2, ensure_ascii=False)
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"
