"""The options of every kind as other tools want them: argument specs, documentation, schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .actions.options import ACTIONS
from .errors import SpecError
from .kinds.container.options import OPTIONS as CONTAINER
from .kinds.firewall.options import ROWS as FIREWALL
from .kinds.image.options import ROWS as IMAGE
from .kinds.network.options import OPTIONS as NETWORK
from .kinds.plugin.options import ROWS as PLUGIN
from .kinds.project.forms import OPTIONS as COMPOSE
from .kinds.registry_login.options import ROWS as REGISTRY_LOGIN
from .kinds.storage.options import ROWS as STORAGE
from .kinds.volume.options import OPTIONS as VOLUME
from .masking import without_secrets
from .options import Option
from .run_options import CONNECTION, RUN
from .values import BOOLEAN, MAPPING, TEXT, TEXTS, parse_text, wrong

_PURGE = Option(
    "purge",
    BOOLEAN,
    "Whether what is ours in this project and not in the spec is removed.",
    default=False,
)
_PROJECT = Option("project", TEXT, "The project that owns the objects.", example="shop")
_MEMBERS = (
    Option("networks", MAPPING, "Networks by name; see the options of kind network."),
    Option("volumes", MAPPING, "Volumes by name; see the options of kind volume."),
    Option("images", MAPPING, "Images by reference; see the options of kind image."),
    Option("containers", MAPPING, "Containers by name; see the options of kind container."),
)
_REGISTRIES = Option(
    "registries",
    MAPPING,
    "Logins by registry: C(username) and C(password); see the options of kind registry_login."
    " Pulls use them. In the spec of a host they are stored, too, as C(docker login) does; else"
    " only with C(store: true).",
    secret=True,
)
_PLUGINS = Option(
    "plugins", MAPPING, "Plugins of the engine by name; see the options of kind plugin."
)
_DAEMON = Option(
    "daemon",
    MAPPING,
    "Keys of C(daemon.json) in the engine's own spelling.",
    example={"log-driver": "local"},
)
_FIREWALL = Option(
    "firewall",
    MAPPING,
    "Who may reach published ports; see the options of kind firewall.",
    example={"default": "drop", "allow": [{"port": 443}]},
)
_STORAGE = Option(
    "storage",
    MAPPING,
    "Storage driver, data-root and image store; see the options of kind storage.",
    example={"driver": "overlay2"},
)
_IGNORE = Option(
    "ignore", TEXTS, "Paths in the spec that another hand owns, such as C(daemon.labels)."
)
_VERSION = Option("dockwright", TEXT, "The version of the document's form: C(1).")

# The top level of a document (design §5).
DOCUMENT: tuple[Option, ...] = (
    _VERSION,
    _DAEMON,
    _FIREWALL,
    _STORAGE,
    _REGISTRIES,
    _PLUGINS,
    _PROJECT,
    *_MEMBERS,
    *COMPOSE,
    _PURGE,
    _IGNORE,
    *RUN,
)


def _run(*names: str) -> tuple[Option, ...]:
    """The options of a run that mean something for a kind."""
    every = ("max_disruption", "reveal", "lock_timeout")
    return tuple(row for row in RUN if row.name in (*every, *names))


_RENAMED = {"daemon": "config", "project": "name"}
_SECTION = {
    "container": "containers",
    "image": "images",
    "network": "networks",
    "volume": "volumes",
    "plugin": "plugins",
    "registry_login": "registries",
}

# The options of each front-end module, state or resource, without those of the connection.
KINDS: Mapping[str, tuple[Option, ...]] = {
    "container": (
        Option("name", TEXT, "The container's name."),
        *(row for row in CONTAINER if row.name != "container_name"),
        _PROJECT,
        _REGISTRIES,
        *_run("recreate_stale", "wait_timeout"),
    ),
    "image": (
        Option("name", TEXT, "The image: a tag, a digest or an ID.", example="nginx:1.27"),
        *(row for row in IMAGE if row.name != "name"),
        _REGISTRIES,
        *_run(),
    ),
    "network": (
        Option("name", TEXT, "The network's name."),
        *(row for row in NETWORK if row.name != "name"),
        _PROJECT,
        *_run(),
    ),
    "volume": (
        Option("name", TEXT, "The volume's name."),
        *(row for row in VOLUME if row.name != "name"),
        _PROJECT,
        *_run(),
    ),
    "daemon": (
        _DAEMON._replace(name="config"),
        _IGNORE,
        *_run(
            *("restart", "foreign", "config_file", "unit", "pidfile", "scope"),
            *("manage_unit", "recreate_stale", "wait_timeout"),
        ),
    ),
    "firewall": (*FIREWALL, *_run()),
    "plugin": (
        Option("name", TEXT, "The plugin's name, with or without its tag.", example="nfs"),
        *PLUGIN,
        _REGISTRIES,
        *_run(),
    ),
    "registry_login": (
        Option("name", TEXT, "The registry, as HOST or HOST:PORT.", example="registry.example.com"),
        *REGISTRY_LOGIN,
        *_run(),
    ),
    "storage": (*STORAGE, *_run()),
    "project": (
        _PROJECT._replace(name="name", doc="The project's name."),
        *_MEMBERS,
        *COMPOSE,
        _REGISTRIES,
        _PURGE,
        _IGNORE,
        *_run("recreate_stale", "wait_timeout"),
    ),
    "host": DOCUMENT,
}


def options_of(kind: str) -> tuple[Option, ...]:
    """The options of a kind (of an action, of ``host_info``), the connection's at the end."""
    own = () if kind == "host_info" else ACTIONS.get(kind) or KINDS[kind]
    return (*own, *CONNECTION)


