"""The daemon's flags: which keys of daemon.json they set, for nothing may be in both."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from .options import BY_FLAG, Key

_SHORT = {
    "-b": "bridge",
    "-D": "debug",
    "-g": "data-root",
    "-G": "group",
    "-H": "host",
    "-l": "log-level",
    "-p": "pidfile",
    "-s": "storage-driver",
}
_PROXIES = ("http-proxy", "https-proxy", "no-proxy")


def flagged_keys(words: Sequence[str]) -> Mapping[str, str]:
    """The keys that flags set, each with the flag as it is written."""
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, value = _split(word)
        key = BY_FLAG.get(name)
        proxy = name in _PROXIES
        if key is None and not proxy:
            continue
        if value is None and not _is_switch(key) and rest:
            word = f"{word} {rest.pop(0)}"
        if name != "add-runtime":  # runtimes may be in both
            found.setdefault("proxies" if key is None else key.name, word)
    return found


def without_keys(words: Sequence[str], names: Collection[str]) -> list[str]:
    """The words without the flags of these keys, with their values."""
    kept: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, value = _split(word)
        key = BY_FLAG.get(name)
        owner = "proxies" if name in _PROXIES else key.name if key else ""
        if owner not in names:
            kept.append(word)
        elif value is None and not _is_switch(key) and rest:
            rest.pop(0)
    return kept


def config_file(words: Sequence[str]) -> str | None:
    """The file that ``--config-file`` names, None when the daemon reads its default."""
    return _flag_value(words, "config-file")


def without_config_file(words: Sequence[str]) -> list[str]:
    """The flags to validate a candidate with: all but the one that names the file."""
    kept: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--config-file":
            rest = rest[1:]
        elif not word.startswith("--config-file="):
            kept.append(word)
    return kept


def _flag_value(words: Sequence[str], name: str) -> str | None:
    for index, word in enumerate(words):
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
        if word == f"--{name}" and index + 1 < len(words):
            return words[index + 1]
    return None


def _split(word: str) -> tuple[str, str | None]:
    """A flag's long name, and its value when that is in the same word."""
    if word.startswith("--"):
        name, found, value = word[2:].partition("=")
        return name, value if found else None
    name = _SHORT.get(word[:2], "")
    attached = word[2:].lstrip("=")
    return name, attached or None


def _is_switch(key: Key | None) -> bool:
    return key is not None and key.type.name == "boolean"
