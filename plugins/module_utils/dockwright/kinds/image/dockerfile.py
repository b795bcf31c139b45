"""The images that a Dockerfile builds upon. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(
    r"\\\$|\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?:(?P<sort>:?[-+])(?P<word>[^{}]*))?\})"
)
_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)\s+(.*)", re.DOTALL)
SCRATCH = "scratch"


def bases(text: str, args: Mapping[str, str], target: str = "") -> list[str]:
    """The images that ``FROM`` and ``COPY --from`` name, in their order, each once.

    Arguments before the first ``FROM`` are filled in; stages of the file itself are no images.
    What is written with a variable that has no value stays as it is written.
    """
    found: list[str] = []
    stages: list[str] = []
    known: dict[str, str] = {}
    has_begun = False
    for word, rest in _instructions(text):
        if word == "ARG" and not has_begun:
            for name, value in _arguments(rest):
                known[name] = args.get(name, _filled(value, known))
        elif word == "FROM":
            if has_begun and target and _is_stage(target, stages):
                break
            has_begun = True
            image, name = _from(_filled(rest, known))
            if image and image.lower() not in stages and image != SCRATCH:
                found.append(image)
            stages.append(name)
        elif word == "COPY":
            match = re.search(r"--from=(\S+)", rest)
            if match and not match[1].isdigit() and match[1].lower() not in stages:
                found.append(_filled(match[1], known))
    return list(dict.fromkeys(found))


def has_stage(text: str) -> bool:
    """Whether there is something to build at all."""
    return any(word == "FROM" for word, _ in _instructions(text))


def _is_stage(target: str, stages: list[str]) -> bool:
    """Whether the stage that is to be built has just ended."""
    return target.lower() == stages[-1] or target == str(len(stages) - 1)


def _from(rest: str) -> tuple[str, str]:
    """Image and name of a stage: ``[--platform=…] IMAGE [AS NAME]``."""
    words = [word for word in rest.split() if not word.startswith("--")]
    name = words[2].lower() if len(words) == 3 and words[1].upper() == "AS" else ""
    return (words[0] if words else ""), name


def _arguments(rest: str) -> Iterator[tuple[str, str]]:
    for word in rest.split():
        name, _, value = word.partition("=")
        yield name, value.strip("\"'")


def _filled(text: str, known: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name, sort = match["plain"] or match["name"], match["sort"] or ""
        if name is None:
            return "$"
        word = _filled(match["word"] or "", known)
        if "+" in sort:
            return word if known.get(name) else ""
        if "-" in sort:
            return known.get(name) or word
        return known.get(name, match[0])

    return _VARIABLE.sub(value, text)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """The instructions in upper case with what follows them; lines that go on are joined."""
    escape = "`" if re.match(r"(?:\s*#.*\n)*\s*#\s*escape\s*=\s*`", text, re.I) else "\\"
    joined = ""
    for line in text.splitlines():
        if line.lstrip().startswith("#") or (joined and not line.strip()):
            continue
        if line.rstrip().endswith(escape):
            joined += line.rstrip()[:-1] + " "
            continue
        match = _INSTRUCTION.match(joined + line)
        joined = ""
        if match:
            yield match[1].upper(), match[2].strip()
