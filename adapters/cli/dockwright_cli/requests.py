"""Requests of other tools: many resources in, one result for each out, in the same order.

``{"api": 1, "resources": [{"kind": "container", "name": "web", …}, …]}`` gives
``{"api": 1, "changed": …, "failed": …, "resources": [{"kind": …, "name": …, …}, …]}``, where each
result is a report with ``fix`` beside its ``message``, ``lines``: each change in words, and
``notes``: what is stale or pending. One that fails does not keep the next from its turn. Texts in
a resource's ``secrets`` are covered wherever the result would show them. `serve` answers one
request a line, with ``verb`` in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import IO, Any, Callable

from dockwright import api

from .arguments import Given
from .documents import InputError, parse_request

API = 1
_VERBS = ("plan", "apply")
_Progress = Callable[[str], None]


def respond(
    request: Any, options: Given, *, check: bool, progress: _Progress | None = None
) -> dict[str, Any]:
    """The response to a request; InputError when it is none."""
    return _Process(options, progress).respond(request, check=check)


def serve(
    lines: Iterable[bytes], out: IO[str], options: Given, progress: _Progress | None = None
) -> None:
    """Answer each line with one line, until there are no more; a bad one with what is wrong."""
    process = _Process(options, progress)
    for line in lines:
        try:
            request = parse_request(line)
            check = _verb(request) == "plan"
            answer = process.respond(request, check=check)
        except InputError as error:
            answer = {**response(()), "failed": True, "message": str(error), "fix": error.fix}
        # Only ASCII: whatever the reader's locale, and no character that it takes for a line's end.
        out.write(json.dumps(answer) + "\n")
        out.flush()


def _verb(request: Any) -> str:
    """The verb of a request, taken out of it."""
    verb = request.pop("verb", None) if isinstance(request, dict) else None
    if verb not in _VERBS:
        form = f'write {{"api": {API}, "verb": "plan", "resources": [{{"kind": …}}, …]}}'
        raise InputError(f"the verb of the request is {verb!r}, not one of {_VERBS}", form)
    return str(verb)


def response(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Results as one answer."""
    listed = [_with_fix(result) for result in results]
    return {
        "api": API,
        "changed": any(result["changed"] for result in listed),
        "failed": any(result["failed"] for result in listed),
        "resources": listed,
    }


def _resources(request: Any) -> list[Mapping[str, Any]]:
    form = f'write {{"api": {API}, "resources": [{{"kind": …}}, …]}}'
    if not isinstance(request, dict) or not isinstance(request.get("resources"), list):
        raise InputError("the request is not one", form)
    if request.get("api") != API:
        raise InputError(f"the request is for api {request.get('api')!r}, this is {API}", form)
    unknown = sorted(set(request) - {"api", "tool", "resources"})
    if unknown:
        raise InputError(f"the request has unknown keys: {', '.join(unknown)}", form)
    if request.get("tool") not in (None, *api.TOOLS):
        raise InputError(f"the request has no known tool, these are: {', '.join(api.TOOLS)}", form)
    kinds = ", ".join(api.KINDS)
    for index, item in enumerate(request["resources"]):
        if not isinstance(item, dict) or item.get("kind") not in list(api.KINDS):
            raise InputError(f"resources[{index}] has no known kind", f"known kinds: {kinds}")
    return list(request["resources"])


class _Process:
    """What all requests of one process share."""

    def __init__(self, options: Given, progress: _Progress | None) -> None:
        self._options = options
        self._progress = progress
        self._earlier = api.earlier()
        self._session = api.Session()

    def respond(self, request: Any, *, check: bool) -> dict[str, Any]:
        """The answer to a request; InputError when it is none."""
        results: list[dict[str, Any]] = []
        resources = _resources(request)
        tool = request.get("tool") or "a request"
        api.speak_to(tool)
        for item in resources:
            if results:
                self._session.undisturbed()  # nobody else has a turn between them
            results.append(self._result(item, tool, check))
        return response(results)

    def _result(self, item: Mapping[str, Any], tool: str, check: bool) -> dict[str, Any]:
        params = {key: value for key, value in item.items() if key not in ("kind", "secrets")}
        try:
            report = self._report(api.Origin(tool, item["kind"]), params, check)
        except Exception as error:  # noqa: BLE001 - the others still have their turn
            report = api.failure(error, check=check)
        api.cover(report, map(str, item.get("secrets") or ()))
        named = {"kind": item["kind"], "name": item.get("name", "")}
        words = {"lines": api.change_lines(report.plan.changes), "notes": api.notes(report)}
        return {**named, **api.to_dict(report), **words}

    def _report(self, origin: api.Origin, params: dict[str, Any], check: bool) -> api.Report:
        known = {row.name for row in api.KINDS[origin.kind]}
        run = {key: value for key, value in self._options.run.items() if key in known}
        params = {**params, **self._options.connection, **run}
        return self._earlier.converge(
            api.document_of(origin.kind, params),
            connection=api.Connection.of(params),
            check=check,
            progress=self._progress,
            session=self._session,
            origin=origin,
        )


def _with_fix(result: dict[str, Any]) -> dict[str, Any]:
    fixes = [problem["fix"] for problem in result["problems"] if problem["fix"]]
    return {**result, "fix": "\n".join(fixes)}
