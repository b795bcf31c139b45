"""A command in a running container: whether it has to be run, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ..engine.client import Engine
from ..errors import ApplyFailed, EngineRefused, EngineTimeout, Problem
from ..named_tuple import NamedTuple
from .acting import no_such, status_of

_SHORT = 60.0
_HEAD = 8  # bytes before what was written: the first is the stream, the last four the length
Output = Callable[[int, bytes], None]  # 1 is standard output, 2 standard error


class Ended(NamedTuple):
    """How a command ended."""

    rc: int
    stdout: str
    stderr: str


def run(
    engine: Engine, given: Mapping[str, Any], *, check: bool, output: Output | None = None
) -> dict[str, Any]:
    """Run the command where it has to be run; what is to be told of it.

    ``output`` gets what the command writes, as it comes; the answer does not hold it then.
    """
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
    ended = _execute(engine, given, output)
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


def _execute(engine: Engine, given: Mapping[str, Any], output: Output | None = None) -> Ended:
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
    streams: dict[int, list[bytes]] = {1: [], 2: []}
    tell = _Frames(output or (lambda stream, content: streams[stream].append(content)))
    try:
        if "stdin" in given:
            data = given["stdin"]
            data = data if isinstance(data, bytes) else data.encode()
            reply = engine.feed(f"/exec/{id}/start", start, data, timeout=limit, tell=tell)
        else:
            path = f"/exec/{id}/start"
            reply = engine.request("POST", path, body=start, timeout=limit, tell=tell)
    except EngineTimeout as error:
        text = f"the command did not end within {limit:g} s, and still runs in container {name}"
        fix = "raise `limit`, or let the program itself end in time (`timeout 10 …`)"
        raise ApplyFailed(text, where="command", fix=fix, changed=True) from error
    if reply.status >= 400:
        text = reply.body.decode("utf-8", "replace").strip()
        raise ApplyFailed(f"cannot run it in container {name}: {text}", where="command")
    code = engine.get(f"/exec/{id}/json", timeout=_SHORT).get("ExitCode")
    stdout, stderr = (b"".join(streams[stream]).decode("utf-8", "replace") for stream in (1, 2))
    return Ended(-1 if code is None else int(code), stdout, stderr)


class _Frames:
    """Takes what the engine sends apart: what was written to each stream, as far as it is there."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._head = b""
        self._left = 0  # bytes to come of what the last head tells of

    def __call__(self, block: bytes) -> None:
        while block:
            if not self._left:
                wanted = _HEAD - len(self._head)
                self._head, block = self._head + block[:wanted], block[wanted:]
                if len(self._head) < _HEAD:
                    return
                self._left = int.from_bytes(self._head[4:], "big")
            piece, block = block[: self._left], block[self._left :]
            if piece:
                self._output(2 if self._head[0] == 2 else 1, piece)
            self._left -= len(piece)
            if not self._left:
                self._head = b""


def _shown(given: Mapping[str, Any]) -> str:
    return " ".join(given["command"])
