"""Between Salt and the core: keyword arguments to documents, reports to what Salt wants back.

``salt`` is what Salt's loader has put into a module (its ``globals()``): ``__opts__``,
``__context__``, and in a state run ``__low__``, ``__lowstate__``, ``__running__``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from dockwright import api

Salt = Mapping[str, Any]
_KEY, _PROMISED = "dockwright", "dockwright.promised"  # in __context__
# What a state may say that has commands run, or the state itself beside others.
_BEFORE, _AFTER = ("unless", "onlyif", "creates"), ("check_cmd", "parallel")
_OWN = "dockwright_"
_TOOL = "Salt"


def state(kind: str, name: str, options: Mapping[str, Any], salt: Salt) -> dict[str, Any]:
    """What a state function returns: the object made, or looked at, as its options say."""
    check = bool(salt["__opts__"]["test"])
    earlier = promised(salt) if check else None
    options = named(kind, name, options)
    report = converged(kind, options, check=check, session=shared(salt), earlier=earlier)
    return returned(name, report)


def restarted(kind: str, name: str, options: Mapping[str, Any], salt: Salt) -> dict[str, Any]:
    """What ``mod_watch`` returns: running containers restarted, then as the state says."""
    again = _restarting(kind, options)
    if not again:
        return nothing_to_do(name)
    begun = state(kind, name, again, salt)
    if not begun["result"]:  # it would be, or it failed
        return begun
    ended = state(kind, name, options, salt)  # healthy, where that is asked for
    return {**ended, "changes": {**begun["changes"], **ended["changes"]}}


def _restarting(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The same options with all that runs restarted; nothing where there is nothing to restart."""
    if kind == "container":
        return {**options, "state": "restarted"}
    given = plain(kind, options).get("containers")
    running = {
        key: {**item, "state": "restarted"}
        for key, item in (given.items() if isinstance(given, Mapping) else ())
        if isinstance(item, Mapping) and item.get("state", "running") in ("running", "healthy")
    }
    return {**options, "containers": {**given, **running}} if running else {}


def reloaded(name: str, options: Mapping[str, Any], salt: Salt) -> dict[str, Any]:
    """What ``mod_watch`` of the daemon returns: its service reloaded, as Salt does that."""
    unit = str(options.get("unit") or "docker.service")
    field = {"reload": {"old": None, "new": "a watched state has changes"}}
    told = {"name": name, "changes": {"daemon": field}}
    if salt["__opts__"]["test"]:
        return {**told, "result": None, "comment": "would be reloaded"}
    if salt["__salt__"]["service.reload"](unit):
        return {**told, "result": True, "comment": f"{unit} has read its configuration again"}
    return {**told, "changes": {}, "result": False, "comment": f"{unit} could not be reloaded"}


def nothing_to_do(name: str) -> dict[str, Any]:
    """What ``mod_watch`` returns where nothing runs that could be restarted."""
    return {"name": name, "result": True, "changes": {}, "comment": "nothing to restart"}


def shared(salt: Salt) -> api.Session | None:
    """The session that all states of a run share, in ``__context__``.

    Where no state of another sort has had its turn since the last one of ours, the session is told
    so. A forked process (``parallel: True``) is the session's own business.
    """
    context = salt.get("__context__")
    if context is None:
        return None
    session, others = context.get(_KEY) or (api.Session(), None)
    now = _others(salt)
    if now is not None and now == others:
        session.undisturbed()
    context[_KEY] = (session, now)
    return session


def promised(salt: Salt) -> Any | None:
    """What earlier states of a run in test mode would make."""
    context = salt.get("__context__")
    if context is None:
        return None
    run = salt.get("__instance_id__")
    if _PROMISED not in context or context[_PROMISED][0] != run:
        context[_PROMISED] = (run, api.earlier())
    found: Any = context[_PROMISED][1]
    return found


def _others(salt: Salt) -> Any:
    """The run, and its states that are not ours and have had their turn; None: nobody can know."""
    low = salt.get("__low__")
    chunks = salt.get("__lowstate__") or ()
    if low is None or any(key in low for key in _BEFORE):
        return None
    if any(chunk.get(key) for chunk in chunks for key in _AFTER):
        return None
    running = salt.get("__running__") or {}
    return (salt.get("__instance_id__"), frozenset(t for t in running if not t.startswith(_OWN)))


def converged(
    kind: str,
    options: Mapping[str, Any],
    *,
    check: bool,
    session: api.Session | None = None,
    earlier: Any | None = None,
) -> api.Report:
    """The report of converging one object."""
    api.speak_to(_TOOL)
    params = plain(kind, options)
    try:
        connection = api.Connection.of(params)
        document = api.document_of(kind, params)
        run = earlier.converge if earlier else api.converge
        return run(
            document,
            connection=connection,
            check=check,
            session=session,
            origin=api.Origin(_TOOL, kind),
        )
    except Exception as error:  # noqa: BLE001 - the top edge: Salt would show the traceback
        return api.failure(error, check=check)


def acted(kind: str, options: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """The answer of an action, as plain values."""
    api.speak_to(_TOOL)
    params = plain(kind, options)
    try:
        return dict(api.act(kind, params, api.Connection.of(params), check=check))
    except Exception as error:  # noqa: BLE001 - the top edge: Salt would show the traceback
        return api.to_dict(api.failure(error, check=check))


def facts(options: Mapping[str, Any]) -> dict[str, Any]:
    """The engine and what it has."""
    api.speak_to(_TOOL)
    return api.facts(api.Connection.of(plain("host", options)))


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
    if shown["warnings"] or api.notes(report):
        answer["warnings"] = [*shown["warnings"], *api.notes(report)]
    return answer


def changes(done: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Changes as ``{"container web": {"mem_limit": {"old": …, "new": …}}}``."""
    found: dict[str, dict[str, Any]] = {}
    for change in map(api.change_dict, done):
        subject = f"{change['kind']} {change['name']}".strip()
        fields = {change["path"] or change["action"]: (change["before"], change["after"])}
        if not change["path"] and isinstance(change["before"] or change["after"] or {}, Mapping):
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


def answer(
    path: str, kind: str, options: Mapping[str, Any], *, check: bool, only_drift: bool = False
) -> dict[str, Any]:
    """The report for an execution function, as plain values; ``only_drift``: and its drift."""
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
    report = converged(kind, {**document, **options}, check=check)
    drift = {"drift": [api.change_dict(change) for change in api.drift(report)]}
    return {**api.to_dict(report), **(drift if only_drift else {})}


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
