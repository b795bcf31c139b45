"""Apply a plan for the firewall: tested, restored by family, kept for the boot; or undone."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ...errors import ApplyFailed, DockwrightError
from ...host.machine import Host
from ...model import Change
from . import files, plan, saved
from .have import FirewallHave, read_family
from .rules import DROP, NAMES, Table
from .want import FirewallWant

_RESTORE = {4: "iptables{}-restore", 6: "ip6tables{}-restore"}
_LIMIT = 120.0
_WAIT = "30"  # for the lock that iptables commands take


def apply(
    want: FirewallWant,
    have: FirewallHave,
    changes: Sequence[Change],
    host: Host,
    tell: Callable[[str], None] = lambda text: None,
) -> None:
    """Carry out the plan's changes. Raises ApplyFailed; then the rules are those from before."""
    _Work(want, have, changes, host, tell).run()


class _Work:
    """One change of the rules; knows what it touched, so that it can undo it."""

    def __init__(
        self,
        want: FirewallWant,
        have: FirewallHave,
        changes: Sequence[Change],
        host: Host,
        tell: Callable[[str], None],
    ) -> None:
        self.want = want
        self.have = have
        self.host = host
        self.tell = tell
        self.paths = {change.path for change in changes}
        self.wanted = plan.wanted(want, have)
        self.families = [f for f in self._stricter_first() if NAMES[f] in self.paths]
        self.touched: list[int] = []

    def run(self) -> None:
        for family in self.families:
            self._restore(family, self._text(family), test=True)
        is_armed = bool(self.want.confirm_within and self.families)
        try:
            if is_armed:
                self._arm()
            for family in self.families:
                self.tell(f"firewall: rules for {NAMES[family]}")
                self.touched.append(family)
                self._restore(family, self._text(family))
            readings = self._read_back()
            self._keep(readings)
            if plan.CONFIRM in self.paths:
                self._confirm()
        except DockwrightError as error:
            raise self._undone(error, is_armed=is_armed) from error

    def _stricter_first(self) -> list[int]:
        """First the family that gets more rules that drop: nobody gets through in between."""

        def gain(family: int) -> int:
            old = saved.ours(self.have.saved[family])
            before = [
                rule for chains in old.values() for rules in chains.values() for rule in rules
            ]
            after = [
                rule
                for table in self.wanted[family].values()
                for rules in table.chains.values()
                for rule in rules
            ]
            return sum(DROP in rule for rule in after) - sum(DROP in rule for rule in before)

        return sorted(self.have.saved, key=lambda family: (-gain(family), family))

    def _text(self, family: int) -> str:
        return saved.restore_text(self.have.saved[family], self.wanted[family])

    def _restore(self, family: int, text: str, *, test: bool = False) -> None:
        command = _RESTORE[family].format(self.have.variant)
        argv = [command, "--noflush", "-w", _WAIT, *(["--test"] if test else [])]
        done = self.host.run(argv, input=text, timeout=_LIMIT)
        if done.returncode == 0:
            return
        words = done.stderr.strip() or done.stdout.strip() or f"exit {done.returncode}"
        fix = "nothing was changed" if test else ""
        where = self.want.where
        for index, line in enumerate(self.want.raw.get(NAMES[family], ())):
            if test and not self._takes(family, line.text):
                where, fix = f"{where}.raw.{NAMES[family]}[{index}]", "correct it; " + fix
                break
        raise ApplyFailed(f"{command} does not take the rules: {words}", where=where, fix=fix)

    def _takes(self, family: int, rule: str) -> bool:
        """Whether a raw rule alone is one that filter takes."""
        command = _RESTORE[family].format(self.have.variant)
        text = f"*filter\n:DOCKWRIGHT-TEST - [0:0]\n-A DOCKWRIGHT-TEST {rule}\nCOMMIT\n"
        argv = [command, "--noflush", "-w", _WAIT, "--test"]
        return self.host.run(argv, input=text, timeout=_LIMIT).returncode == 0

    def _read_back(self) -> dict[str, Any]:
        """Read what is there now; raw rules are as iptables shows them."""
        found = dict(self.have.own.readings)
        for family in self.families:
            now = read_family(self.host, self.have.variant, family)
            found[NAMES[family]] = saved.readings_of(now, self.wanted[family])
            check(self.wanted[family], now, found[NAMES[family]], family, self.want.where)
        return found

    def _keep(self, readings: dict[str, Any]) -> None:
        """Write the files of the next boot, or take them away."""
        meant = plan.wanted_files(self.want, self.have)
        texts = dict(meant)
        if meant:
            texts[files.READINGS] = json.dumps(readings, sort_keys=True) + "\n"
        for path, text in texts.items():
            if text != self.host.files.read_text(path):
                self.host.files.make_directory(posixpath.dirname(path), mode=_mode(path))
                self.host.files.write_atomic(path, text)
        for path in self.have.own.texts:
            if path not in meant and path not in files.unit_paths():
                self.host.files.remove(path)
        if meant and plan.BOOT in self.paths:
            words = ["daemon-reload"] if self.have.own.is_enabled else ["enable", *files.UNITS]
            self._systemctl(*words)
        elif not meant and self.have.own.texts:
            self._forget()

    def _forget(self) -> None:
        """Nothing of ours is loaded any more, at no boot either."""
        if not self.have.has_systemd:
            return
        self.host.run(["systemctl", "--no-reload", "disable", *files.UNITS], timeout=_LIMIT)
        for path in (*files.unit_paths(), files.READINGS):
            self.host.files.remove(path)
        self._systemctl("daemon-reload")

    # --- the way back ----------------------------------------------------------------------------

    def _arm(self) -> None:
        """Keep what was before, and start the timer that brings it back."""
        own, peer = self.have.own, self.have.came_by
        if not own.is_pending:
            for path in (f"{files.CURRENT}/{name}" for name in files.NAMES):
                before = path.replace(files.CURRENT, files.PREVIOUS)
                self.host.files.make_directory(files.PREVIOUS, mode=0o700)
                self.host.files.remove(before)
                if path in own.texts:
                    self.host.files.write_atomic(before, own.texts[path])
            readings = json.dumps(own.readings, sort_keys=True) + "\n"
            self.host.files.write_atomic(f"{files.PREVIOUS}/readings.json", readings)
        record = {"came_by": [peer.address, peer.client_port] if peer else None}
        self.host.files.write_atomic(files.SCRIPT, files.script(self.have.variant))
        self.host.files.write_atomic(files.PENDING, json.dumps(record) + "\n")
        self.host.files.write_atomic(files.ARMED, "")
        self._disarm_timer()
        after = f"--on-active={self.want.confirm_within:.0f}s"
        timer = [f"--unit={files.TIMER}", after, "--timer-property=AccuracySec=1s"]
        self.host.run(
            ["systemd-run", *timer, "/bin/sh", files.SCRIPT, "revert"], timeout=_LIMIT
        ).checked()

    def _disarm_timer(self) -> None:
        self.host.run(["systemctl", "stop", f"{files.TIMER}.timer"], timeout=_LIMIT)
        self.host.run(["systemctl", "reset-failed", f"{files.TIMER}.service"], timeout=_LIMIT)

    def _confirm(self) -> None:
        self._disarm_timer()
        for name in (*files.NAMES, "readings.json"):
            self.host.files.remove(f"{files.PREVIOUS}/{name}")
        for path in (files.PENDING, files.ARMED):
            self.host.files.remove(path)

    def _undone(self, error: DockwrightError, *, is_armed: bool) -> ApplyFailed:
        """Put the rules of the families that were changed back, and say what went wrong."""
        fix = error.fix or "the rules from before are in force again"
        for family in reversed(self.touched):
            try:
                now = read_family(self.host, self.have.variant, family)
                undo = saved.undo_text(self.have.saved[family], now)
                if undo:
                    self._restore(family, undo)
            except DockwrightError as second:
                fix = f"putting the rules of {NAMES[family]} back failed too: {second.message}"
        try:
            self._files_back()
        except DockwrightError as second:
            fix = f"putting the files of the next boot back failed too: {second.message}"
        if is_armed and not self.have.own.is_pending:
            self._confirm()
        return ApplyFailed(error.message, where=error.where or self.want.where, fix=fix)

    def _files_back(self) -> None:
        """The files of the next boot as they were."""
        own = self.have.own
        for path, text in own.texts.items():
            if self.host.files.read_text(path) != text:
                self.host.files.write_atomic(path, text)
        new = [path for path in plan.wanted_files(self.want, self.have) if path not in own.texts]
        if new and not own.is_enabled:
            self.host.run(["systemctl", "disable", *files.UNITS], timeout=_LIMIT)
        for path in new:
            self.host.files.remove(path)

    def _systemctl(self, *words: str) -> None:
        self.host.run(["systemctl", *words], timeout=_LIMIT).checked()


def check(
    wanted: Mapping[str, Table],
    now: saved.Saved,
    readings: saved.Readings,
    family: int,
    where: str,
) -> None:
    """Raise ApplyFailed where the host has other rules than those that were wanted."""
    left = saved.differences(now, wanted, readings)
    if left.before or left.after:
        text = "; ".join([*left.after, *left.before])
        raise ApplyFailed(
            f"{NAMES[family]}: the rules are not as they were set: {text}", where=where
        )


def _mode(path: str) -> int:
    return 0o700 if posixpath.dirname(path).startswith(files.FOLDER) else 0o755
