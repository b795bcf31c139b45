"""A command in a running container: whether it has to be run, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..connection import Connection
from ..engine.client import Engine
from ..errors import ApplyFailed, DockwrightError, EngineRefused, EngineTimeout, Problem, SpecError
from ..masking import without_secrets
from ..options import parse
from .options import EXEC

_SHORT = 60.0


class Ended(NamedTuple):
    """How a command ended."""

    rc: int
    stdout: str
    stderr: str


def run(params: Mapping[str, Any], connection: Connection, *, check: bool) -> dict[str, Any]:
    """Run a command as the options say; the answer as JSON values. Never raises DockwrightError."""
    answer: dict[str, Any] = {
        "changed": False,
        "failed": False,
        "message": "",
        "rc": None,
        "stdout": "",
        "stderr": "",
        "problems": [],
        "warnings": [],
    }
    engine: Engine | None = None
    try:
        given = _given(params)
        engine = Engine(connection.endpoint(), timeout=connection.timeout)
        answer.update(_run(engine, given, check=check))
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


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    given = parse(EXEC, params, "")
    missing = [name for name in ("name", "command") if not given.get(name)]
    if missing:
        raise SpecError(Problem(name, "is missing", f"give the {name}") for name in missing)
    return {**{row.name: row.default for row in EXEC if row.default is not None}, **given}


def _run(engine: Engine, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    name = given["name"]
    state = _state(engine, name)
    if state is None and check:
        text = f"container {name} is not there yet; whether the command is run shows then"
        return {"changed": True, "message": f"would run `{_shown(given)}`", "warnings": [text]}
    if state is None:
        fix = "make the container first, or check its name"
        raise ApplyFailed(f"there is no container {name}", where="name", fix=fix)
    reason = _reason_not_to(engine, given)
    if reason:
        return {"message": f"not run: {reason}"}
    if state != "running":
        text = f"container {name} is {state}, and a command needs one that runs"
        if check:
            return {"changed": True, "message": f"would run `{_shown(given)}`", "warnings": [text]}
        raise ApplyFailed(text, where="name", fix="start it first")
    if check:
        depends = ", unless the command of `unless` succeeds" if given.get("unless") else ""
        return {"changed": True, "message": f"would run `{_shown(given)}`{depends}"}
    if given.get("unless") and _execute(engine, {**given, "command": given["unless"]}).rc == 0:
        return {"message": "not run: the command of `unless` succeeds"}
    ended = _execute(engine, given)
    answer = {**ended._asdict(), "changed": True}
    if ended.rc in given["success"]:
        return {**answer, "message": f"run, exit code {ended.rc}"}
    problem = Problem("command", f"ended with exit code {ended.rc}", _fix(ended))
    return {**answer, "failed": True, "message": problem.text(), "problems": [problem._asdict()]}


def _fix(ended: Ended) -> str:
    if ended.rc in (126, 127):
        return "see whether the program is in the container's image and may be run"
    words = (ended.stderr.strip() or ended.stdout.strip()).splitlines()
    return f"it said: {words[-1]}" if words else "name the code in `success` if it means success"


def _state(engine: Engine, name: str) -> str | None:
    """What the container of this very name does; None where there is none."""
    try:
        raw = engine.get(f"/containers/{name}/json")
    except EngineRefused as error:
        if error.status == 404:
            return None
        raise
    if raw.get("Name", "").lstrip("/") != name:  # found by the beginning of its ID
        return None
    return str((raw.get("State") or {}).get("Status") or "")


def _reason_not_to(engine: Engine, given: Mapping[str, Any]) -> str:
    creates, removes = given.get("creates"), given.get("removes")
    if creates and _is_there(engine, given["name"], creates):
        return f"{creates} is there"
    if removes and not _is_there(engine, given["name"], removes):
        return f"{removes} is not there"
    return ""


def _is_there(engine: Engine, name: str, path: str) -> bool:
    """Whether a path is in a container, which need not run."""
    reply = engine.request("HEAD", f"/containers/{name}/archive", query={"path": path})
    if reply.status == 404:
        return False
    if reply.status >= 400:
        text = f"cannot look for {path} in container {name} (HTTP status {reply.status})"
        raise EngineRefused(text, status=reply.status)
    return True


def _execute(engine: Engine, given: Mapping[str, Any]) -> Ended:
    body = {
        "Cmd": given["command"],
        "AttachStdout": True,
        "AttachStderr": True,
        "Env": [f"{key}={value}" for key, value in given.get("environment", {}).items()],
        "User": given.get("user", ""),
        "WorkingDir": given.get("working_dir", ""),
    }
    name, limit = given["name"], given["limit"] / 10**9
    id = engine.post(f"/containers/{name}/exec", body)["Id"]
    start = {"Detach": False, "Tty": False}
    try:
        reply = engine.request("POST", f"/exec/{id}/start", body=start, timeout=limit)
    except EngineTimeout as error:
        text = f"the command did not end within {limit:g} s, and still runs in container {name}"
        fix = "raise `limit`, or let the program itself end in time (`timeout 10 …`)"
        raise ApplyFailed(text, where="command", fix=fix, changed=True) from error
    if reply.status >= 400:
        text = reply.body.decode("utf-8", "replace").strip()
        raise ApplyFailed(f"cannot run it in container {name}: {text}", where="command")
    streams = {1: b"", 2: b""}
    for stream, content in _frames(reply.body):
        streams[stream] = streams.get(stream, b"") + content
    code = engine.get(f"/exec/{id}/json", timeout=_SHORT).get("ExitCode")
    stdout, stderr = (streams[stream].decode("utf-8", "replace") for stream in (1, 2))
    return Ended(-1 if code is None else int(code), stdout, stderr)


def _frames(body: bytes) -> Iterator[tuple[int, bytes]]:
    """What was written to each stream: eight bytes of head, the last four the length."""
    while len(body) >= 8:
        end = 8 + int.from_bytes(body[4:8], "big")
        yield body[0], body[8:end]
        body = body[end:]


def _shown(given: Mapping[str, Any]) -> str:
    return " ".join(given["command"])
