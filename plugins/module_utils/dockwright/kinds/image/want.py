"""Images that are wanted: from the spec, and implied by containers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ... import options
from ...errors import Problem, SpecError
from ...model import Want
from . import reference as references
from .options import ALWAYS, MISSING, NEVER, ROWS
from .reference import Reference

_STRICTER = (NEVER, MISSING, ALWAYS)
_OF_PRESENT = (
    "pull_policy",
    "load",
    "platform",
    "build",
    "import",
    "tags",
    "push",
    "save",
    "verify",
)


def parse(name: Any, spec: Mapping[str, Any] | None, where: str) -> Want:
    """One entry of ``images``: the reference is its name. Raises SpecError with all problems."""
    problems: list[Problem] = []
    reference = options.collect(problems, references.parse, name, where)
    entry = options.collect(problems, options.parse, ROWS, spec, where)
    if reference and entry is not None:
        problems.extend(_contradictions(reference, entry, where))
    if problems:
        raise SpecError(problems)
    state = entry.pop("state", "present")
    inputs = {"reference": reference.normal, **entry}
    return Want("image", str(name).strip(), where, inputs=inputs, state=state)


def implied(reference: Any, where: str, pull_policy: Any = None, platform: Any = None) -> Want:
    """The image that a container needs; ``where`` is the container's path in the spec.

    None, or nothing, stands for what the container does not say.
    """
    problems: list[Problem] = []
    found = options.collect(problems, references.parse, reference, f"{where}.image")
    given = {"pull_policy": pull_policy or None, "platform": platform or None}
    entry = options.collect(problems, options.parse, ROWS, given, where)
    if found and entry is not None:
        problems.extend(_contradictions(found, entry, where))
    if problems:
        raise SpecError(problems)
    inputs = {"reference": found.normal, **entry}
    return Want("image", reference.strip(), f"{where}.image", inputs=inputs)


def bases_of(want: Want, read_file: Callable[[str], str | None]) -> list[Want]:
    """The images that the Dockerfile of an image builds upon; read on the managed host."""
    build = want.inputs.get("build")
    if not build or want.state == "absent":
        return []
    from .context import dockerfile_of
    from .dockerfile import bases

    text = read_file(dockerfile_of(build["context"], build["dockerfile"])) or ""
    policy, platform = ALWAYS if build["pull"] else None, want.inputs.get("platform")
    named = bases(text, build.get("args", {}), build["target"])
    where = f"{want.where}.build"
    return [implied(name, where, policy, platform) for name in named if "$" not in name]


def built_on(want: Want, bases: Iterable[Want]) -> Want:
    """The want with the keys of its bases."""
    keys = [key(base) for base in bases]
    return want._replace(inputs={**want.inputs, "bases": keys}) if keys else want


def key(want: Want) -> str:
    """The normal form of the reference: the key of an image in all mappings."""
    return str(want.inputs["reference"])


def reference_of(want: Want) -> Reference:
    """The reference in its parts."""
    return references.parse(want.name, want.where)


def policy_of(want: Want) -> str:
    """When the image is pulled."""
    return str(want.inputs.get("pull_policy", MISSING))


def merged(wants: Iterable[Want]) -> dict[str, Want]:
    """One want for each image, under its normal form; entries of ``images`` come first.

    The strictest policy that somebody gave wins: always, missing, never. Raises SpecError, naming
    both places, where the rest does not go together.
    """
    problems: list[Problem] = []
    result: dict[str, Want] = {}
    for want in wants:
        one = result.get(key(want))
        result[key(want)] = _both(one, want, problems) if one else want
    if any("save" in want.inputs for want in result.values()):
        from .saving import twice

        problems.extend(twice(result.values()))
    if problems:
        raise SpecError(problems)
    return result


def _both(one: Want, other: Want, problems: list[Problem]) -> Want:
    inputs = {**other.inputs, **one.inputs}
    for name in ("platform", "load"):
        first, second = one.inputs.get(name), other.inputs.get(name)
        if first and second and first != second:
            text = f"the same image with {name} {second}, and with {name} {first} in {one.where}"
            problems.append(Problem(other.where, text, "an image of one name can be only one"))
    if one.state != other.state:
        text = f"the image is wanted here, and absent in {one.where}"
        if other.state == "absent":
            text = f"the image is absent here, and wanted in {one.where}"
        problems.append(Problem(other.where, text, "remove one of them"))
    policies = [want.inputs["pull_policy"] for want in (one, other) if "pull_policy" in want.inputs]
    if policies:
        inputs["pull_policy"] = max(policies, key=_STRICTER.index)
    made_here = [want for want in (one, other) if _is_made_here(want.inputs)]
    is_base = any(want.where.endswith(".build.image") for want in (one, other))
    if made_here and is_base:
        inputs.pop("pull_policy", None)  # another entry of the document makes it
    elif made_here and inputs.get("pull_policy") == ALWAYS:
        source = made_here[0]
        asking = other if source is one else one
        text = f"pull_policy always, but {source.where} {_how(source.inputs)}"
        problems.append(Problem(asking.where, text, "keep one of them"))
    return one._replace(inputs=inputs)


def _is_made_here(inputs: Mapping[str, Any]) -> bool:
    return any(inputs.get(name) for name in ("load", "build", "import"))


def _how(inputs: Mapping[str, Any]) -> str:
    if inputs.get("import"):
        return "imports the image"
    return "loads the image from a tar" if inputs.get("load") else "builds the image"


def _contradictions(
    reference: Reference, entry: Mapping[str, Any], where: str
) -> Iterable[Problem]:
    if entry.get("state") == "absent":
        for name in _OF_PRESENT:
            if name in entry:
                text = "means nothing for an image that is to be absent"
                yield Problem(f"{where}.{name}", text, "remove it")
        return
    if entry.get("load"):
        yield from _not_loaded(reference, entry, where)
    if "verify" in entry:
        yield from _not_verified(reference, entry, where)
    for source in ("build", "import"):
        if entry.get(source):
            yield from _not_made(reference, entry, where, source)
    if entry.get("push") and not reference.is_moving:
        text = "means nothing for an image that is named by digest or ID"
        yield Problem(f"{where}.push", text, "name the image by its tag")
    if reference.id and entry.get("pull_policy") == ALWAYS:
        text = "is always, but no registry knows an image by its ID"
        yield Problem(f"{where}.pull_policy", text, "name the image by its tag or its digest")


def _not_loaded(reference: Reference, entry: Mapping[str, Any], where: str) -> Iterable[Problem]:
    """What does not go with an image that is loaded."""
    if entry.get("pull_policy") == ALWAYS:
        text = "is always, but the image is loaded from a tar"
        yield Problem(f"{where}.pull_policy", text, "remove pull_policy or load")
    if reference.digest:
        text = "a loaded image has no digest, so it never is this image"
        yield Problem(f"{where}.load", text, "name the image by its tag or its ID")
    if entry.get("save") == entry["load"]:
        text = "is the tar that the image is loaded from"
        yield Problem(f"{where}.save", text, "remove save, or name another path")


def _not_verified(reference: Reference, entry: Mapping[str, Any], where: str) -> Iterable[Problem]:
    """What does not go with an image that a command has to accept by its digest."""
    if not any(entry["verify"][:1]):  # who gives it wants a check, so none is no answer
        yield Problem(f"{where}.verify", "names no command", "name one, or remove verify")
    made = [name for name in ("load", "build", "import") if entry.get(name)]
    if made or reference.id:
        text = "is asked about digests of a registry, and this image has none"
        yield Problem(f"{where}.verify", text, f"remove verify{' or '.join(['', *made])}")


def _not_made(
    reference: Reference, entry: Mapping[str, Any], where: str, source: str
) -> Iterable[Problem]:
    """What does not go with an image that is built or imported."""
    is_built = source == "build"
    others = ("load", "pull_policy") if is_built else ("load", "pull_policy", "build", "platform")
    for name in others:
        if name in entry:
            text = f"means nothing for an image that is {'built' if is_built else 'imported'}"
            yield Problem(f"{where}.{name}", text, f"remove {source} or {name}")
    if not reference.is_moving:
        text = f"an image gets its ID and digest from the {source}"
        yield Problem(f"{where}.{source}", text, "name the image by its tag")
