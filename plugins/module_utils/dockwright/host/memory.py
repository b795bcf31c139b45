"""What the host remembers of us (design §6): causes, adoption, daemon.json keys.

Losing the memory never makes a plan wrong, so nothing here ever fails a run: what cannot be read
is empty, what cannot be written is a warning.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, Callable

from ..errors import HostError
from .files import Files

_KEPT = 10  # earlier values of one default
_MARK = 16  # hex digits of a fingerprint: enough to tell values of one host apart
_VERSION = 1


class Memory:
    """The memory of one engine; read at the first question, written once by ``save``.

    The keys of daemon.json that we own belong to the file, not to the engine (whose id changes
    with its data-root and is not there before the first start), so they have a record of their own.
    """

    def __init__(
        self,
        files: Files,
        directory: str,
        engine_id: str = "",
        config: str = "/etc/docker/daemon.json",
    ) -> None:
        self.directory = directory
        self.warning = ""
        self._files = files
        self._config = config
        self.path = f"{directory}/state-{safe_name(engine_id) or 'none'}.json"
        self._owned_path = f"{directory}/owned-{safe_name(config)}.json"
        self._loaded: dict[str, dict[str, Any]] = {}
        self._before: dict[str, str] = {}
        self._key: bytes | None = None

    def fingerprint(self, value: Any) -> str:
        """A keyed hash that only this host can make: tells equal from different, nothing else."""
        import hmac  # a plan without a change does without it

        text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
        return hmac.digest(self._host_key(), text.encode(), "sha256").hex()[:_MARK]

    def keep_key(self) -> None:
        """Write the key, for fingerprints that stand elsewhere, such as in labels."""
        try:
            self._files.make_directory(self.directory, mode=0o700)
            self._keep_key()
        except (HostError, OSError) as error:
            self._warn(str(error))

    def recall(self, kind: str, name: str) -> Mapping[str, str]:
        """The fingerprints of what we last applied to an object, by option path."""
        return {path: mark for path, mark in self._objects(kind).get(name, {}).items() if path}

    def marks(
        self, kind: str, name: str, source: Any, options: Callable[[], Mapping[str, Any]]
    ) -> Mapping[str, str]:
        """Fingerprints of the values that are applied to an object, by option path.

        They are made only where ``source``, of which the values are, is another than before.
        """
        whole = self.fingerprint(source)
        known: Mapping[str, str] = self._objects(kind).get(name, {})
        if known.get("") == whole:
            return known
        return {"": whole, **{path: self.fingerprint(item) for path, item in options().items()}}

    def remember(
        self, kind: str, name: str, source: Any, options: Callable[[], Mapping[str, Any]]
    ) -> None:
        """Make such fingerprints and keep them."""
        self.keep(kind, name, self.marks(kind, name, source, options))

    def keep(self, kind: str, name: str, marks: Mapping[str, str]) -> None:
        """Keep the fingerprints of what was applied to an object."""
        self._state().setdefault("objects", {}).setdefault(kind, {})[name] = marks

    def forget(self, kind: str, name: str) -> None:
        """Forget an object, also who adopted it."""
        self._objects(kind).pop(name, None)
        adopted = self._state().get("adopted", {})
        for project, pairs in adopted.items():
            adopted[project] = [pair for pair in pairs if pair != [kind, name]]

    def adopted(self, project: str) -> frozenset[tuple[str, str]]:
        """The (kind, name) of objects that the project took over without a label of ours."""
        pairs = self._state().get("adopted", {}).get(project, [])
        return frozenset((kind, name) for kind, name in pairs)

    def adopt(self, project: str, kind: str, name: str) -> None:
        """Record that an object is the project's."""
        adopted = self._state().setdefault("adopted", {})
        adopted[project] = sorted([*self.adopted(project), (kind, name)])

    def owned_keys(self, writer: str = "daemon") -> Mapping[str, str]:
        """The keys of daemon.json that a kind set at its last apply, with their fingerprints."""
        found = self._load(self._owned_path).get("keys", {}).get(writer, {})
        return dict(found) if isinstance(found, dict) else {}

    def owned_by_others(self, writer: str = "daemon") -> frozenset[str]:
        """The keys of daemon.json that other kinds of ours set."""
        return frozenset(self.owners(writer))

    def owners(self, writer: str = "daemon") -> Mapping[str, str]:
        """The keys of daemon.json that others than ``writer`` set, and who."""
        keys = self._load(self._owned_path).get("keys", {})
        return {key: name for name, owned in keys.items() if name != writer for key in owned}

    def own_keys(self, values: Mapping[str, Any], writer: str = "daemon") -> None:
        """Record which keys of daemon.json a kind set, and fingerprints of their values."""
        marks = {key: self.fingerprint(value) for key, value in sorted(values.items())}
        self.own_marks(marks, writer)

    def own_marks(self, marks: Mapping[str, str], writer: str) -> None:
        """The same with fingerprints that `owned_keys` has told before."""
        record = self._load(self._owned_path)
        record["config"] = self._config
        record.setdefault("keys", {})[writer] = dict(marks)

    def moved(self) -> Mapping[str, list[dict[str, Any]]]:
        """Earlier defaults of containers by key of daemon.json: {value, at}, oldest first."""
        found = self._load(self._owned_path).get("moved", {})
        return dict(found) if isinstance(found, dict) else {}

    def note_moved(self, key: str, value: Any, at: str) -> None:
        """Record that a default was ``value`` until a moment (ISO 8601)."""
        entries = [entry for entry in self.moved().get(key, []) if entry["value"] != value]
        kept = [*entries, {"value": value, "at": at}][-_KEPT:]
        self._load(self._owned_path).setdefault("moved", {})[key] = kept

    def forget_moved(self) -> None:
        """No container holds an earlier default any more."""
        self._load(self._owned_path).pop("moved", None)

    def waiting_keys(self, daemon: str) -> frozenset[str]:
        """The keys that were written and wait for this very daemon process to be restarted."""
        found = self._load(self._owned_path).get("waiting")
        if not daemon or not isinstance(found, dict) or found.get("daemon") != daemon:
            return frozenset()
        return frozenset(found.get("names", []))

    def set_waiting(self, daemon: str, names: frozenset[str]) -> None:
        """Record what waits for a restart of the daemon process ``daemon``."""
        record = self._load(self._owned_path)
        record.pop("waiting", None)
        if names:
            record["waiting"] = {"daemon": daemon, "names": sorted(names)}

    def save(self) -> None:
        """Write what changed, once a run; trouble becomes ``warning``."""
        changed = {
            path: text
            for path, text in ((path, _text(record)) for path, record in self._loaded.items())
            if text != self._before[path]
        }
        if not changed and self._key is None:
            return
        try:
            self._files.make_directory(self.directory, mode=0o700)
            if changed:
                self._keep_key()
            for path, text in changed.items():
                self._files.write_atomic(path, text, mode=0o600)
                self._before[path] = text
        except (HostError, OSError) as error:
            self._warn(str(error))

    def _state(self) -> dict[str, Any]:
        return self._load(self.path)

    def _objects(self, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = self._state().get("objects", {}).get(kind, {})
        return found

    def _load(self, path: str) -> dict[str, Any]:
        if path not in self._loaded:
            record: Any = {}
            text = None
            try:
                text = self._read(path)
                record = json.loads(text) if text is not None else {}
                if not _is_record(record):
                    raise ValueError("not a record of ours")
            except ValueError as error:
                self._warn(f"{path} is unreadable ({error}); starting with an empty memory")
                record, text = {}, None
            record.setdefault("version", _VERSION)
            self._loaded[path] = record
            self._before[path] = _text(record) if text is None else text
        return self._loaded[path]

    def _read(self, path: str) -> str | None:
        try:
            return self._files.read_text(path)
        except HostError as error:
            self._warn(str(error))
            return None

    def _host_key(self) -> bytes:
        if self._key is None:
            text = (self._read(f"{self.directory}/key") or "").strip()
            self._key = bytes.fromhex(text) if re.match(r"^[0-9a-f]{64}$", text) else b""
        if not self._key:
            self._key = os.urandom(32)  # written by save: check mode leaves nothing behind
        return self._key

    def _keep_key(self) -> None:
        path = f"{self.directory}/key"
        if not re.match(r"^[0-9a-f]{64}\s*$", self._read(path) or ""):
            self._files.write_atomic(path, self._host_key().hex() + "\n", mode=0o600)

    def _warn(self, text: str) -> None:
        self.warning = self.warning or f"memory: {text}"


def _is_record(record: Any) -> bool:
    """Whether it has the shape that we write; anything else is treated as no memory."""
    if not isinstance(record, dict) or record.get("version", _VERSION) != _VERSION:
        return False
    objects, keys, adopted = (record.get(name, {}) for name in ("objects", "keys", "adopted"))
    marks = [*_values(objects, depth=2), *_values(keys, depth=1)]
    pairs = [pair for listed in _values(adopted) for pair in _items(listed)]
    return all(isinstance(mark, dict) for mark in marks) and all(
        isinstance(pair, list) and [type(part) for part in pair] == [str, str] for pair in pairs
    )


def _values(value: Any, depth: int = 1) -> list[Any]:
    """The values that so many mappings deep; one None where there is something else."""
    if not isinstance(value, dict):
        return [None]
    found = list(value.values())
    return found if depth == 1 else [one for item in found for one in _values(item, depth - 1)]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]


def safe_name(text: str) -> str:
    """Text as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")


def _text(record: Any) -> str:
    # Indented, it would be written in Python instead of C: 20 ms for 100 containers.
    return json.dumps(record, sort_keys=True, default=str) + "\n"
