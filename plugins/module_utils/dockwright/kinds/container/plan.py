"""What a container's plan needs beyond the generic rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ... import owner
from ...differ import (
    CauseOf,
    as_change,
    carry_ignored,
    complete,
    differences,
    ignored_notices,
)
from ...model import (
    UNKNOWN,
    Action,
    Cause,
    Change,
    Disruption,
    EngineFacts,
    Have,
    Notice,
    Want,
)
from ...named_tuple import NamedTuple
from ...options import get
from .endpoints import with_addresses
from .have import is_completed, is_paused, is_running, kept_of, own_anonymous
from .losses import removes_itself
from .mounts import inherit_volumes
from .options import ROWS

KIND = "container"
ASKED = "each run does it, the spec says so"
_NEVER = "needs a new container, and recreate: never keeps the one that is there"


class ImageSeen(NamedTuple):
    """The wanted image: its ID (UNKNOWN until it is pulled), and the Config known of it."""

    id: Any
    config: Mapping[str, Any] | None


class Planned(NamedTuple):
    """The plan of one container."""

    changes: list[Change]
    stale: list[Notice]
    ignored: list[Notice]


class Context(NamedTuple):
    """What the plans of all containers share."""

    facts: EngineFacts
    cause_of: CauseOf
    configs: Mapping[str, Mapping[str, Any]]  # image ID -> Config
    recreate_stale: bool = False


def full_fields(want: Want, config: Mapping[str, Any], facts: EngineFacts) -> dict[str, Any]:
    """All fields of a container as they should be: the spec over the image over the engine."""
    fields = want.fields
    full = complete(ROWS, fields, config)
    if fields.get("entrypoint") is not None:
        full["entrypoint"] = fields["entrypoint"] or None
        if fields.get("command") is None:
            full["command"] = None
    if fields.get("command") == [] and not fields.get("entrypoint"):
        full["command"] = None
    published = {*(full["expose"] or ()), *full["ports"]}
    published.update(_inherited_ports(config))
    full["expose"] = sorted(published) or None
    if full["mem_limit"] and not fields.get("memswap_limit"):
        full["memswap_limit"] = 2 * full["mem_limit"]  # the engine's own rule
    if (full["pids_limit"] or -1) < 0:
        full["pids_limit"] = None
    if full["healthcheck"].get("test") == ["NONE"]:
        full["healthcheck"] = {"test": ["NONE"]}
    if full["privileged"] or "host" in (full["pid"], full["ipc"]):
        kept = [text for text in full["security_opt"] or () if text != "label=disable"]
        full["security_opt"] = kept or None
    full["labels"] = owner.foreign(full["labels"])
    if full["hostname"] and not facts.api_at_least("1.45"):
        full["networks"] = {
            name: _without_alias(options, full["hostname"])
            for name, options in full["networks"].items()
        }
    return full


def _without_alias(options: Mapping[str, Any], hostname: str) -> dict[str, Any]:
    """An engine that takes the host name for an alias does not tell whether we asked for it."""
    kept = [alias for alias in options.get("aliases", ()) if alias != hostname]
    rest = {key: value for key, value in options.items() if key != "aliases"}
    return {**rest, "aliases": kept} if kept else rest


def _inherited_ports(config: Mapping[str, Any]) -> list[str]:
    return [key if "/" in key else f"{key}/tcp" for key in config.get("ExposedPorts") or ()]


def plan_container(want: Want, have: Have | None, image: ImageSeen, context: Context) -> Planned:
    """The changes that bring one container from have to want."""
    if want.state == "absent":
        return Planned([_delete(have, "state: absent")] if have else [], [], [])
    if have is None:
        return Planned([_create(want)], [], [])
    return _compare(want, have, image, context)


def _create(want: Want) -> Change:
    shown = {
        row.name: row.type.show(want.fields[row.name])
        for row in ROWS
        if want.fields.get(row.name) not in (None, {}, [])
    }
    if want.state in ("stopped", "paused"):
        shown["state"] = want.state
    return Change(KIND, want.name, Action.CREATE, "", None, shown, "is not there", Cause.SPEC)


def _delete(have: Have, reason: str, cause: Cause = Cause.SPEC) -> Change:
    cost = Disruption.REPLACE if is_running(have) else Disruption.NONE
    before = {"image": get(have.raw, "Config.Image"), "id": have.id[:12]}
    return Change(KIND, have.name, Action.DELETE, "", before, None, reason, cause, cost)


def delete(have: Have, reason: str) -> Change:
    """The removal of a container that the spec does not have any more."""
    return _delete(have, reason)


def _compare(want: Want, have: Have, image: ImageSeen, context: Context) -> Planned:
    config = image.config
    if config is None:
        config = context.configs.get(have.fields["image"], {})
    full = full_fields(want, config, context.facts)
    full["image"] = have.fields["image"]  # compared on its own
    full, hidden = carry_ignored(ROWS, full, have.fields, want.inputs.get("ignore", ()))
    running = is_running(have)
    changes = _image_change(want, have, image, running, context)
    seen = {**have.fields, "networks": with_addresses(have, full["networks"])}
    for difference in differences(ROWS, full, seen, have.explicit):
        changes.append(
            as_change(want, difference, context.facts, context.cause_of, running=running)
        )
    stale = _stale(want, have, context.facts)
    if context.recreate_stale:
        changes += [_refresh(want, notice, running) for notice in stale]
    if not any(c.action is Action.REPLACE for c in changes) and _is_always(want):
        cost = Disruption.REPLACE if running else Disruption.NONE
        values = ("recreate", None, "always", ASKED, Cause.SPEC, cost)
        changes.append(Change(KIND, want.name, Action.REPLACE, *values))
    replaced = any(c.action is Action.REPLACE for c in changes)
    if kept_of(have):
        changes = [_giving_up(c) if c.action is Action.REPLACE else c for c in changes]
    stale = [] if replaced else stale
    changes += _state(want, have, replaced, context.cause_of)
    ignored = ignored_notices(want, hidden)
    return Planned(changes, stale, [*ignored, *_kept_image(want, have, image, replaced)])


def _giving_up(change: Change) -> Change:
    text = "what it wrote and its image keeps is given up"
    return change._replace(reason=f"{change.reason}; {text}" if change.reason else text)


def _kept_image(want: Want, have: Have, image: ImageSeen, replaced: bool) -> list[Notice]:
    """That a container runs from what it wrote on top of its image, which a move has kept."""
    if replaced or image.id != kept_of(have):
        return []
    text = "is made of this image and of what the container had written into its own layer"
    before = get(have.raw, "Config.Image")
    return [Notice(KIND, want.name, "image", text, before, want.fields["image"])]


def _is_restart(want: Want) -> bool:
    return bool(want.inputs.get("run") == "restarted")


def _is_always(want: Want) -> bool:
    return bool(want.inputs.get("recreate") == "always")


def once_done(want: Want) -> Want:
    """The same without the actions that each run repeats."""
    return want._replace(inputs={**want.inputs, "run": "", "recreate": "auto"})


def kept(wants: Mapping[str, Want], changes: Iterable[Change]) -> list[Notice]:
    """What would make containers anew that are never to be."""
    return [
        Notice(KIND, c.name, c.path or "recreate", _NEVER, *_shown(c))
        for c in changes
        if c.kind == KIND and c.action is Action.REPLACE and c.name in wants
        if wants[c.name].inputs.get("recreate") == "never"
    ]


def _shown(change: Change) -> tuple[Any, Any]:
    return (None, None) if change.secret else (change.before, change.after)


def _image_change(
    want: Want, have: Have, image: ImageSeen, running: bool, context: Context
) -> list[Change]:
    if image.id in (have.fields["image"], kept_of(have)):
        return []
    before = f"{get(have.raw, 'Config.Image')} ({_short(have.fields['image'])})"
    after = want.fields["image"] + (f" ({_short(image.id)})" if image.id is not UNKNOWN else "")
    reason = ""
    if image.id is UNKNOWN:
        reason = "known after pull" + _kept_anyhow(want, have, context)
    cause = context.cause_of(KIND, want.name, "image", want.fields["image"], True)
    if cause is Cause.DRIFT:
        reason = reason or "the reference names another image now"
    cost = Disruption.REPLACE if running else Disruption.NONE
    return [Change(KIND, want.name, Action.REPLACE, "image", before, after, reason, cause, cost)]


def _kept_anyhow(want: Want, have: Have, context: Context) -> str:
    """What only the pull can tell of volumes: whether the image has them, not whether they stay."""
    config = context.configs.get(have.fields["image"], {})
    said = want.fields.get("volumes", {})
    found = own_anonymous(have).keys() & inherit_volumes(config).keys() - said.keys()
    if not found:
        return ""
    return f"; the anonymous volume at {', '.join(sorted(found))} is kept in any case"


def _short(id: Any) -> str:
    return str(id).replace("sha256:", "")[:12]


_STALE = {
    "logging": ("driver", "log_driver"),
    "runtime": ("", "runtime"),
    "cgroup": ("", "cgroup"),
}


def _stale(want: Want, have: Have, facts: EngineFacts) -> list[Notice]:
    """Defaults that moved since the container was made, as far as the engine tells them."""
    found = []
    for name, (key, fact) in _STALE.items():
        path = f"{name}.{key}" if key else name
        given = want.fields.get(name)
        seen = have.fields.get(name)
        if (given and (not key or key in given)) or path in have.explicit:
            continue
        before = (seen or {}).get(key) if key else seen
        after = getattr(facts, fact)
        if name == "cgroup" and have.fields.get("privileged"):
            continue  # those have a default of their own
        if before and after and before != after:
            message = f"is {before} since its creation, the daemon's default is {after} now"
            found.append(Notice(KIND, want.name, path, message, before, after))
    return found


def _refresh(want: Want, notice: Notice, running: bool) -> Change:
    cost = Disruption.REPLACE if running else Disruption.NONE
    reason = "the daemon's default moved"
    values = (notice.before, notice.after, reason, Cause.DEFAULT, cost)
    return Change(KIND, want.name, Action.REPLACE, notice.path, *values)


def _state(want: Want, have: Have, replaced: bool, cause_of: CauseOf) -> list[Change]:
    """Starting or stopping; a replacement ends in the right state by itself."""
    status = get(have.raw, "State.Status") or "created"
    cause = cause_of(KIND, want.name, "state", want.state, True)
    if want.state == "stopped":
        if is_running(have) and not replaced:
            reason = "removes itself when it stops" if removes_itself(have) else ""
            action = Action.REPLACE if reason else Action.STOP
            values = ("state", status, "stopped", reason, cause, Disruption.REPLACE)
            return [Change(KIND, want.name, action, *values)]
        return []
    if replaced:
        return []
    if is_running(have) and (_is_restart(want) or is_paused(have) == (want.state == "paused")):
        return _again(want, have)
    if is_running(have) and want.state == "paused":
        values = ("state", status, "paused", "", cause, Disruption.REPLACE)
        return [Change(KIND, want.name, Action.PAUSE, *values)]
    # What we stopped ourselves did not complete, however well it ended.
    if is_completed(have) and cause is not Cause.SPEC and not _is_restart(want):
        return []
    cause = cause if cause is Cause.SPEC else Cause.DRIFT
    reason = "is paused" if is_paused(have) else f"is {status}"
    if status == "exited":
        reason = f"exited with {get(have.raw, 'State.ExitCode')}"
    after = "paused" if want.state == "paused" else "running"
    return [Change(KIND, want.name, Action.START, "state", status, after, reason, cause)]


def _again(want: Want, have: Have) -> list[Change]:
    """The restart of a container that runs, where the spec asks for one."""
    if not _is_restart(want):
        return []
    values = ("state", "running", "restarted", ASKED, Cause.SPEC, Disruption.REPLACE)
    return [Change(KIND, have.name, Action.RESTART, *values)]
