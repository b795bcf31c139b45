"""Making a volume anew with a copy of its data, so that a failure or a kill loses nothing.

see that each container can be made again → stop those that have it → remove them (their definitions
are in the journal) → move the data of a plain volume aside, into a volume ``NAME.dockwright-old``
beside it → remove the volume, make the new one → copy, compare byte by byte → make the containers
again, start those that ran → only then the old data go. What was mounted from elsewhere stays there
untouched.

Until the copy has been compared, whatever fails is undone. Afterwards it is finished, unless no
container starts: what one has written meanwhile would be lost by going back.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ... import owner
from ...engine.client import Engine
from ...engine.parallel import each
from ...errors import ApplyFailed, DockwrightError, EngineRefused, HostError, PlanRefused, Problem
from ...host.machine import Host
from ...model import Action, Change, EngineFacts, Have, Plan, Want
from ..container import replace as replacing
from ..storage.restore import Restorer
from ..storage.save import definitions_of
from ..storage.stopping import stop
from ..storage.work import Work
from . import data
from .apply import body
from .places import PLAIN, place_of

KIND = "volume"
ASIDE, TRIAL = ".dockwright-old", ".dockwright-trial"
_FINISHING = ("create", "drop")  # the copy has been compared


def refuse_elsewhere(plan: Plan, volumes: Mapping[str, Have], host: Host | None) -> None:
    """Raise PlanRefused where the data are not within reach. Looks, and changes nothing."""
    moving = {c.name for c in plan.changes if c.kind == KIND and c.action is Action.REPLACE}
    for name in sorted(moving):
        where = str(volumes[name].raw.get("Mountpoint") or "")
        if host is None or not os.path.isdir(where):
            text = f"the data of volume {name} move on the engine's own machine, as root"
            fix = "run on that host (as Ansible does), as root, or leave migrate out"
            raise PlanRefused([Problem(f"volumes.{name}.migrate", text, fix)])


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
        self._left: list[str] = []  # why some containers do not start

    @property
    def _record(self) -> dict[str, Any]:
        return self.work.record

    @property
    def _name(self) -> str:
        return str(self._record["old"]["Name"])

    @property
    def _aside(self) -> str:
        return self._name + ASIDE

    @property
    def _spot(self) -> str:
        return f"{self.host.memory_folder}/volume-mount"

    def run(self, want: Want, have: Have, users: Iterable[Have]) -> None:
        """Make it anew. Raises ApplyFailed; all is then as it was, or it says what is where."""
        users = list(users)
        raw = have.raw
        self._record.update(
            old={
                "Name": have.name,
                "Driver": raw["Driver"],
                "DriverOpts": dict(raw.get("Options") or {}),
                "Labels": dict(raw.get("Labels") or {}),
            },
            new={"Driver": "local", **body(want, have)},
            containers=definitions_of(users),
            place=str(raw["Mountpoint"]),
        )
        self._refuse_early()
        try:
            self._move(users)
        except DockwrightError as error:
            message, fix = self._undo_or_say(error)
            raise ApplyFailed(message, where=want.where, fix=fix, changed=True) from error
        except OSError as error:
            text = f"{error.filename}: {error.strerror or error}"
            message, fix = self._undo_or_say(HostError(text))
            raise ApplyFailed(message, where=want.where, fix=fix, changed=True) from error
        self._finish()
        self._say(self._left)

    def _refuse_early(self) -> None:
        """Before anything is touched: whether both places are there, and there is room."""
        old, new, target = self._record["old"], self._record["new"], self._record["place"]
        with contextlib.ExitStack() as stack:
            opened = data.opened(self.host, self.engine, old, f"{self._spot}-old")
            source = stack.enter_context(opened)
            if place_of(new["Driver"], new.get("DriverOpts") or {}).form != PLAIN:
                opened = data.opened(self.host, self.engine, new, self._spot)
                target = stack.enter_context(opened)
                if not data.is_empty(target):
                    return  # what is there is compared when nobody writes any more
            data.refuse_without_room(self.host, source, target)

    def _move(self, users: list[Have]) -> None:
        self.work.step("try")
        self._restorer().try_out(TRIAL)
        self.work.step("stop")
        running = [item["name"] for item in self._record["containers"] if item["running"]]
        if running:
            self.tell(f"volume {self._name}: stopping {', '.join(running)}")
        ran = [have for have in users if have.name in running]
        each(lambda have: stop(self.engine, have), ran, 8)
        self.work.step("remove")
        for have in users:
            replacing.remove(self.engine, have.id, volumes=False)
        if self._is_plain:
            self._set_aside()
        self.work.step("switch")
        self._delete(self._name)
        self.engine.post("/volumes/create", self._record["new"])
        self._copy()
        self.work.step("create")
        self._left = self._containers()
        self.work.step("drop")

    @property
    def _is_plain(self) -> bool:
        old = self._record["old"]
        return place_of(old["Driver"], old["DriverOpts"]).form == PLAIN

    # --- the data --------------------------------------------------------------------------------

    def _set_aside(self) -> None:
        """The old data into a volume of their own: one rename, on the same file system."""
        labels = {owner.REPLACES: self._name}
        made = self.engine.post("/volumes/create", {"Name": self._aside, "Labels": labels})
        if owner.labels_of(made) != labels:
            fix = f"if nobody needs the volume {self._aside}, remove it"
            raise ApplyFailed(f"there is a volume {self._aside} that is not ours", fix=fix)
        self.work.step("aside", aside=str(made["Mountpoint"]))
        os.rmdir(made["Mountpoint"])
        os.rename(self._record["place"], made["Mountpoint"])

    def _copy(self) -> None:
        self.work.step("copy")
        with contextlib.ExitStack() as stack:
            if self._is_plain:
                source = str(self._record["aside"])
            else:
                spot = f"{self._spot}-old"
                found = data.opened(self.host, self.engine, self._record["old"], spot)
                source = stack.enter_context(found)
            opened = data.opened(self.host, self.engine, self._record["new"], self._spot)
            target = stack.enter_context(opened)
            if os.path.samefile(source, target):
                return  # the same folder, by other options
            if not data.is_empty(target):
                self._refuse_other(source, target)
                return
            self.work.step("copy", filled=True)
            data.fill(self.host, source, target, self.tell)

    def _refuse_other(self, source: str, target: str) -> None:
        """What is there already is taken where it is the same data."""
        wrong = data.difference(source, target)
        if wrong:
            text = f"the new place of volume {self._name} holds other data already ({wrong})"
            raise ApplyFailed(text, fix="empty it, or name another place")

    def _delete(self, name: str) -> None:
        try:
            self.engine.delete(f"/volumes/{name}")
        except EngineRefused as error:
            if error.status != 404:
                raise

    # --- the containers --------------------------------------------------------------------------

    def _containers(self) -> list[str]:
        """Make again what is not there, and start what ran; why some do not start.

        Raises ApplyFailed where none does: then nothing was written that going back would lose.
        """
        failures = self._as_before()
        ran = [item for item in self._record["containers"] if item["running"]]
        if failures and len(failures) >= len(ran):
            self._say(failures)
        return failures

    def _restorer(self) -> Restorer:
        return Restorer(self.work, self.facts, self._record["containers"], {}, {})

    def _as_before(self) -> list[str]:
        restorer = self._restorer()
        restorer.create()
        return restorer.start()

    def _say(self, failures: list[str]) -> None:
        """Raise ApplyFailed where containers do not start."""
        if failures:
            fix = "look at the engine's words, and at `docker logs` of it"
            text = f"with volume {self._name} these do not start: {'; '.join(failures)}"
            raise ApplyFailed(text, fix=fix, changed=True)

    # --- undoing and finishing -------------------------------------------------------------------

    def _undo_or_say(self, error: DockwrightError) -> tuple[str, str]:
        """Undo; what to say of it all, and what to do."""
        head = f"volume {self._name} was not made anew: {error.message}"
        is_trial = self._record["step"] == "try"
        try:
            failures = self._undo()
        except (DockwrightError, OSError) as second:
            text = f"{head}; bringing the old one back failed, too: {second}"
            return text, f"its data are safe ({self._whereabouts}); run again, which tries again"
        if is_trial:
            return f"{head}; nothing was stopped", error.fix or "correct what the engine names"
        if failures:
            text = f"{head}; the old one is back, but these do not start: {'; '.join(failures)}"
            return text, "look at the engine's words, and at `docker logs` of it"
        return f"{head}; the old one is back, with its data and its containers", error.fix

    @property
    def _whereabouts(self) -> str:
        aside = str(self._record.get("aside") or "")
        return aside if aside and os.path.isdir(aside) else str(self._record["place"])

    def _undo(self) -> list[str]:
        """Bring back the old volume and the containers; from any step, also from a half undone.

        Returns why some containers that ran do not start.
        """
        step = self._record["step"]
        if step == "try":
            self._remove(TRIAL)
            self.work.journal.clear()
            return []
        if step not in ("stop", "remove"):
            self._remove()
            self._empty_new()
            if self._is_plain:
                self._put_back()
            else:
                self._delete(self._name)
                self.engine.post("/volumes/create", self._record["old"])
        if self._is_plain:
            self._delete_aside()
        failures = self._as_before()
        self.work.journal.clear()
        return failures

    def _remove(self, suffix: str = "") -> None:
        """The containers that we have made."""
        for item in self._record["containers"]:
            found = replacing.find(self.engine, item["name"] + suffix)
            if found:
                replacing.remove(self.engine, found["Id"], volumes=False)

    def _empty_new(self) -> None:
        """Take away what we have copied to a place elsewhere, which was empty before."""
        new = self._record["new"]
        place = place_of(new["Driver"], new.get("DriverOpts") or {})
        if not self._record.get("filled") or place.form == PLAIN:
            return
        with data.opened(self.host, self.engine, new, self._spot) as target:
            data.clear(target)
        self.work.step(self._record["step"], filled=False)

    def _put_back(self) -> None:
        place, aside = self._record["place"], str(self._record.get("aside") or "")
        if not os.path.isdir(aside) or (self._record["step"] == "aside" and os.path.isdir(place)):
            return  # the data are, or are again, where they were
        self.work.step("back")
        self._delete(self._name)
        made = self.engine.post("/volumes/create", self._record["old"])
        os.rmdir(made["Mountpoint"])
        os.rename(aside, made["Mountpoint"])

    def _delete_aside(self) -> None:
        """The volume that held the old data; never while they are in it."""
        aside = str(self._record.get("aside") or "")
        if self._record["step"] != "drop" and aside and os.path.isdir(aside) and os.listdir(aside):
            raise HostError(f"the old data of volume {self._name} are still in {aside}")
        listed = (self.engine.get("/volumes") or {}).get("Volumes") or ()
        ours = {owner.REPLACES: self._name}
        if any(raw["Name"] == self._aside and owner.labels_of(raw) == ours for raw in listed):
            self._delete(self._aside)

    def _finish(self) -> None:
        if self._is_plain:
            self._delete_aside()
        self.work.journal.clear()

    def recover(self) -> None:
        """Finish or undo what a killed run has begun. Raises DockwrightError; the journal stays."""
        self._record.update(self.work.journal.read())
        for spot in (self._spot, f"{self._spot}-old"):
            data.unmount(self.host, spot)
        try:
            if self._record["step"] in _FINISHING:
                self._go_on()
            else:
                self._say(self._undo())
        except OSError as error:
            raise HostError(f"{error.filename}: {error.strerror or error}") from error

    def _go_on(self) -> None:
        if self._record["step"] == "create":
            try:
                self._left = self._containers()
            except DockwrightError:
                self._say(self._undo())
                return
            self.work.step("drop")
        self._finish()
        self._say(self._left)


def reason(record: Mapping[str, Any]) -> str:
    """What putting a killed run right will do, in words."""
    name, step = record["old"]["Name"], record["step"]
    what = "its containers start with the new one" if step in _FINISHING else "the old one is back"
    return f"an earlier run was interrupted while it made volume {name} anew: {what}"


def change_of(record: Mapping[str, Any]) -> Change:
    """The change that puts a killed run right."""
    return Change(KIND, str(record["old"]["Name"]), Action.RECOVER, reason=reason(record))
