"""A command in a running container: whether it has to be run, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..engine.client import Engine
from ..errors import ApplyFailed, EngineRefused, EngineTimeout, Problem
from .acting import no_such, status_of

_SHORT = 60.0


class Ended(NamedTuple):
    """How a command ended."""

    rc: int
    stdout: str
    stderr: str


def run(engine: Engine, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """Run the command where it has to be run; what is to be told of it."""
    name = given["name"]
    state = status_of(engine, name)
    if state is None and check:
        text = f"container {name} is not there yet; whether the command is run shows then"
        return {"changed": True, "message": f"would run `{_shown(given)}`", "warnings": [text]}
    if state is None:
        raise no_such(name)
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
    if given.get("unless") and _unless(engine, given).rc == 0:
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


def _unless(engine: Engine, given: Mapping[str, Any]) -> Ended:
    """How the command of ``unless`` ends; the input is the other one's."""
    own = {key: value for key, value in given.items() if key != "stdin"}
    return _execute(engine, {**own, "command": given["unless"]})


def _execute(engine: Engine, given: Mapping[str, Any]) -> Ended:
    body = {
        "Cmd": given["command"],
        "AttachStdin": "stdin" in given,
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
        if "stdin" in given:
            reply = engine.feed(f"/exec/{id}/start", start, given["stdin"].encode(), timeout=limit)
        else:
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
