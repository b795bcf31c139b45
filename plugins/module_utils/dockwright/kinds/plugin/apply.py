"""Plugins are installed, changed and removed here. What fails half-way is put back as it was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable

from ...errors import ApplyFailed, DockwrightError, EngineRefused, Problem
from ...model import Want
from ..image.credentials import Registries, headers
from ..image.faults import Fault, fault_of
from ..image.progress import Progress, Tell
from ..image.reference import parse as parse_reference
from ..image.retry import Retry, persist
from .have import PluginHave, Privileges, Source, brings, disturbs, from_answer, privileges, resets
from .options import ABSENT, ENABLED
from .plan import refused, unknown

if TYPE_CHECKING:
    from ...engine.client import Engine

# Seconds: the engine waits so long for what a plugin answers, and up to 13 s until it listens.
_ANSWER = 30
_LONGEST = 120.0


def apply(
    engine: Engine, registries: Registries, want: Want, have: PluginHave | None, tell: Tell
) -> None:
    """Bring one plugin to what is wanted. Raises ApplyFailed."""
    ask, have = Source(engine, registries), have or PluginHave(want.name)
    tell(f"plugin {want.name}: to be {want.state}")
    if want.state == ABSENT:
        _remove(engine, want, have)
    elif have.id:
        _change(ask, want, have, tell)
    else:
        _install(ask, want, have, tell)


def _remove(engine: Engine, want: Want, have: PluginHave) -> None:
    force = bool(want.inputs.get("force"))
    stopped = False
    try:
        if have.is_enabled and not force:  # the engine looks whether anybody has it
            engine.post(f"/plugins/{want.name}/disable", timeout=_LONGEST)
            stopped = True
        engine.delete(f"/plugins/{want.name}", {"force": force}, timeout=_LONGEST)
    except DockwrightError as error:
        if isinstance(error, EngineRefused) and error.status == 404:  # somebody else was faster
            return
        text = f"plugin {want.name} could not be removed: {error.message}"
        if stopped:
            text += _back(engine, lambda: _enable(engine, want.name))
        raise ApplyFailed(text, where=want.where, fix=_fix(error), changed=stopped) from error


def _install(ask: Source, want: Want, have: PluginHave, tell: Tell) -> None:
    engine = ask.engine
    asked = _granted(ask, want, have)
    _bring(ask, want, asked, tell)
    try:
        _set(engine, want, inspect(engine, want.name))
        if want.state == ENABLED:
            _enable(engine, want.name)
    except DockwrightError as error:
        text = f"plugin {want.name} could not be made ready: {_words(error)}"
        text += _back(engine, lambda: engine.delete(f"/plugins/{want.name}", {"force": True}))
        where = error.where or want.where
        raise ApplyFailed(text, where=where, fix=_fix(error), changed=True) from error


def _change(ask: Source, want: Want, have: PluginHave, tell: Tell) -> None:
    engine, name = ask.engine, want.name
    upgrades = brings(want, have)
    asked = _granted(ask, want, have) if upgrades else ()
    upgraded = stopped = False
    try:
        if disturbs(want, have):
            force = {"force": bool(want.inputs.get("force"))}
            engine.post(f"/plugins/{name}/disable", None, force, timeout=_LONGEST)
            stopped = True
        if upgrades:
            _bring(ask, want, asked, tell, upgrade=True)
            upgraded = True
        now = inspect(engine, name)
        if upgraded:
            _check_carried(want, now)
        _set(engine, want, now)
        if want.state == ENABLED:
            _enable(engine, name)
    except DockwrightError as error:
        text = f"plugin {name} could not be changed: {_words(error)}"
        text += _back(engine, lambda: _restore(ask, want, have))
        where, touched = error.where or want.where, stopped or upgraded or not have.is_enabled
        raise ApplyFailed(text, where=where, fix=_fix(error), changed=touched) from error


def inspect(engine: Engine, name: str) -> PluginHave:
    """One plugin as it is now."""
    return from_answer(engine.get(f"/plugins/{name}/json"))


def _granted(ask: Source, want: Want, have: PluginHave) -> Privileges:
    """The privileges to give; asked for now where they could not be before."""
    if have.asked is not None:
        return have.asked
    found = privileges(ask, want)
    if isinstance(found, Fault):
        text = f"cannot be told what plugin {want.inputs['source']} asks for: {found.message}"
        raise ApplyFailed(text, where=f"{want.where}.source", fix=found.fix)
    _raise(refused(want, found))
    return found


def _bring(
    ask: Source, want: Want, asked: Privileges, tell: Tell, *, upgrade: bool = False
) -> None:
    """Pull or upgrade. The engine refuses where the plugin asks for more than it did before."""
    source = want.inputs["source"]
    progress = Progress(want.name, tell)

    def bring() -> None:
        for line in _lines(ask, want.name, source, asked, upgrade=upgrade):
            progress.take(line)

    answer = persist(
        bring,
        lambda error: fault_of(error, parse_reference(source, ""), ask.registries),
        ask.retry or Retry(),
        lambda text: tell(f"{want.name}: {text}"),
    )
    if isinstance(answer, Fault):
        text = f"plugin {source} cannot be had: {answer.message}"
        raise ApplyFailed(text, where=f"{want.where}.source", fix=answer.fix)


def _lines(
    ask: Source, name: str, source: str, asked: Privileges, *, upgrade: bool
) -> Iterator[Mapping[str, Any]]:
    reference = parse_reference(source, "")
    path = f"/plugins/{name}/upgrade" if upgrade else "/plugins/pull"
    query = {"remote": reference.familiar, "name": None if upgrade else name}
    head = {"Content-Type": "application/json", **headers(ask.registries, reference.domain)}
    body = json.dumps(list(asked)).encode()
    return ask.engine.stream("POST", path, query=query, body=body, headers=head)


def _check_carried(want: Want, now: PluginHave) -> None:
    """Raise ApplyFailed where an engine has upgraded the files alone."""
    if now.not_carried:
        listed = ", ".join(now.not_carried)
        text = f"the engine cannot upgrade it to a version with another {listed}"
        fix = "remove it (`state: absent`) and install it anew"
        raise ApplyFailed(text, where=f"{want.where}.source", fix=fix)


def _set(engine: Engine, want: Want, now: PluginHave) -> None:
    """Give a plugin that is disabled its settings. Raises ApplyFailed before it sets any."""
    _raise(unknown(want, now))
    words = [f"{name}={after or ''}" for name, (_, after) in resets(want, now).items()]
    if words:
        engine.post(f"/plugins/{want.name}/set", words)


def _enable(engine: Engine, name: str) -> None:
    engine.post(f"/plugins/{name}/enable", None, {"timeout": _ANSWER}, timeout=_LONGEST)


def _restore(ask: Source, want: Want, have: PluginHave) -> None:
    """Source, settings and state as they were."""
    engine, name = ask.engine, want.name
    if inspect(engine, name).source != have.source:
        if not have.source:
            raise ApplyFailed("the old one was made on this engine, and no registry has it")
        held = privileges(ask, replace(want, inputs={"source": have.source}))
        if isinstance(held, Fault):
            raise ApplyFailed(f"{have.source} cannot be had again: {held.message}", fix=held.fix)
        list(_lines(ask, name, have.source, held, upgrade=True))
    now = inspect(engine, name)
    words = [
        f"{key}={setting.value or ''}"
        for key, setting in have.settings.items()
        if key in now.settings and now.settings[key].value != setting.value
    ]
    if words and not now.is_enabled:
        engine.post(f"/plugins/{name}/set", words)
    if have.is_enabled and not now.is_enabled:
        _enable(engine, name)
    elif now.is_enabled and not have.is_enabled:
        engine.post(f"/plugins/{name}/disable", timeout=_LONGEST)


def _back(engine: Engine, work: Callable[[], object]) -> str:
    """Undo, and say how that went: the end of a message."""
    try:
        work()
    except DockwrightError as error:
        return f"; and it is not as before: {_words(error)}"
    return "; it is as before"


def _words(error: DockwrightError) -> str:
    return "; ".join(problem.message for problem in error.problems())


def _fix(error: DockwrightError) -> str:
    if "in use" in error.message:
        return "remove the volumes, networks and containers that have it, or add `force: true`"
    return error.fix or "look at the engine's log (`journalctl -u docker`), where a plugin writes"


def _raise(found: Iterable[Problem]) -> None:
    problems = list(found)
    if problems:
        head, *rest = problems
        text = "; ".join([head.message, *(f"{item.where}: {item.message}" for item in rest)])
        raise ApplyFailed(text, where=problems[0].where, fix=problems[0].fix)
