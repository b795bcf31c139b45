"""Requests of other tools: many resources in, one result for each out, in the same order.

``{"api": 1, "resources": [{"kind": "container", "name": "web", …}, …]}`` gives
``{"api": 1, "changed": …, "failed": …, "resources": [{"kind": …, "name": …, …}, …]}``, where each
result is a report with ``fix`` beside its ``message``. One that fails does not keep the next from
its turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from dockwright import api

from .arguments import Given
from .documents import InputError

API = 1
_Progress = Callable[[str], None]


def respond(
    request: Any, options: Given, *, check: bool, progress: _Progress | None = None
) -> dict[str, Any]:
    """The response to a request; InputError when it is none."""
    return response(_resource(item, options, check, progress) for item in _resources(request))


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
    unknown = sorted(set(request) - {"api", "resources"})
    if unknown:
        raise InputError(f"the request has unknown keys: {', '.join(unknown)}", form)
    kinds = ", ".join(api.KINDS)
    for index, item in enumerate(request["resources"]):
        if not isinstance(item, dict) or item.get("kind") not in list(api.KINDS):
            raise InputError(f"resources[{index}] has no known kind", f"known kinds: {kinds}")
    return list(request["resources"])


def _resource(
    item: Mapping[str, Any], options: Given, check: bool, progress: _Progress | None
) -> dict[str, Any]:
    kind = item["kind"]
    known = {row.name for row in api.KINDS[kind]}
    run = {key: value for key, value in options.run.items() if key in known}
    params = {**item, **options.connection, **run}
    del params["kind"]
    result: dict[str, Any] = {"kind": kind, "name": item.get("name", "")}
    try:
        connection = api.Connection.of(params)
        document = api.document_of(kind, params)
        report = api.converge(document, connection=connection, check=check, progress=progress)
    except Exception as error:  # noqa: BLE001 - the others still have their turn
        report = api.failure(error, check=check)
    return {**result, **api.to_dict(report)}


def _with_fix(result: dict[str, Any]) -> dict[str, Any]:
    fixes = [problem["fix"] for problem in result["problems"] if problem["fix"]]
    return {**result, "fix": "\n".join(fixes)}
