"""The logins of one document as a part of its run: the five verbs over config.json."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from ...errors import ApplyFailed, Problem, SpecError
from ...model import Cause, Change, Plan, Want
from ..part import Part
from . import have as haves
from . import plan as plans
from .have import LoginHave
from .want import NEEDED

if TYPE_CHECKING:
    from ...host.memory import Memory

_TOKEN = "registry_token"  # in the memory: which login a token was given for
_REGISTRY_KEYS = ("registry-mirrors", "insecure-registries", "proxies")  # of daemon.json


class LoginPart(Part):
    """The logins by registry. They belong to the machine of the run, wherever the engine is."""

    kind = "registry_login"
    want: dict[str, Want]

    def look(self) -> None:
        known = getattr(self, "have", {})
        self.have: dict[str, LoginHave] = {}
        for name, want in self.want.items():
            have = self._stored(want)
            before = known.get(name)
            if before is not None and not before.unasked:
                have = replace(have, refused=before.refused, token=before.token, unasked=False)
            elif plans.asks(want, have) and self.site.engine and not self._moves_registries():
                have = haves.asked(have, want, self.site.engine)
            self.have[name] = have

    def _stored(self, want: Want, token: str = "") -> LoginHave:
        """What is stored; a token counts as the login that it was given for, now or last time."""
        have = haves.read(want, self.site.host, os.environ)
        if not have.login.token:
            return have
        memory = self._memory()
        given = {key: memory.fingerprint(value) for key, value in _exchange(want, have.login.token)}
        is_same = memory.recall(_TOKEN, _place(want, have)) == given
        return replace(have, is_exchanged=is_same or have.login.token == token)

    def _memory(self) -> Memory:
        """This machine's; the run's where that is the same file, else one would undo the other."""
        own, of_run = self.site.host.memory(), self.site.memory()
        return of_run if of_run.path == own.path else own

    def _moves_registries(self) -> bool:
        """Whether this run may change how the daemon reaches registries: then it is asked later."""
        daemon = self.site.wants.get("daemon")
        return any(key in _REGISTRY_KEYS for key in (daemon.values if daemon else ()))

    def plan(self) -> Plan:
        from ...causes import causes_from  # it knows all kinds, this one too

        cause_of = causes_from(self._memory())
        problems: list[Problem] = []
        changes: list[Change] = []
        for name, want in self.want.items():
            have = self.have[name]
            problems += plans.problems(want, have)
            changes += plans.plan(want, have, cause_of)
            if self._cannot_ask(want, have):
                fix = "start it, or store the login unseen with `verify: false`"
                text = f"the engine does not answer, so {want.name} cannot be asked"
                problems.append(Problem(want.where, text, fix))
        if problems:
            raise SpecError(problems)
        return Plan(tuple(changes))

    def _cannot_ask(self, want: Want, have: LoginHave) -> bool:
        starts_engine = bool(self.site.wants.keys() & {"daemon", "storage"})
        if self.site.check or starts_engine or self.site.engine:
            return False
        return have.unasked and plans.asks(want, have)

    def apply(self, changes: Sequence[Change], did: Callable[[Sequence[Change]], None]) -> None:
        from .apply import apply  # what only looks does not need it

        for name, want in self.want.items():
            own = [change for change in changes if change.name == name]
            if own:
                self.site.tell(f"registry {name}: {own[0].action.value} the login")
                self.have[name] = self._asked(want, self.have[name])
                apply(want, self.have[name], self.site.host)
                did(own)

    def _asked(self, want: Want, have: LoginHave) -> LoginHave:
        """What could not be asked before. Raises ApplyFailed."""
        if not have.unasked or not plans.asks(want, have):
            return have
        if self.site.engine is None:
            fix = "run again now, or store the login unseen with `verify: false`"
            text = f"the engine did not answer, so {want.name} cannot be asked"
            raise ApplyFailed(text, where=want.where, fix=fix)
        have = haves.asked(have, want, self.site.engine)
        if have.refused is not None:
            problem = plans.refusal(want, have)
            raise ApplyFailed(problem.message, where=want.where, fix=problem.fix)
        return have

    def verify(self) -> None:
        for name, want in self.want.items():
            have = self._stored(want, self.have[name].token)
            left = plans.plan(want, have, lambda *_: Cause.UNKNOWN)
            if left or have.error:
                text = f"the login at {name} is not stored as it should be: {have.error}"
                fix = "see whether another program writes the file, or keeps it from being written"
                raise ApplyFailed(text.rstrip(": "), where=want.where, fix=fix, changed=True)

    def remember(self) -> None:
        memory = self._memory()
        for name, want in self.want.items():
            if want.state == "absent":
                memory.forget(self.kind, name)
            else:
                memory.remember(self.kind, name, want.fields, partial(dict, want.fields))
            have = self.have[name]
            if have.token and want.state != "absent":
                exchange = dict(_exchange(want, have.token))
                memory.remember(_TOKEN, _place(want, have), exchange, partial(dict, exchange))
            elif not have.is_exchanged:
                memory.forget(_TOKEN, _place(want, have))
        memory.save()


def _exchange(want: Want, token: str) -> list[tuple[str, Any]]:
    """A login, and the token that the registry gave for it."""
    return [*((key, want.fields.get(key)) for key in NEEDED), ("token", token)]


def _place(want: Want, have: LoginHave) -> str:
    """Where a token is stored: each file has its own."""
    return f"{have.path} {want.name}"
