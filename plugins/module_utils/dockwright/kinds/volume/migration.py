"""Making a volume anew with a copy of its data, so that a failure or a kill loses nothing.

see that both places and each container can be had → stop those that have it → remove them (their
definitions are in the journal) → move the data of a plain volume aside, into a folder that the
engine does not know → remove the volume, make the new one → copy, compare byte by byte → make the
containers again → start those that ran → only then the old data go. What is in a folder elsewhere
stays there untouched.

The journal decides, not what is found: until the containers are to be started whatever fails is
undone, from then on there is no way back, for going back would lose what they write.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import shutil
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ...engine.client import Engine
from ...engine.parallel import each
from ...errors import ApplyFailed, DockwrightError, EngineRefused, HostError
from ...host.disks import is_below
from ...host.machine import Host
from ...model import Action, Change, EngineFacts, Have, Want
from ..container import replace as replacing
from ..storage.save import definitions_of
from ..storage.stopping import stop
from ..storage.work import Work
from . import data
from .apply import body
from .places import PLAIN, aside_of, place_of
from .remaking import Remaking, has_run, name_of, users

KIND = "volume"
_FORWARD = ("start", "drop")  # the containers may have written to the new volume


class Migration:
    """One volume that is made anew; all it knows is in the journal."""

    def __init__(
        self, host: Host, engine: Engine, facts: EngineFacts, tell: Callable[[str], None]
    ) -> None:
        self.work = Work(host, engine, host.journal(KIND), tell)
        self.host = host
        self.engine = engine
        self.facts = facts
        self.tell = tell

    @property
    def _record(self) -> dict[str, Any]:
        return self.work.record

    @property
    def _name(self) -> str:
        return str(self._record["old"]["Name"])

    @property
    def _is_plain(self) -> bool:
        return self._form("old") == PLAIN

    def _form(self, which: str) -> str:
        volume = self._record[which]
        return place_of(volume["Driver"], volume.get("DriverOpts") or {}).form

    def run(self, want: Want, have: Have, followers: Iterable[Have]) -> list[str]:
        """Make it anew; why some containers do not start with it.

        Raises ApplyFailed; all is then as it was, or it says what is where.
        """
        followers, raw = list(followers), have.raw
        place = str(raw["Mountpoint"])
        self._record.update(
            old={
                "Name": have.name,
                "Driver": raw["Driver"],
                "DriverOpts": dict(raw.get("Options") or {}),
                "Labels": dict(raw.get("Labels") or {}),
            },
            new={"Driver": "local", **body(want, have)},
            containers=definitions_of(followers),
            place=place,
            aside=aside_of(posixpath.dirname(_root_of(place)), have.name),
            engine=self.facts.id,
            url=self.engine.endpoint.url,
        )
        try:
            self._refuse_early()
        except (ApplyFailed, OSError) as error:
            fix = error.fix if isinstance(error, ApplyFailed) else "see that root may do that"
            text = f"{_told(error)}; nothing was stopped"
            raise ApplyFailed(text, where=f"{want.where}.migrate", fix=fix) from error
        try:
            left = self._move(followers)
            self._finish()
        except (DockwrightError, OSError) as error:
            message, fix = self._undo_or_say(error)
            raise ApplyFailed(message, where=want.where, fix=fix, changed=True) from error
        return left

    def _refuse_early(self) -> None:
        """Before anything is touched: whether both places can be had, and there is room."""
        old, new, place = self._record["old"], self._record["new"], self._record["place"]
        root, aside = _root_of(place), self._record["aside"]
        source = data.folder_of(self.engine, old)
        if self._is_plain:
            if posixpath.join(root, self._name, "_data") != source or os.path.ismount(source):
                text = f"the data in {place} are kept in a way of their own"
                raise ApplyFailed(text, fix="leave migrate out, and move them by hand")
            if os.stat(source).st_dev != os.stat(posixpath.dirname(root)).st_dev:
                text = f"{root} is a file system of its own: its data cannot be set aside"
                raise ApplyFailed(text, fix="leave migrate out, and move them by hand")
        if os.path.lexists(aside):
            fix = "see what it is of; take it away if nobody needs it"
            raise ApplyFailed(f"there are already old data of the volume in {aside}", fix=fix)
        data.refuse_mounted(self.host, source)
        target = root
        if self._form("new") != PLAIN:
            target = data.folder_of(self.engine, new)
            if not data.refuse_place(source, target, posixpath.join(root, self._name)):
                return  # what is there is compared when nobody writes any more
        data.refuse_without_room(self.host, source, target)

    def _move(self, followers: list[Have]) -> list[str]:
        self.work.step("try")
        self._remaking().try_out()
        self.work.step("stop")
        running = [item["name"] for item in self._record["containers"] if item["running"]]
        if running:
            self.tell(f"volume {self._name}: stopping {', '.join(running)}")
        ran = [have for have in followers if have.name in running]
        each(lambda have: stop(self.engine, have), ran, 8)
        self.work.step("remove")
        for have in followers:
            replacing.remove(self.engine, have.id, volumes=False)
        self._refuse_users("stop what starts it, and run again")
        if self._is_plain:
            self.work.step("aside")
            self.host.files.make_directory(posixpath.dirname(self._record["aside"]), mode=0o700)
            os.rename(self._record["place"], self._record["aside"])
        self.work.step("switch")
        self._delete()
        self._create("new")
        self._copy()
        self.work.step("create")
        failures = self._remaking().make()
        if failures:
            raise ApplyFailed(f"containers cannot be made: {'; '.join(failures)}")
        return self._start()

    def _start(self) -> list[str]:
        self.work.step("start")
        left = self._remaking().start()
        self.work.step("drop")
        return left

    # --- the volume and its data -----------------------------------------------------------------

    def _source(self) -> str:
        if self._is_plain:
            return str(self._record["aside"])
        return data.folder_of(self.engine, self._record["old"])

    def _copy(self) -> None:
        source, target = self._source(), data.folder_of(self.engine, self._record["new"])
        if os.path.samefile(source, target):
            self.work.step("copy")
            return  # the same folder, by other options
        self.work.step("copy", filled=not os.listdir(target))
        if self._record["filled"]:
            data.fill(self.host, source, target, self.tell)
            return
        wrong = data.difference(source, target)
        if wrong:
            text = f"the new place of volume {self._name} holds other data already ({wrong})"
            raise ApplyFailed(text, fix="empty it, or name another place")

    def _there(self) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self.engine.get(f"/volumes/{self._name}")
        except EngineRefused as error:
            if error.status == 404:
                return None
            raise
        return found

    def _create(self, which: str) -> None:
        """Make the old or the new volume; one that somebody made in its place is not taken."""
        made = self.engine.post("/volumes/create", self._record[which])
        if not _is_like(made, self._record[which]):
            raise self._of_another()

    def _of_another(self) -> HostError:
        text = f"volume {self._name} was made meanwhile by somebody else"
        return HostError(text, fix="save what it holds, remove it, and run again")

    def _delete(self) -> None:
        try:
            self.engine.delete(f"/volumes/{self._name}")
        except EngineRefused as error:
            if error.status != 404:
                raise

    def _refuse_users(self, fix: str) -> None:
        names = sorted(name_of(raw) for raw in users(self.engine, self._name))
        if names:
            text = f"{', '.join(names)} took volume {self._name} meanwhile"
            raise ApplyFailed(text, fix=fix)

    # --- undoing and finishing -------------------------------------------------------------------

    def _remaking(self) -> Remaking:
        return Remaking(self.work, self.facts)

    def _undo_or_say(self, error: Exception) -> tuple[str, str]:
        """Undo; what to say of it all, and what to do."""
        text, fix = _told(error), error.fix if isinstance(error, DockwrightError) else ""
        if self._record["step"] in _FORWARD:
            text = f"volume {self._name} is made anew, but not all is done: {text}"
            return text, "run again, which goes on"
        head = f"volume {self._name} was not made anew: {text}"
        is_trial = self._record["step"] == "try"
        try:
            failures = self._undo()
        except (DockwrightError, OSError) as second:
            text = f"{head}; bringing the old one back failed, too: {_told(second)}"
            way = second.fix if isinstance(second, DockwrightError) else ""
            safe = f"its data are safe ({self._whereabouts})"
            return text, f"{way or 'run again'}; the next run tries again, and {safe}"
        if is_trial:
            return f"{head}; nothing was stopped", fix or "correct what the engine names"
        if failures:
            text = f"{head}; the old one is back, but these do not start: {'; '.join(failures)}"
            return text, "look at the engine's words, and at `docker logs` of it"
        return f"{head}; the old one is back, with its data and its containers", fix

    @property
    def _whereabouts(self) -> str:
        aside = str(self._record["aside"])
        return aside if os.path.isdir(aside) else str(self._record["place"])

    def _undo(self) -> list[str]:
        """Bring back the old volume and the containers; from any step, also from a half undone.

        Returns why some containers that ran do not start.
        """
        step, remaking = self._record["step"], self._remaking()
        if step == "try":
            remaking.forget_trial()
            self.work.journal.clear()
            return []
        if step not in ("stop", "remove", "again"):
            if step == "create" and not self._is_unused():
                text = f"something has already written to the new volume {self._name}"
                raise HostError(text, fix="run again, which goes on")
            remaking.remove_made()
            self._put_back()
        self.work.step("again")
        failures = remaking.make()
        if failures:
            fix = "correct what the engine names (get the image again, say), and run again"
            text = f"volume {self._name} is back, but these cannot be made: {'; '.join(failures)}"
            remaking.start()
            raise HostError(text, fix=f"{fix}; or make a container of that name yourself")
        failures = remaking.start()
        self.work.journal.clear()
        return failures

    def _is_unused(self) -> bool:
        """Whether nobody has written to the new volume, whose copy was whole."""
        if any(has_run(raw) for raw in users(self.engine, self._name)):
            return False
        there = self._there()
        if there is None or not _is_like(there, self._record["new"]):
            return True  # what it is, is looked at before it is removed
        source, target = self._source(), data.folder_of(self.engine, self._record["new"])
        return os.path.samefile(source, target) or not data.difference(source, target)

    def _put_back(self) -> None:
        aside, there = str(self._record["aside"]), self._there()
        is_aside = self._is_plain and os.path.isdir(aside)
        if not (there and _is_like(there, self._record["old"])):
            if self._is_plain and not is_aside:
                raise HostError(f"the old data of volume {self._name} are not in {aside}")
            if there:
                self._delete_new(there)
            self._create("old")
        place = str(self._record["place"])
        if self._is_plain and not is_aside and not os.path.isdir(place):
            raise HostError(f"the data of volume {self._name} are neither in {place} nor {aside}")
        if is_aside:
            if os.path.lexists(place):
                if os.listdir(place):
                    raise self._of_another()
                os.rmdir(place)
            os.rename(aside, place)
            self._forget_aside()

    def _delete_new(self, there: Mapping[str, Any]) -> None:
        """The new volume, with the copy that it holds, and nothing of anybody else."""
        new, step = self._record["new"], self._record["step"]
        is_filled = self._form("new") == PLAIN and bool(os.listdir(there["Mountpoint"]))
        if not _is_like(there, new) or (step == "switch" and is_filled):
            raise self._of_another()
        self._refuse_users("remove it, and run again")
        if self._record.get("filled") and self._form("new") != PLAIN:
            data.take_back(self._source(), data.folder_of(self.engine, new))
        self._delete()

    def _forget_aside(self) -> None:
        with contextlib.suppress(OSError):
            os.rmdir(posixpath.dirname(self._record["aside"]))

    def _finish(self) -> None:
        if self._is_plain and os.path.lexists(self._record["aside"]):
            shutil.rmtree(self._record["aside"])
            self._forget_aside()
        self.work.journal.clear()

    def recover(self) -> None:
        """Finish or undo what a killed run has begun. Raises DockwrightError; the journal stays."""
        self._record.update(self.work.journal.read())
        try:
            left = self._go_on()
        except OSError as error:
            raise HostError(_told(error)) from error
        if left:
            text = f"with volume {self._name} these do not start: {'; '.join(left)}"
            fix = "look at the engine's words, and at `docker logs` of it"
            raise ApplyFailed(text, fix=fix, changed=True)

    def _go_on(self) -> list[str]:
        step, left = self._record["step"], []
        if step not in (*_FORWARD, "create") or (step == "create" and self._is_unused()):
            return self._undo()
        if step == "create":
            failures = self._remaking().make()
            if failures:
                text = f"with the new volume {self._name}, in use already, these cannot be made"
                fix = "correct what the engine names (get the image again, say), and run again"
                raise HostError(f"{text}: {'; '.join(failures)}", fix=fix)
        if step != "drop":
            left = self._start()
        self._finish()
        return left


def _root_of(place: str) -> str:
    """The engine's folder of all volumes, from that of one volume's data."""
    return posixpath.dirname(posixpath.dirname(place))


def _told(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return error.message if isinstance(error, DockwrightError) else str(error)


def _is_like(raw: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a volume that is there is the one that was asked for."""
    return (
        raw["Driver"] == wanted["Driver"]
        and (raw.get("Options") or {}) == (wanted.get("DriverOpts") or {})
        and (raw.get("Labels") or {}) == (wanted.get("Labels") or {})
    )


def is_of(record: Mapping[str, Any], info: Mapping[str, Any]) -> bool:
    """Whether a journal is of the engine that answers; two of one host may have the same ID."""
    root = str(info.get("DockerRootDir") or "")
    return bool(root) and record["engine"] == info.get("ID") and is_below(record["place"], root)


def change_of(record: Mapping[str, Any]) -> Change:
    """The change that puts a killed run right."""
    name, step = str(record["old"]["Name"]), record["step"]
    what = "its containers start with the new one" if step in _FORWARD else "the old one is back"
    if step == "create":
        what = "the old one is back, or where something has written to the new one, that stays"
    reason = f"an earlier run was interrupted while it made volume {name} anew: {what}"
    return Change(KIND, name, Action.RECOVER, reason=reason)
