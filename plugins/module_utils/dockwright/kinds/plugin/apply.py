"""Plugins are installed, changed and removed here. What fails half-way is put back as it was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Callable

from ...errors import ApplyFailed, DockwrightError, EngineRefused, Problem
from ...model import Want
from ..image.credentials import Registries, headers
from ..image.faults import Fault, fault_of
from ..image.progress import Progress, Tell
from ..image.reference import parse as parse_reference
from ..image.retry import Retry, persist
from .checks import not_carried, refused, unknown
from .have import (
    PluginHave,
    Privileges,
    Source,
    brings,
    disturbs,
    from_answer,
    granted_by,
    privileges,
    resets,
)
from .options import ABSENT, ENABLED

if TYPE_CHECKING:
    from ...engine.client import Engine

_MORE = 60.0  # seconds: an engine waits up to 13 s until a plugin listens, then `enable_timeout`


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
    stopped: list[str] = []
    try:
        if have.is_enabled and not force:  # the engine looks whether anybody has it
            _disable(engine, want.name, stopped)
        engine.delete(f"/plugins/{want.name}", {"force": force})
    except DockwrightError as error:
        if isinstance(error, EngineRefused) and error.status == 404:  # somebody else was faster
            return
        text = f"plugin {want.name} could not be removed: {error.message}"
        if stopped:
            text += _back(lambda: _enable_again(engine, want))
        raise ApplyFailed(text, where=want.where, fix=_fix(error), changed=bool(stopped)) from error


def _install(ask: Source, want: Want, have: PluginHave, tell: Tell) -> None:
    engine = ask.engine
    asked = _granted(ask, want, have)
    try:
        _bring(ask, want, asked, tell)
        now = inspect(engine, want.name)
        _check_held(want, now)
        fresh = {key: value for key, value in want.inputs.items() if key != "ignore"}
        _set(engine, want._replace(inputs=fresh), now, [])
        if want.state == ENABLED:
            _enable(engine, want)
    except DockwrightError as error:
        if not _is_there(engine, want.name):
            raise
        text = f"plugin {want.name} could not be made ready: {_words(error)}"
        text += _back(lambda: engine.delete(f"/plugins/{want.name}", {"force": True}))
        where = error.where or want.where
        raise ApplyFailed(text, where=where, fix=_fix(error), changed=True) from error


def _is_there(engine: Engine, name: str) -> bool:
    """Whether it has come; an engine that does not answer may have it."""
    try:
        inspect(engine, name)
    except EngineRefused as error:
        return error.status != 404
    except DockwrightError:
        return True
    return True


def _change(ask: Source, want: Want, have: PluginHave, tell: Tell) -> None:
    engine, name = ask.engine, want.name
    upgrades = brings(want, have)
    asked = _granted(ask, want, have) if upgrades else ()
    done: list[str] = []
    try:
        if disturbs(want, have):
            _disable(engine, name, done, force=bool(want.inputs.get("force")))
        if upgrades:
            _bring(ask, want, asked, tell, upgrade=True)
            done.append("upgrade")
        now = inspect(engine, name)
        if upgrades:
            _check_held(want, now)
            _check_carried(want, now)
        _set(engine, want, now, done, save=upgrades)
        if want.state == ENABLED and not now.is_enabled:
            _enable(engine, want)
    except DockwrightError as error:
        touched = bool(done) or _differs(engine, have)
        text = f"plugin {name} could not be changed: {_words(error)}"
        text += _back(lambda: _restore(ask, want, have, tell))
        where = error.where or want.where
        raise ApplyFailed(text, where=where, fix=_fix(error), changed=touched) from error


def _differs(engine: Engine, have: PluginHave) -> bool:
    """Whether it is another now, or nobody can tell: the answer to a step may have been lost."""
    try:
        now = inspect(engine, have.name)
    except DockwrightError:
        return True
    found = (now.source, now.is_enabled, now.settings)
    return found != (have.source, have.is_enabled, have.settings)


def _disable(engine: Engine, name: str, done: list[str], *, force: bool = False) -> None:
    """Stop it, and note that; one whose answer is lost may still be done."""
    try:
        engine.post(f"/plugins/{name}/disable", None, {"force": force})
    except EngineRefused:
        raise
    except DockwrightError as error:
        done.append("disable")
        text = f"{error.message}, and the engine may still stop it"
        raise ApplyFailed(text, fix="see `docker plugin ls`") from error
    done.append("disable")


def _check_held(want: Want, now: PluginHave) -> None:
    """Raise ApplyFailed where a tag has moved since: engines do not compare every privilege."""
    if want.inputs.get("grant_all"):
        return
    grant = want.inputs.get("grant", {})
    more = _beyond(now.held, grant)
    if more:
        text = f"{want.inputs['source']} has moved meanwhile, and holds what is not granted: {more}"
        raise ApplyFailed(text, where=f"{want.where}.grant", fix="look at it, and run again")


def _beyond(asked: Mapping[str, Iterable[str]], *allowed: Mapping[str, Iterable[str]]) -> str:
    """What is asked for beyond what is allowed, as a text; empty where nothing is."""
    more = {
        name: set(values).difference(*(one.get(name, ()) for one in allowed))
        for name, values in sorted(asked.items())
    }
    return "; ".join(
        f"{name}: {', '.join(sorted(values))}" for name, values in more.items() if values
    )


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
        fix = "remove it (`state: absent`) and install it anew"
        raise ApplyFailed(not_carried(now), where=f"{want.where}.source", fix=fix)


def _set(
    engine: Engine, want: Want, now: PluginHave, done: list[str], *, save: bool = False
) -> None:
    """Give a plugin that is disabled its settings. Raises ApplyFailed before it sets any.

    ``save``: also where there are none; an engine forgets an upgrade that nothing follows.
    """
    _raise(unknown(want, now))
    words = [f"{name}={after or ''}" for name, (_, after) in resets(want, now).items()]
    if words or save:
        engine.post(f"/plugins/{want.name}/set", words)
        done.append("set")


def _enable(engine: Engine, want: Want) -> None:
    wait = int(want.inputs.get("enable_timeout") or 0)
    limit = max(engine.timeout, wait + _MORE)
    engine.post(f"/plugins/{want.name}/enable", None, {"timeout": wait}, timeout=limit)


def _enable_again(engine: Engine, want: Want) -> None:
    if not inspect(engine, want.name).is_enabled:
        _enable(engine, want)


def _restore(ask: Source, want: Want, have: PluginHave, tell: Tell) -> None:
    """Source, settings and state as they were."""
    engine, name = ask.engine, want.name
    if inspect(engine, name).source != have.source:
        _return(ask, want, have, tell)
    now = inspect(engine, name)
    words = [
        f"{key}={setting.value or ''}"
        for key, setting in have.settings.items()
        if key in now.settings and now.settings[key].value != setting.value
    ]
    if words and not now.is_enabled:
        engine.post(f"/plugins/{name}/set", words)
    if have.is_enabled and not now.is_enabled:
        _enable(engine, want)
    elif now.is_enabled and not have.is_enabled:
        _disable(engine, name, [])


def _return(ask: Source, want: Want, have: PluginHave, tell: Tell) -> None:
    """To the source that it had, if that asks for, and then holds, no more than it did."""
    if not have.source:
        raise ApplyFailed("the old one was made on this engine, and no registry has it")

    def check(rights: Mapping[str, Iterable[str]], does: str) -> None:
        more = _beyond(rights, have.held, want.inputs.get("grant", {}))
        if more and not want.inputs.get("grant_all"):
            raise ApplyFailed(f"{have.source} has moved, and {does} more than it had: {more}")

    before = want._replace(inputs={**want.inputs, "source": have.source})
    asked = privileges(ask, before)
    if isinstance(asked, Fault):
        raise ApplyFailed(f"{have.source} cannot be had again: {asked.message}", fix=asked.fix)
    check(granted_by(asked), "asks for")
    _bring(ask, before, asked, tell, upgrade=True)
    check(inspect(ask.engine, want.name).held, "holds")


def _back(work: Callable[[], object]) -> str:
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
