"""Between Salt and the core: keyword arguments to documents, reports to what Salt wants back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from dockwright import api


def state(kind: str, name: str, options: Mapping[str, Any], *, test: bool) -> dict[str, Any]:
    """What a state function returns: the object made, or looked at, as its options say."""
    return returned(name, converged(kind, named(kind, name, options), check=test))


def converged(kind: str, options: Mapping[str, Any], *, check: bool) -> api.Report:
    """The report of converging one object."""
    params = plain(kind, options)
    try:
        connection = api.Connection.of(params)
        return api.converge(api.document_of(kind, params), connection=connection, check=check)
    except Exception as error:  # noqa: BLE001 - the top edge: Salt would show the traceback
        return api.failure(error, check=check)


def acted(kind: str, options: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """The answer of an action, as plain values."""
    params = plain(kind, options)
    try:
        return dict(api.act(kind, params, api.Connection.of(params), check=check))
    except Exception as error:  # noqa: BLE001 - the top edge: Salt would show the traceback
        return api.to_dict(api.failure(error, check=check))


def named(kind: str, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the name of the state, where the kind has names."""
    has_name = any(row.name == "name" for row in api.KINDS[kind])
    return {**options, "name": name} if has_name else dict(options)


def plain(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options without Salt's own, and lists of one-key mappings as the mappings they mean."""
    mappings = {row.name for row in api.options_of(kind) if _takes_mapping(row.type.schema)}
    return {
        key: _merged(value) if key in mappings else value
        for key, value in options.items()
        if not key.startswith("__")
    }


def _takes_mapping(schema: Mapping[str, Any]) -> bool:
    return any(form.get("type") == "object" for form in (schema, *schema.get("anyOf", ())))


def _merged(value: Any) -> Any:
    """``[{A: 1}, {B: 2}]`` as ``{A: 1, B: 2}``; anything else as it is."""
    is_list = isinstance(value, list) and value
    if is_list and all(isinstance(item, Mapping) and len(item) == 1 for item in value):
        return {key: inner for item in value for key, inner in item.items()}
    return value


def returned(name: str, report: api.Report) -> dict[str, Any]:
    """A report as the return of a state."""
    shown = api.to_dict(report)
    result = False if report.failed else None if report.check and report.changed else True
    answer = {
        "name": name,
        "result": result,
        "changes": changes(report.plan.changes if result is None else report.done),
        "comment": shown["message"],
    }
    if shown["warnings"]:
        answer["warnings"] = shown["warnings"]
    return answer


def changes(done: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Changes as ``{"container web": {"mem_limit": {"old": …, "new": …}}}``."""
    found: dict[str, dict[str, Any]] = {}
    for change in map(api.change_dict, done):
        subject = f"{change['kind']} {change['name']}".strip()
        fields = {change["path"] or change["action"]: (change["before"], change["after"])}
        if not change["path"] and isinstance(change["before"] or change["after"], Mapping):
            fields = _whole(change["before"] or {}, change["after"] or {})
        told = {path: {"old": old, "new": new} for path, (old, new) in fields.items()}
        found.setdefault(subject, {}).update(told or {change["action"]: {"old": None, "new": {}}})
    return found


def _whole(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The fields of an object that is made or removed."""
    return {path: (before.get(path), after.get(path)) for path in {**before, **after}}


def tell_options(kind: str, *functions: Callable[..., Any]) -> None:
    """Add the options of a kind, from the core's rows, to the documentation of its functions."""
    rows = [row for row in api.options_of(kind) if row.name not in ("name", "state")]
    texts = [f"{row.name}\n    {' '.join(api.documented(row))}" for row in rows]
    listed = "\n\n".join(texts).replace("C(", "``").replace(")", "``")
    for function in functions:
        function.__doc__ = f"{function.__doc__}\n\nOptions:\n\n{listed}\n"


def would_restart(name: str) -> dict[str, Any]:
    """What ``mod_watch`` returns in test mode."""
    field = {"restart": {"old": None, "new": "a watched state has changes"}}
    changes = {f"container {name}": field}
    return {"name": name, "result": None, "changes": changes, "comment": "would be restarted"}


def answer(path: str, kind: str, options: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """The report for an execution function, as plain values."""
    problem = ""
    if kind not in api.KINDS:
        problem = f"kind is '{kind}'. Known kinds: {', '.join(api.KINDS)}"
    elif path and kind != "host":
        problem = f"path is for a whole host, not for kind {kind}. Leave one of them out"
    document: Any = {}
    if path and not problem:
        document, problem = _read(path)
    if problem:
        return {"changed": False, "failed": True, "message": problem}
    return api.to_dict(converged(kind, {**document, **options}, check=check))


def _read(path: str) -> tuple[Any, str]:
    """The spec in a file of the minion, and what is wrong with it."""
    import salt.utils.files
    import salt.utils.yaml

    try:
        with salt.utils.files.fopen(path, encoding="utf-8") as file:
            document = salt.utils.yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, salt.utils.yaml.YAMLError) as error:
        return {}, f"{path} cannot be used: {error}"
    if not isinstance(document, Mapping):
        return {}, f"{path} holds no mapping. Write a spec such as: containers: {{…}}"
    return document, ""
