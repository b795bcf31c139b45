"""Apply a plan for daemon.json: validated, written, taken by the daemon and proved; or undone."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Callable

from ...engine.client import Engine
from ...errors import ApplyFailed, DockwrightError, EngineError, HostError
from ...host.machine import Host
from ...model import Action, Change, Disruption
from . import deferred, proof, undo, unit, what_ran
from .document import edited, rendered, text_of
from .have import DaemonHave
from .live import live_values
from .options import BY_NAME, default_of, is_reloadable
from .record import RELOAD, RESTART, START, WRITE, Record
from .want import DaemonWant

Progress = Callable[[str], None]
_SETTLE_LIMIT = 5.0
_PLUGIN_LIMIT = 25.0  # a plugin that is not there is retried for 15 s


def apply(  # noqa: PLR0913 (the stages' common signature)
    want: DaemonWant,
    have: DaemonHave,
    changes: Sequence[Change],
    host: Host,
    engine: Engine | None,
    progress: Progress = lambda text: None,
    timeout: float = 120.0,
    *,
    defers: bool = False,
) -> None:
    """Carry out the very changes of the plan; with ``defers`` some of them wait for a restart.

    Raises ApplyFailed; then the old file is back, and the daemon works with it again.
    """
    transaction = _Transaction(want, have, changes, host, engine, progress, timeout)
    transaction.defers = defers
    transaction.run()


class _Transaction:
    """One change of the file; knows what it touched, so that it can undo it."""

    def __init__(  # noqa: PLR0913 - as above
        self,
        want: DaemonWant,
        have: DaemonHave,
        changes: Sequence[Change],
        host: Host,
        engine: Engine | None,
        progress: Progress,
        timeout: float,
    ) -> None:
        self.want = want
        self.have = have
        self.host = host
        self.engine = engine
        self.progress = progress
        self.timeout = timeout
        updates = [change for change in changes if change.action is Action.UPDATE]
        self.paths = [change.path for change in updates if change.path != unit.PATH]
        self.drop_in = next((c for c in updates if c.path == unit.PATH), None)
        self.steps = [c for c in changes if c.action is not Action.UPDATE]
        self.document = edited(have.raw, want, self.paths)
        self.journal = host.journal(undo.KIND)
        self.waited = deferred.waiting(host)
        self.record = self._recorded()
        self.defers = False  # some of the keys wait for a restart
        self.wrote = self.reloaded = self.restarted = False
        self.tried: str | None = None  # what was to be the file last
        self.started = time.time()

    def run(self) -> None:
        files = self.host.files
        if files.read_text(self.have.path) != self.have.text:
            raise ApplyFailed(
                f"{self.have.path} was changed by another hand while we planned",
                where=self.want.where,
                fix="run again",
            )
        files.make_directory(posixpath.dirname(self.have.path))
        if self.paths or self.drop_in:
            self._check()
            self._back_up()
        self._note(WRITE)
        try:
            self._carry_out()
        except DockwrightError as error:
            raise self._undone(error) from error
        self._note_deferred()
        self.journal.clear()

    def _recorded(self) -> Record:
        """How it is now, and what another run needs should we be killed."""
        steps, have = self.steps, self.have
        lent = len(steps) > 1 and steps[0].action is Action.RELOAD
        return Record(
            before=have.text,
            before_restart=self.waited.before if self.waited else have.text,
            after=text_of(self.document) if self.paths else have.text or "",
            was_up=have.is_running,
            daemon=self.host.service.identity() if have.is_running else "",
            lent=lent,
            all_stop=bool(steps) and steps[-1].disruption >= Disruption.REPLACE,
            resets=self._defaults(name for name in self.paths if name not in have.raw),
            unit=have.unit.name if self.drop_in and have.unit else "",
            drop_in=have.unit.drop_in if have.unit else None,
            writer=have.scope,
            values=dict(self.want.ours),
        )

    def _note(self, step: str, **more: Any) -> None:
        """On disk before the step begins."""
        self.record = replace(self.record, step=step, **more)
        self.journal.write(self.record.as_data())

    def _note_deferred(self) -> None:
        """What to go back to, should the daemon not start with what waits for its restart."""
        if self.restarted or not self.have.is_running:
            return
        if self.defers or (self.paths and deferred.of(self.host)):
            have, record = self.have, self.record
            started, owned = self.host.service.became_active(), {have.scope: dict(have.owned)}
            found = (record.daemon, have.text, record.after, started, owned)
            deferred.note(self.host, deferred.Deferred(*found))

    def _check(self) -> None:
        self.progress("validate the new daemon.json")
        try:
            words = None
            if self.drop_in and self.have.unit:
                names = self.drop_in.after or ()
                words = self.have.unit.files.words(self.have.unit.words_without(names))[1:]
            text = text_of(self.document)
            proof.validate(self.host, self.have.engine, self.have.path, text, words)
        except ApplyFailed as error:
            raise ApplyFailed(error.message, where=self.want.where, fix=error.fix) from error
        if "authorization-plugins" in self.paths:
            self._check_plugins()

    def _check_plugins(self) -> None:
        """A plugin that is not there ends the daemon some 15 s after the reload."""
        named = self.want.values.get("authorization-plugins") or []
        current = self.have.live.get("authorization-plugins") or []
        for name in named:
            if name not in current and not self._has_plugin(name):
                raise ApplyFailed(
                    f"there is no authorization plugin {name!r}: the daemon would end",
                    where=f"{self.want.where}.authorization-plugins",
                    fix="start the plugin first; nothing was changed",
                )

    def _has_plugin(self, name: str) -> bool:
        files = self.host.files
        places = [f"/run/docker/plugins/{name}.sock", f"/run/docker/plugins/{name}/{name}.sock"]
        places += [
            f"{folder}/docker/plugins/{name}.{form}"
            for folder in ("/etc", "/usr/lib")
            for form in ("spec", "json")
        ]
        if any(files.exists(place) for place in places):
            return True
        managed = self.engine.get("/plugins") if self.engine and self.have.is_running else []
        names = {plugin["Name"] for plugin in managed if plugin.get("Enabled")}
        return bool({name, f"{name}:latest"} & names)

    def _back_up(self) -> None:
        if self.have.text is not None:
            self.host.files.make_directory(self.host.memory_folder, mode=0o700)
            backup = f"{self.host.memory_folder}/daemon.json.before"
            self.host.files.write_atomic(backup, self.have.text, mode=0o600)

    def _carry_out(self) -> None:
        if self.steps and self.steps[0].action is Action.START:
            self._note(START)
            self._write_all()
            self._start()
        elif self.engine is None or not self.have.is_running or not self.steps:
            self._write_all()
        elif self.steps[-1].action is Action.RELOAD:
            self._note(RELOAD, **what_ran.observe(self.engine)._asdict())
            self._write(self._with_defaults())
            self._reload(self.engine)
            self._write(self.document)
        else:
            if self.record.lent:
                self._note(RELOAD)
                self._write({**self.have.raw, "live-restore": True})
                self._reload(self.engine)
            before = what_ran.observe(self.engine)
            self._note(RESTART, **before._asdict())
            self._write_all()
            self._restart(self.engine, before)

    def _with_defaults(self) -> dict[str, Any]:
        """The file for one reload: a removed key would keep its old value in the daemon."""
        removed = (path for path in self.paths if path not in self.document)
        return {**self.document, **self._defaults(removed)}

    def _defaults(self, names: Iterable[str]) -> dict[str, Any]:
        """The engine's defaults of keys that a reload without them would leave as they are."""
        found = {}
        for name in (name for name in names if name in BY_NAME):
            key = BY_NAME[name]
            default = default_of(key, self.have.cgroup_version)
            resets = is_reloadable(name, self.have.engine) and not key.absent_resets
            if resets and default is not None:
                found[name] = rendered(name, default)
        return found

    def _write(self, document: Mapping[str, Any]) -> None:
        text = text_of(document)
        if self.paths and text != self.host.files.read_text(self.have.path):
            self.tried = text
            self.host.files.write_atomic(self.have.path, text)
            self.wrote = True

    def _write_all(self) -> None:
        """The drop-in of the unit, and the file that goes with it.

        In this order, for a full disk takes no file back, but it lets us remove one.
        """
        if self.drop_in and self.have.unit:
            self.wrote = True
            text = self.have.unit.text_without(self.drop_in.after or ())
            unit.write(self.host, self.have.unit.name, text)
        self._write(self.document)

    def _reload(self, engine: Engine) -> None:
        self.progress("reload the daemon")
        self.reloaded = True
        plugins = "authorization-plugins" in self.paths
        proof.reload(self.host, engine, _PLUGIN_LIMIT if plugins else undo.RELOAD_LIMIT)
        if plugins:
            self._outlives_plugins(engine)
        self._verify_soon(engine)

    def _verify_soon(self, engine: Engine) -> None:
        """Verify; the event that we saw may be of a reload just before ours."""
        deadline = time.monotonic() + _SETTLE_LIMIT
        while True:
            info = proof.wait_answer(engine, self.timeout, self.host)
            try:
                return self._verify(info, at_reload=True)
            except ApplyFailed:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _outlives_plugins(self, engine: Engine) -> None:
        engine.get("/info", timeout=_PLUGIN_LIMIT)  # every call goes through the plugins

    def _start(self) -> None:
        """Start a daemon that had failed: both units refuse until that is forgotten."""
        self.progress("start the daemon")
        self.restarted = True
        self.host.service.reset_failed()
        self.host.service.start(self.timeout)
        if self.engine is not None:
            self._verify(proof.wait_answer(self.engine, self.timeout, self.host))

    def _restart(self, engine: Engine, before: what_ran.WhatRan) -> None:
        self.progress("restart the daemon")
        self.host.service.reset_failed()
        self.restarted = True
        self.wrote = self.wrote or self.waited is not None  # an earlier run did
        self.host.service.restart(self.timeout)
        self._verify(proof.wait_answer(engine, self.timeout, self.host))
        vanished = what_ran.bring_back(engine, before, all_stopped=self.record.all_stop)
        if vanished:
            self.progress(f"removed by the restart (--rm): {', '.join(vanished)}")

    def _verify(self, info: Mapping[str, Any], *, at_reload: bool = False) -> None:
        """The values that the engine tells must be the new ones."""
        live = live_values(info)
        for name in dict.fromkeys(path.partition(".")[0] for path in self.paths):
            expected = self._expected(name)
            if name not in live or expected is None:
                continue
            if at_reload and not is_reloadable(name, self.have.engine):
                continue
            if live[name] != expected and not self._first_of_two(name):
                text = f"the daemon works with {live[name]!r} instead of {expected!r}"
                raise ApplyFailed(text, where=f"{self.want.where}.{name}")

    def _expected(self, name: str) -> Any:
        """The value that a changed key must have afterwards; None where that cannot be told."""
        if name in self.want.values:
            return self.want.values[name]
        key = BY_NAME.get(name)
        return default_of(key, self.have.cgroup_version) if key else None

    def _first_of_two(self, name: str) -> bool:
        """Whether this is the reload before the restart, which switches live-restore on only."""
        return len(self.steps) > 1 and not self.restarted and name != "live-restore"

    def _is_written(self) -> bool:
        """Whether a new file is there, also where writing it has ended in an error."""
        text = self.tried
        return text is not None and self.host.files.read_text(self.have.path) == text

    def _undone(self, error: DockwrightError) -> ApplyFailed:
        """Put the old file back, get the daemon to work with it, and say what went wrong."""
        words = error.message
        if self.restarted and isinstance(error, (HostError, EngineError)):
            words = f"the daemon does not start: {proof.daemon_words(self.host, self.started)}"
        elif self.reloaded and isinstance(error, EngineError):
            words = f"the daemon ended at a reload: {proof.daemon_words(self.host, self.started)}"
        fix = "nothing was changed"
        try:
            if self.wrote or self._is_written():
                self.progress("put the old daemon.json back")
                record = self.record if self.restarted else undo.before_restart(self.record)
                undo.Undo(record, self.host, self.engine, self.timeout).run()
                fix = "the old configuration is in force again; correct the value"
                if not self.have.is_running:
                    fix = "the old file is back; the daemon did not run before either"
                elif self.record.step == RESTART and not self.restarted:
                    fix = "the old file is back, and the daemon was not restarted"
        except DockwrightError as second:
            fix = f"putting the old state back failed too: {second.message}"
            fix += "; the next run tries it again"
        else:
            self.journal.clear()
        return ApplyFailed(words, where=error.where or self.want.where, fix=fix)
