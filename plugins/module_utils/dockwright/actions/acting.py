"""What all actions share: their options, the engine, and an answer that holds no secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..connection import Connection
from ..engine.client import Engine
from ..errors import ApplyFailed, DockwrightError, EngineRefused, Problem, SpecError
from ..masking import without_secrets
from ..options import parse
from .options import ACTIONS, INFO

Work = Callable[..., "dict[str, Any]"]
NEEDED = {
    "container_copy": ("name", "path"),
    "container_exec": ("name", "command"),
    "container_export": ("name", "dest"),
}
EMPTY: dict[str, dict[str, Any]] = {
    "container_copy": {"diff": {}, "files": {}},
    "container_exec": {"rc": None, "stdout": "", "stderr": ""},
    "container_export": {"diff": {}},
    "prune": {"removed": {}, "items": [], "bytes": 0, "diff": {}},
}


def act(
    kind: str, params: Mapping[str, Any], connection: Connection, *, check: bool, **more: Any
) -> dict[str, Any]:
    """Do an action as its options say; the answer as JSON values. Never raises DockwrightError.

    ``more`` is ``output`` for a command, see its ``run``.
    """
    common = {"changed": False, "failed": False, "message": "", "problems": [], "warnings": []}
    answer: dict[str, Any] = {**common, **EMPTY.get(kind, {})}
    engine: Engine | None = None
    try:
        given = _given(kind, params)
        engine = Engine(connection.endpoint(), timeout=connection.timeout)
        answer.update(_work(kind)(engine, given, check=check, **more))
    except DockwrightError as error:
        problems = error.problems()
        answer["changed"] = isinstance(error, ApplyFailed) and error.changed
        answer.update(failed=True, problems=[problem._asdict() for problem in problems])
        answer["message"] = "\n".join(problem.text() for problem in problems)
    finally:
        if engine is not None:
            engine.close()
    secret = {"containers": {"": {"environment": params.get("environment")}}}
    shown: dict[str, Any] = without_secrets(answer, secret)
    return shown


def _work(kind: str) -> Work:
    if kind == "container_copy":
        from .copy import run as copy

        return copy
    if kind == "container_export":
        from .export import run as export

        return export
    if kind in INFO:
        from .info import looking_for

        return looking_for(kind)
    if kind == "prune":
        from .prune import run as prune

        return prune
    from .exec import run

    return run


def _given(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    rows = ACTIONS[kind]
    given = parse(rows, params, "")
    missing = [name for name in NEEDED.get(kind, ()) if not given.get(name)]
    if missing:
        raise SpecError(Problem(name, "is missing", f"give the {name}") for name in missing)
    return {**{row.name: row.default for row in rows if row.default is not None}, **given}


def inspected(engine: Engine, name: str) -> Mapping[str, Any] | None:
    """The engine's description of the container of this very name; None where there is none."""
    try:
        raw: Mapping[str, Any] = engine.get(f"/containers/{name}/json")
    except EngineRefused as error:
        if error.status == 404:
            return None
        raise
    return raw if raw.get("Name", "").lstrip("/") == name else None  # by the start of its ID


def status_of(engine: Engine, name: str) -> str | None:
    """What the container of this very name does; None where there is none."""
    raw = inspected(engine, name)
    return None if raw is None else str((raw.get("State") or {}).get("Status") or "")


def not_there_yet(name: str, path: str, *, check: bool) -> dict[str, Any]:
    """What check mode tells of a file that waits for its container. Raises ApplyFailed else."""
    if not check:
        raise no_such(name)
    text = f"container {name} is not there yet"
    return {"changed": True, "message": f"would write {path}", "warnings": [text]}


def no_such(name: str) -> ApplyFailed:
    """The error of a container that is not there."""
    fix = "make the container first, or check its name"
    return ApplyFailed(f"there is no container {name}", where="name", fix=fix)