def document_of(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The document that says the same as the options of one object; unset (None) ones are left out.

    Connection options are not part of a document. Keys that no option knows are kept, so that
    the parser can name them. Raises SpecError where the object has no name.
    """
    connection = {row.name for row in CONNECTION}
    given = {
        key: value for key, value in params.items() if value is not None and key not in connection
    }
    if kind == "host":
        return given
    if isinstance(given.get("registries"), Mapping):
        given["registries"] = _for_this_run(given["registries"])
    if kind in ("project", "daemon"):
        if kind == "project" and given.get("name") is None and "compose" not in given:
            raise wrong("name", "is missing", "name the project")
        renamed = {new: old for old, new in _RENAMED.items() if old == kind}
        return {renamed.get(key, key): value for key, value in given.items()}
    own = {row.name for row in KINDS[kind] if row in (*RUN, _PROJECT, _REGISTRIES)}
    document = {key: value for key, value in given.items() if key in own}
    if kind in ("firewall", "storage"):
        return {**document, kind: {key: given[key] for key in given if key not in own}}
    if given.get("name") is None:
        raise wrong("name", "is missing", f"name the {kind}")
    name = parse_text(given["name"], "name")
    fields = {key: value for key, value in given.items() if key not in own and key != "name"}
    return {**document, _SECTION[kind]: {name: fields}}


def _for_this_run(registries: Mapping[Any, Any]) -> dict[Any, Any]:
    """Logins that are not stored unless they say so: a single object needs them for its pull."""
    return {
        host: {"store": False, **entry}
        if isinstance(entry, Mapping) and entry.get("state") != "absent"
        else entry
        for host, entry in registries.items()
    }


_MEMBER_ROWS: Mapping[str, tuple[Option, ...]] = {
    "containers": CONTAINER,
    "images": IMAGE,
    "networks": NETWORK,
    "volumes": VOLUME,
    "plugins": PLUGIN,
}
_HIDDEN = "********"


def masked_params(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a front end may show of the options it was given.

    Single values and lists of options that are not secret; of everything else the names alone:
    a mapping may hold a password (a volume's ``driver_opts``), and so may an unknown option.
    Where a secret value stands again, it is covered.
    """
    try:
        document = _covered_document(kind, params)
    except SpecError:  # it has no name
        document = {}
    shown: dict[str, Any] = without_secrets(_masked(options_of(kind), params), document)
    return shown


def _covered_document(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The document whose secrets are looked for."""
    if kind in ACTIONS:
        return {"containers": {"": {"environment": params.get("environment")}}}
    return {} if kind == "host_info" else document_of(kind, params)


def _masked(rows: Iterable[Option], given: Any) -> Any:
    if not isinstance(given, Mapping):
        return _hidden(given)
    known = {name: row for row in rows for name in (row.name, *row.aliases)}
    shown = {}
    for key, value in given.items():
        row = known.get(key)
        if row in (*_MEMBERS, _PLUGINS) and isinstance(value, Mapping):
            shown[key] = {name: _masked(_MEMBER_ROWS[key], item) for name, item in value.items()}
        elif row is None or row.secret or isinstance(value, Mapping):
            shown[key] = _hidden(value)
        else:
            shown[key] = value
    return shown


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _hidden(item) for key, item in value.items()}
    return None if value is None else _HIDDEN


def argument_spec(kind: str) -> dict[str, dict[str, Any]]:
    """The Ansible argument spec of a kind. Defaults are left to the core: unset means unset."""
    return {row.name: _argument(row) for row in options_of(kind)}


# Ansible turns C(restart: no) into the text "False" and a mapping into its Python notation where
# text is wanted; the core takes such values as a person means them, so it gets them untouched.
_UNTOUCHED = "raw"


def _argument(row: Option) -> dict[str, Any]:
    kept = row.type.ansible in ("bool", "int", "dict")
    argument: dict[str, Any] = {"type": row.type.ansible if kept else _UNTOUCHED}
    if row.aliases:
        argument["aliases"] = list(row.aliases)
    if row.name == "name" and row.type is not TEXTS:  # a list of names only chooses
        argument["required"] = True
    if row.secret:
        argument["no_log"] = False  # the core masks by itself, value by value
    return argument


def ansible_documentation(kind: str) -> dict[str, Any]:
    """The ``options`` part of a module's documentation."""
    return {"options": {row.name: _documented(row) for row in options_of(kind)}}


def _documented(row: Option) -> dict[str, Any]:
    argument = _argument(row)
    entry: dict[str, Any] = {"description": documented(row), "type": argument["type"]}
    entry.update({key: argument[key] for key in ("aliases", "required") if key in argument})
    return entry


def documented(row: Option) -> list[str]:
    """What there is to know about an option, in sentences (Ansible's markup: ``C(code)``)."""
    text = [_sentence(row.doc)]
    if "enum" in row.type.schema:
        text.append("One of " + ", ".join(f"C({word})" for word in row.type.schema["enum"]) + ".")
    elif row.type.name not in (row.name, row.type.ansible, "boolean"):
        text.append(f"Type {row.type.name}.")
    if row.default is not None:
        text.append(f"The default is C({_shown(row)}).")
    if row.example is not None:
        text.append(f"For example C({_code(row.example)}).")
    if row.since:
        text.append(f"Needs Engine API {row.since} or newer.")
    return text


def _code(value: Any) -> str:
    """A value in YAML's flow style, which is JSON's; a ``)`` would end Ansible's markup."""
    return value if isinstance(value, str) else json.dumps(value).replace(")", "\\)")


def _sentence(text: str) -> str:
    return text if text.endswith(".") else text + "."


def _shown(row: Option) -> Any:
    value = row.type.show(row.default)
    return str(value).lower() if isinstance(value, bool) else value


def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a document."""
    properties = _properties(DOCUMENT)
    for section, rows in (*_MEMBER_ROWS.items(), ("registries", REGISTRY_LOGIN)):
        properties[section] = {
            "type": "object",
            "description": properties[section].get("description", ""),
            "additionalProperties": {
                "type": ["object", "null"],
                "properties": _properties(rows),
                "additionalProperties": False,
            },
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dockwright",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _properties(rows: Iterable[Option]) -> dict[str, Any]:
    return {row.name: {**row.type.schema, "description": row.doc} for row in rows}
