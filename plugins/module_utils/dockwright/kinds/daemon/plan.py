"""The plan for daemon.json: which keys change, and whether a reload is enough. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...errors import PlanRefused, Problem, SpecError
from ...model import Action, Cause, Change, Disruption, Notice, Plan
from ...named_tuple import NamedTuple
from . import networks, unit
from .checks import check, content_problems, file_warnings, version_problems
from .document import Difference, differences, effective, is_secret, normal, shown, stays
from .have import DaemonHave
from .options import BY_NAME, DAEMON, default_of, is_reloadable, version
from .want import DaemonWant

KIND = "daemon"
# Not applied, or fatal, while containers live through the restart.
_NEEDS_STOPPED = ("bip", "bip6", "bridge", "exec-opts", "cgroup-parent", "fixed-cidr")


class _Effects(NamedTuple):
    """What must happen for the values to come into force, by path."""

    reload: list[str]
    restart: list[str]


def plan(
    want: DaemonWant,
    have: DaemonHave,
    *,
    foreign: str = "keep",
    restart: str = "now",
    ignore: Sequence[str] = (),
) -> Plan:
    """The ordered changes; a RELOAD and a RESTART come last.

    Raises SpecError for keys that this engine does not take, PlanRefused where the file cannot
    be kept (it is broken) or content would be hidden.
    """
    out = _left_out(want, have, foreign)
    problems = check(want, have, foreign, out) + _defer_problems(have, out, restart, want.where)
    if problems:
        raise SpecError(problems)
    found, ignored = _without_ignored(differences(want, have, foreign), ignore)
    unsatisfied = _not_in_force(want, have, found, ignore)
    waiting = [Difference(path, None, want.values.get(path)) for path in unsatisfied]
    refused = _broken(have, foreign) + content_problems([*found, *waiting], want, have)
    if refused:
        raise PlanRefused(refused)
    effects = _effects(found, unsatisfied, have)
    changes = [_change(difference, want, have) for difference in found]
    if _unit_differs(have, out):
        changes.append(_unit_change(have, out))
        effects = _Effects([], [*effects.reload, *effects.restart, unit.PATH])
    pending: tuple[Notice, ...] = ()
    if not have.is_running:
        effects = _Effects([], [])
    if restart == "defer":
        pending = tuple(_pending(path, want, have) for path in effects.restart)
        effects = effects._replace(restart=[])
    steps = _steps(effects, want, have, foreign)
    if have.is_failed and found:
        reason = "the daemon has failed to start; it is started with the new file"
        steps = [Change(KIND, KIND, Action.START, reason=reason)]
    if any(step.disruption is Disruption.RESTART for step in steps) and have.running:
        warnings = _live_restart_warnings(effects, have)
    else:
        warnings = []
    kept = [name for name in have.raw if name not in want.values and name not in have.owned]
    return Plan(
        changes=tuple(changes + steps),
        ignored=tuple(_notice(item, "is ignored") for item in ignored),
        pending=pending + _foreign_pending(want, have, found, restarts=bool(effects.restart)),
        warnings=(*_warnings(want, have, kept if foreign == "keep" else ()), *warnings),
    )


def _left_out(want: DaemonWant, have: DaemonHave, foreign: str) -> frozenset[str]:
    """The keys of the file to come whose flags our drop-in leaves out."""
    if have.unit is None:
        return frozenset()
    kept = {name for name in have.raw if stays(name, have, foreign)}
    return unit.left_out(have.unit, {*want.values, *kept})


def _unit_differs(have: DaemonHave, out: frozenset[str]) -> bool:
    return have.unit is not None and have.unit.text_without(out) != have.unit.drop_in


def _unit_change(have: DaemonHave, out: frozenset[str]) -> Change:
    assert have.unit is not None
    before, after = sorted(have.unit.resolved), sorted(out)
    reason = f"the flags that {have.unit.drop_in_path} leaves out, for the keys of daemon.json"
    if {*before, *after} & {unit.PROXIES}:
        reason = f"{have.unit.drop_in_path}: proxies in the environment, flags that it leaves out"
    cost = Disruption.NONE
    values = (unit.PATH, before or None, after or None, reason, Cause.SPEC, cost)
    return Change(KIND, KIND, Action.UPDATE, *values)


def _defer_problems(
    have: DaemonHave, out: frozenset[str], restart: str, where: str
) -> list[Problem]:
    """Until the restart the old flags and the new keys would collide at every reload."""
    if restart != "defer" or not have.is_running or not _unit_differs(have, out):
        return []
    text = "the change of the unit needs a restart at once"
    return [Problem(where, text, "use `restart: now`, or leave manage_unit for later")]


def _broken(have: DaemonHave, foreign: str) -> list[Problem]:
    if not have.broken or foreign == "remove":
        return []
    fix = "repair it, or replace it as a whole with `foreign: remove`"
    return [Problem(have.broken, "the file is broken, so what is in it cannot be kept", fix)]


def _without_ignored(
    found: Iterable[Difference], ignore: Sequence[str]
) -> tuple[list[Difference], list[Difference]]:
    kept: list[Difference] = []
    left: list[Difference] = []
    for difference in found:
        (left if _is_ignored(difference.path, ignore) else kept).append(difference)
    return kept, left


def _is_ignored(path: str, ignore: Sequence[str]) -> bool:
    return any(path == name or path.startswith(f"{name}.") for name in ignore)


def _not_in_force(
    want: DaemonWant, have: DaemonHave, found: Iterable[Difference], ignore: Sequence[str]
) -> list[str]:
    """Wanted keys that the file has already, and the daemon not yet."""
    changed = {difference.key for difference in found}
    wanted = [
        name
        for name, value in want.values.items()
        if name in have.waiting or (name in have.live and have.live[name] != value)
    ]
    known = {*want.values, *have.others}
    removed = sorted(name for name in have.waiting if name not in known)
    return [n for n in wanted + removed if n not in changed and not _is_ignored(n, ignore)]


def _effects(found: Iterable[Difference], unsatisfied: list[str], have: DaemonHave) -> _Effects:
    paths = [difference.path for difference in found if not difference.in_force]
    left = {difference.path for difference in found if difference.after is None}
    content = {difference.path for difference in found if difference.is_content}
    effects = _Effects([], [])
    for path in (*paths, *unsatisfied):
        is_reload = path not in content and is_reloadable(path, have.engine)
        is_reload = is_reload and path.partition(".")[0] not in have.waiting
        if is_reload and path in left and "." not in path:
            is_reload = _can_reset(path, have)
        (effects.reload if is_reload else effects.restart).append(path)
    return effects


def _can_reset(path: str, have: DaemonHave) -> bool:
    key = BY_NAME[path.partition(".")[0]]
    return key.absent_resets or default_of(key, have.cgroup_version) is not None


def _change(difference: Difference, want: DaemonWant, have: DaemonHave) -> Change:
    key = BY_NAME.get(difference.key)
    before, after = (shown(difference.path, v) for v in (difference.before, difference.after))
    reasons = []
    if difference.origin == "left":
        reasons.append("we set it before, and it is not wanted any more")
    elif difference.origin == "foreign":
        reasons.append("it is not in the spec (foreign: remove)")
    if key is not None and key.felt != DAEMON:
        reasons.append(f"felt by {key.felt}")
    if before == after and difference.before != difference.after:
        reasons.append("the credentials or the spelling differ")
    return Change(
        KIND,
        KIND,
        Action.UPDATE,
        difference.path,
        before,
        after,
        "; ".join(reasons),
        _cause(difference, want, have),
        secret=is_secret(difference.path),
    )


def _cause(difference: Difference, want: DaemonWant, have: DaemonHave) -> Cause:
    if difference.origin == "left":
        return Cause.SPEC
    if difference.origin == "foreign":
        return Cause.DRIFT if have.owned else Cause.UNKNOWN
    if not have.owned:
        return Cause.UNKNOWN
    same = have.owned.get(difference.key) == have.mark(want.values[difference.key])
    return Cause.DRIFT if same else Cause.SPEC


def _steps(effects: _Effects, want: DaemonWant, have: DaemonHave, foreign: str) -> list[Change]:
    if not effects.restart:
        return [_reload(effects.reload, "taken at a reload")] if effects.reload else []
    by_reload = _switches_on_first(want, have)
    steps = []
    if by_reload:
        reason = "on by a reload before the restart, so that containers live through it"
        steps.append(_reload(["live-restore"], reason, "live-restore"))
    names = _list(effects.restart)
    protected = (have.live_restore or by_reload) and _stays_on(want, have, foreign)
    if not have.running:
        disruption, effect = Disruption.RESTART, "no container runs"
    elif protected:
        disruption, effect = Disruption.RESTART, "containers live on (live-restore)"
    else:
        disruption, effect = Disruption.OUTAGE, f"{have.running} running containers stop"
    reason = f"{names}: read only at the daemon's start; {effect}"
    steps.append(Change(KIND, KIND, Action.RESTART, reason=reason, disruption=disruption))
    return steps


def _reload(paths: Sequence[str], why: str, path: str = "") -> Change:
    reason = f"{_list(paths)}: {why}"
    return Change(KIND, KIND, Action.RELOAD, path, reason=reason, disruption=Disruption.RELOAD)


def _switches_on_first(want: DaemonWant, have: DaemonHave) -> bool:
    """Whether live-restore is to be on, is not yet, and something runs that it would save."""
    return bool(want.values.get("live-restore")) and not have.live_restore and have.running > 0


def _stays_on(want: DaemonWant, have: DaemonHave, foreign: str) -> bool:
    """Whether the restarted daemon has live-restore too; one without it kills what lived on."""
    if "live-restore" in have.flags or want.values.get("live-restore"):
        return True
    kept = "live-restore" not in want.values and stays("live-restore", have, foreign)
    return kept and have.raw.get("live-restore") is True


def _pending(path: str, want: DaemonWant, have: DaemonHave) -> Notice:
    name, _, inner = path.partition(".")
    value = want.values.get(name, normal(name, have.raw.get(name)))
    after = value.get(inner) if inner and isinstance(value, dict) else value
    before = None if inner else effective(name, have)
    hidden = is_secret(path)
    return Notice(
        KIND,
        KIND,
        path,
        "waits for a restart of the daemon",
        None if hidden or name in have.waiting else shown(path, before),
        None if hidden else shown(path, after),
    )


def _foreign_pending(
    want: DaemonWant, have: DaemonHave, found: Iterable[Difference], *, restarts: bool
) -> tuple[Notice, ...]:
    """Keys of another hand that are in the file and not in force."""
    if not have.is_running or restarts:
        return ()
    changed = {difference.key for difference in found}
    names = [
        name
        for name, raw in have.raw.items()
        if name not in want.values and name not in changed and name not in have.flags
        if name in have.live and raw is not None and normal(name, raw) != have.live[name]
    ]
    text = "is in the file, and the daemon does not work with it yet"
    notices = [
        Notice(KIND, KIND, name, text, have.live[name], normal(name, have.raw[name]))
        for name in names
    ]
    theirs = sorted(have.waiting & have.others.keys() - set(names))
    return (*notices, *(_pending(name, want, have) for name in theirs))


def _notice(difference: Difference, message: str) -> Notice:
    hidden = is_secret(difference.path)
    values: list[Any] = [
        None if hidden else shown(difference.path, value)
        for value in (difference.before, difference.after)
    ]
    return Notice(KIND, KIND, difference.path, message, *values)


def _warnings(want: DaemonWant, have: DaemonHave, kept: Iterable[str]) -> list[str]:
    warnings = file_warnings(have, kept)
    raw = {name: normal(name, value) for name, value in have.raw.items()}
    seen, running = have.network, have.is_running
    warnings += networks.warnings(want.values, raw, seen, is_running=running)
    if have.unit and have.unit.files.is_outdated:
        text = "was changed on disk and systemd has not read it yet: `systemctl daemon-reload`"
        warnings.append(f"{have.unit.name} {text}")
    if have.unit and "proxies" in want.values:
        warnings += [
            f"the environment of {have.unit.name} sets proxies too ({place}); the key wins"
            for place in have.unit.proxy_places()
        ]
    elif have.unit and have.unit.proxies and not {unit.PROXIES} & {*want.ours, *have.others}:
        text = "sets proxies that no scope owns any more: they stay"
        warnings.append(f"{have.unit.drop_in_path} {text}; `proxies: {{}}` takes them away")
    if have.assumed:
        warnings.append(f"no engine is installed: planned for {have.engine}")
        warnings += [problem.text() for problem in version_problems(want, have)]
    elif not have.is_running and not have.is_failed:
        warnings.append("the engine does not run: the file is for its next start")
    return warnings


def _live_restart_warnings(effects: _Effects, have: DaemonHave) -> list[str]:
    """What does not go well with containers that live through the restart."""
    touched = [name for name in _NEEDS_STOPPED if name in effects.restart]
    warnings = [f"{name} is not applied while containers live on" for name in touched]
    if version(have.engine) < (23,):
        text = "removes containers with auto-remove (--rm) at a restart in spite of live-restore"
        warnings.append(f"engine {have.engine} {text}")
    return warnings


def _list(paths: Sequence[str]) -> str:
    return ", ".join(paths)
