"""The options of every kind as other tools want them: argument specs, documentation, schema."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from .kinds.container.options import OPTIONS as CONTAINER
from .kinds.image.options import OPTIONS as IMAGE
from .kinds.network.options import OPTIONS as NETWORK
from .kinds.volume.options import OPTIONS as VOLUME
from .options import Option
from .run_options import CONNECTION, RUN
from .values import BOOLEAN, MAPPING, TEXT, TEXTS

_PURGE = Option(
    "purge",
    BOOLEAN,
    "Whether what is ours in this project and not in the spec is removed.",
    default=False,
)
_PROJECT = Option("project", TEXT, "The project that owns the objects.", example="shop")
_COMPOSE = Option(
    "compose",
    MAPPING,
    "A Compose file's content. Names are then Compose's, and C(${NAME}) is filled in.",
)
_MEMBERS = (
    Option("networks", MAPPING, "Networks by name; see the options of kind network."),
    Option("volumes", MAPPING, "Volumes by name; see the options of kind volume."),
    Option("images", MAPPING, "Images by reference; see the options of kind image."),
    Option("containers", MAPPING, "Containers by name; see the options of kind container."),
)
_REGISTRIES = Option(
    "registries",
    MAPPING,
    "Credentials by registry: C(username) and C(password).",
    secret=True,
)
_DAEMON = Option(
    "daemon",
    MAPPING,
    "Keys of C(daemon.json) in the engine's own spelling.",
    example={"log-driver": "local"},
)
_IGNORE = Option("ignore", TEXTS, "Paths in the spec that another hand owns, such as C(daemon.labels).")
_VERSION = Option("dockwright", TEXT, "The version of the document's form: C(1).")

# The top level of a document (design §5).
DOCUMENT: tuple[Option, ...] = (
    _VERSION,
    _DAEMON,
    _REGISTRIES,
    _PROJECT,
    *_MEMBERS,
    _COMPOSE,
    _PURGE,
    _IGNORE,
    *RUN,
)

_RENAMED = {"daemon": "config", "project": "name"}
_SECTION = {
    "container": "containers",
    "image": "images",
    "network": "networks",
    "volume": "volumes",
}

# The options of each front-end module, state or resource, without those of the connection.
KINDS: Mapping[str, tuple[Option, ...]] = {
    "container": (
        Option("name", TEXT, "The container's name."),
        *(row for row in CONTAINER if row.name != "container_name"),
        _PROJECT,
        _REGISTRIES,
        *RUN,
    ),
    "image": (
        Option("name", TEXT, "The image: a tag, a digest or an ID.", example="nginx:1.27"),
        *(row for row in IMAGE if row.name != "name"),
        _REGISTRIES,
        *RUN,
    ),
    "network": (
        Option("name", TEXT, "The network's name."),
        *(row for row in NETWORK if row.name != "name"),
        _PROJECT,
        *RUN,
    ),
    "volume": (
        Option("name", TEXT, "The volume's name."),
        *(row for row in VOLUME if row.name != "name"),
        _PROJECT,
        *RUN,
    ),
    "daemon": (_DAEMON._replace(name="config"), _IGNORE, *RUN),
    "project": (
        _PROJECT._replace(name="name", doc="The project's name."),
        *_MEMBERS,
        _COMPOSE,
        _REGISTRIES,
        _PURGE,
        _IGNORE,
        *RUN,
    ),
    "host": DOCUMENT,
}


def options_of(kind: str) -> tuple[Option, ...]:
    """The options of a kind, the connection's at the end."""
    return (*KINDS[kind], *CONNECTION)


def document_of(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The document that says the same as the options of one object; unset (None) ones are left out.

    Connection options are not part of a document. Keys that no option knows are kept, so that
    the parser can name them.
    """
    connection = {row.name for row in CONNECTION}
    given = {
        key: value for key, value in params.items() if value is not None and key not in connection
    }
    if kind == "host":
        return given
    if kind in ("project", "daemon"):
        renamed = {new: old for old, new in _RENAMED.items() if old == kind}
        return {renamed.get(key, key): value for key, value in given.items()}
    own = {row.name for row in (*RUN, _PROJECT, _REGISTRIES)}
    document = {key: value for key, value in given.items() if key in own}
    name = given.get("name")
    fields = {key: value for key, value in given.items() if key not in own and key != "name"}
    return {**document, _SECTION[kind]: {name: fields} if name is not None else fields}


def argument_spec(kind: str) -> dict[str, dict[str, Any]]:
    """The Ansible argument spec of a kind. Defaults are left to the core: unset means unset."""
    return {row.name: _argument(row, kind) for row in options_of(kind)}


def _argument(row: Option, kind: str) -> dict[str, Any]:
    argument: dict[str, Any] = {"type": row.type.ansible}
    if row.type.elements:
        argument["elements"] = row.type.elements
    if row.aliases:
        argument["aliases"] = list(row.aliases)
    if row.name == "name":
        argument["required"] = True
    if row.secret or row.name in ("pid",):
        argument["no_log"] = False  # the core masks by itself, value by value
    return argument


def ansible_documentation(kind: str) -> dict[str, Any]:
    """The ``options`` part of a module's documentation."""
    return {"options": {row.name: _documented(row, kind) for row in options_of(kind)}}


def _documented(row: Option, kind: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"description": [_sentence(row.doc)], "type": row.type.ansible}
    if row.default is not None:
        entry["description"].append(f"The default is C({_shown(row)}).")
    if "enum" in row.type.schema:
        words = ", ".join(f"C({word})" for word in row.type.schema["enum"])
        entry["description"].append(f"One of {words}.")
    if row.example is not None:
        entry["description"].append(f"For example C({row.example}).")
    if row.since:
        entry["description"].append(f"Needs Engine API {row.since} or newer.")
    argument = _argument(row, kind)
    entry.update({key: argument[key] for key in ("elements", "aliases", "required") if key in argument})
    return entry


def _sentence(text: str) -> str:
    return text if text.endswith(".") else text + "."


def _shown(row: Option) -> Any:
    value = row.type.show(row.default)
    return str(value).lower() if isinstance(value, bool) else value


def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a document."""
    members = {
        "containers": CONTAINER,
        "images": IMAGE,
        "networks": NETWORK,
        "volumes": VOLUME,
    }
    properties = _properties(DOCUMENT)
    for section, rows in members.items():
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
