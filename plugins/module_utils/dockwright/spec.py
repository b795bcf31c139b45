"""The document: one spec of a host, parsed into Wants. All its problems are reported together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from .errors import Problem, SpecError, nearest
from .kinds.container import want as container
from .kinds.container.mounts import sources
from .kinds.container.options import ROWS as CONTAINER
from .kinds.image import want as image
from .kinds.network.options import INPUTS as NETWORK_INPUTS
from .kinds.network.options import ROWS as NETWORK
from .kinds.part import OF_ENGINE, parse_part
from .kinds.plugin import want as plugin
from .kinds.registry_login import want as registry_login
from .kinds.volume.options import INPUTS as VOLUME_INPUTS
from .kinds.volume.options import ROWS as VOLUME
from .masking import covered
from .model import Want
from .named_tuple import NamedTuple
from .options import Option, collect, parse
from .run_options import RunOptions, run_options
from .surface import DOCUMENT

ReadFile = Callable[[str], "str | None"]
# Objects that can be absent: their section, and the key that has the engine's name.
GONE = {
    "container": ("containers", "container_name"),
    "network": ("networks", "name"),
    "volume": ("volumes", "name"),
}
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_NAME_FIX = "two or more of a-zA-Z0-9_.-, the first a letter or a digit"


class Document(NamedTuple):
    """A parsed spec: Wants by the engine's names, in the order in which they were written."""

    project: str = ""
    parts: Mapping[str, Any] = {}  # of the host itself: kind -> want
    registries: Mapping[str, Mapping[str, str]] = {}
    plugins: Mapping[str, Want] = {}
    images: Mapping[str, Want] = {}
    networks: Mapping[str, Want] = {}
    volumes: Mapping[str, Want] = {}
    containers: Mapping[str, Want] = {}
    services: Mapping[str, tuple[str, ...]] = {}  # name -> containers
    purge: bool = False
    run: RunOptions = RunOptions()
    warnings: tuple[str, ...] = ()
    paths: Mapping[str, str] = {}  # of a Compose file, see `as_written`

    @property
    def running_plugins(self) -> tuple[str, ...]:
        """The names of the plugins that are to run, with their tags."""
        return tuple(name for name, want in self.plugins.items() if want.state == "enabled")

    @property
    def has_objects(self) -> bool:
        """Whether it is about any object of an engine."""
        objects = (self.services, self.networks, self.volumes, self.images, self.plugins)
        return any(objects) or self.purge


def parse_document(
    spec: Any, read_file: ReadFile, gone: Iterable[tuple[str, str]] = ()
) -> Document:
    """A user's document as Wants.

    ``read_file`` gives the text of a file of the managed host, None when it is not there (for
    ``env_file``). ``gone`` are the (kind, name) of objects that are to be absent, unless the
    document has them. Raises SpecError with every problem found.
    """
    problems: list[Problem] = []
    top = collect(problems, parse, DOCUMENT, spec, "")
    if top is None:
        raise SpecError(problems)
    if top.get("dockwright", "1") != "1":
        problems.append(Problem("dockwright", f"is '{top['dockwright']}'", "this version knows 1"))
    warnings: list[str] = []
    paths: Mapping[str, str] = {}
    unused: Iterable[str] = ()
    if "compose" in top:
        from .kinds.project import compose

        expanded = collect(problems, compose.expand_document, top, warnings.append)
        if expanded is None:
            raise SpecError(problems)
        top, paths, unused = expanded
    parsed = _Parser(top, read_file, problems).document(tuple(warnings))
    parsed = parsed._replace(volumes=_with_kept(parsed, unused))
    if gone and not problems:
        parsed = _without(parsed, gone)
    if problems:
        raise SpecError(dict.fromkeys(as_written(problem, paths) for problem in problems))
    return parsed._replace(paths=paths)


def _with_kept(parsed: Document, unused: Iterable[str]) -> dict[str, Want]:
    """The volumes; those of a Compose file that nobody mounts are kept if they are there."""
    mounted = {
        source
        for want in parsed.containers.values()
        for source in sources(want.fields, "volume").values()
    }
    kept = set(unused) - mounted
    return {
        name: want._replace(state="kept") if name in kept else want
        for name, want in parsed.volumes.items()
    }


def _without(parsed: Document, gone: Iterable[tuple[str, str]]) -> Document:
    """The document with these objects absent, where it says nothing of them."""
    extra: dict[str, dict[str, Any]] = {}
    for kind, name in gone:
        section, key = GONE[kind]
        if name not in getattr(parsed, section):
            extra.setdefault(section, {})[name] = {key: name, "state": "absent"}
    absent = parse_document({"project": parsed.project, **extra}, lambda path: None)
    return parsed._replace(
        networks={**parsed.networks, **absent.networks},
        volumes={**parsed.volumes, **absent.volumes},
        containers={**parsed.containers, **absent.containers},
        services={**absent.services, **parsed.services},
    )


def as_written(problem: Problem, paths: Mapping[str, str]) -> Problem:
    """A problem of an expanded Compose file, at its path in that file.

    ``paths`` are places of the document -> places of the file, the longest first.
    """
    for expanded, written in paths.items():
        rest = problem.where[len(expanded) :]
        if problem.where.startswith(expanded) and rest[:1] in ("", ".", "["):
            return problem._replace(where=written + rest)
    return problem


def problems_of(spec: Any) -> tuple[Problem, ...]:
    """What is wrong with a user's document, as far as it can be told without the host."""
    try:
        parse_document(spec, lambda path: "")
    except SpecError as error:
        return covered(error.problems(), spec)
    return ()


class _Parser:
    """Parses the sections of one document; problems are collected, never raised."""

    def __init__(
        self, top: Mapping[str, Any], read_file: ReadFile, problems: list[Problem]
    ) -> None:
        self.top = top
        self.problems = problems
        self.read_file = read_file
        self.project: str = top.get("project", "")
        self.ignore = self._ignored()

    def document(self, warnings: tuple[str, ...]) -> Document:
        top = self.top
        if self.project and not _NAME.fullmatch(self.project):
            self._problem("project", f"'{self.project}' is not a name", _NAME_FIX)
        networks = self._objects("networks", "network", NETWORK, NETWORK_INPUTS)
        volumes = self._objects("volumes", "volume", VOLUME, VOLUME_INPUTS)
        containers, services = self._containers(networks, volumes)
        networks = self._with_default(networks, containers)
        volumes = _with_implied(volumes, containers, self.project)
        logins = self._logins()
        return Document(
            project=self.project,
            parts=self._parts(logins),
            registries=registry_login.credentials(logins),
            plugins=self._plugins(),
            images=self._images(containers),
            networks={want.name: want for want in networks.values()},
            volumes={want.name: want for want in volumes.values()},
            containers=containers,
            services=services,
            purge=self._purge(),
            run=run_options(top, self.ignore.get("daemon", ())),
            warnings=warnings,
        )

    def _ignored(self) -> dict[str, tuple[str, ...]]:
        """Ignored paths by the object they belong to: ``containers.web.labels.x`` and so on."""
        kinds = ("networks", "volumes", "containers", "plugins")
        objects = [f"{kind}.{key}" for kind in kinds for key in self._section(kind)]
        found: dict[str, tuple[str, ...]] = {}
        for path in self.top.get("ignore", ()):
            owners = [where for where in ("daemon", *objects) if path.startswith(f"{where}.")]
            if owners:
                owner = max(owners, key=len)
                found[owner] = (*found.get(owner, ()), path[len(owner) + 1 :])
            else:
                fix = "write it as containers.NAME.OPTION or the like, with a NAME of this spec"
                self._problem("ignore", f"'{path}' is not in the spec, so nothing is ignored", fix)
        return found

    def _check_ignored(self, where: str, paths: Iterable[str], rows: Iterable[Option]) -> None:
        known = {row.name for row in rows} - {"image"}
        for path in paths:
            name = path.partition(".")[0]
            if name not in known:
                fix = nearest(name, known) or "one of " + ", ".join(sorted(known))
                self._problem(f"{where}.ignore", f"'{path}' cannot be ignored", fix)

    def _problem(self, where: str, message: str, fix: str = "") -> None:
        self.problems.append(Problem(where, message, fix))

    def _purge(self) -> bool:
        purge = bool(self.top.get("purge", False))
        if purge and not self.project:
            self._problem("purge", "needs a project", "name the project whose objects are removed")
        return purge

    def _parts(self, logins: Iterable[Want]) -> dict[str, Any]:
        named = [kind for kind in OF_ENGINE if kind in self.top]
        parts = {kind: parse_part(kind, self.top[kind], self.problems) for kind in named}
        kept = {want.name: want for want in logins if registry_login.is_kept(want)}
        return {**parts, "registry_login": kept} if kept else parts

    def _section(self, name: str) -> dict[str, Any]:
        return dict(self.top.get(name) or {})

    def _objects(
        self, section: str, kind: str, rows: Iterable[Option], inputs: Iterable[Option]
    ) -> dict[str, Want]:
        """The networks or volumes of the document by their key in it."""
        found = {}
        for key, item in self._section(section).items():
            where = f"{section}.{key}"
            parsed = collect(self.problems, parse, (*rows, *inputs), item, where)
            if parsed is None:
                continue
            name = parsed.pop("name", None) or self._default_name(section, key)
            if not _NAME.fullmatch(name):
                self._problem(where, f"'{name}' is not a name", _NAME_FIX)
            steer = {row.name: parsed.pop(row.name) for row in inputs if row.name in parsed}
            external = steer.pop("external", False)
            if external and parsed:
                self._problem(where, "is external, its options are not ours", "leave them out")
            steer["ignore"] = (*steer.get("ignore", ()), *self.ignore.get(where, ()))
            self._check_ignored(where, steer["ignore"], rows)
            state = steer.pop("state", "present")
            found[key] = Want(
                kind, name, where, parsed, steer, state, self.project, key, bool(external)
            )
        return found

    def _default_name(self, section: str, key: str) -> str:
        is_default = section == "networks" and key == "default" and self.project
        return f"{self.project}_default" if is_default else key

    def _containers(
        self, networks: Mapping[str, Want], volumes: Mapping[str, Want]
    ) -> tuple[dict[str, Want], dict[str, tuple[str, ...]]]:
        found: dict[str, Want] = {}
        services: dict[str, tuple[str, ...]] = {}
        for key, item in self._section("containers").items():
            where = f"containers.{key}"
            context = container.Context(self.project, networks, volumes, self.read_file)
            wants = collect(self.problems, container.parse_container, key, item, where, context)
            for want in wants or ():
                if want.name in found:
                    self._problem(
                        where, f"the name {want.name} is taken by {found[want.name].where}"
                    )
                want.inputs["ignore"] += self.ignore.get(where, ())
                self._check_ignored(where, want.inputs["ignore"], CONTAINER)
                found[want.name] = want
                services[want.service] = (*services.get(want.service, ()), want.name)
            # One that is wrong stands for itself: what others say of it is no further problem.
            names = (key,) if wants is None else tuple(want.name for want in wants)
            services.setdefault(key, names)
            if wants is None and isinstance(item, Mapping) and item.get("service"):
                services.setdefault(str(item["service"]), names)
        return container.link(found, services, self.problems), services

    def _with_default(
        self, networks: Mapping[str, Want], containers: Mapping[str, Want]
    ) -> dict[str, Want]:
        """The networks, and ``<project>_default`` if a container needs it."""
        result = dict(networks)
        name = f"{self.project}_default"
        needed = any(
            name in want.fields.get("networks", ())
            for want in containers.values()
            if want.state != "absent"
        )
        if self.project and needed and name not in {want.name for want in networks.values()}:
            result["default"] = Want(
                "network", name, "networks.default", {}, {}, "present", self.project, "default"
            )
        return result

    def _images(self, containers: Mapping[str, Want]) -> dict[str, Want]:
        wants = []
        for key, item in self._section("images").items():
            want = collect(self.problems, image.parse, key, item, f"images.{key}")
            bases = collect(self.problems, image.bases_of, want, self.read_file) if want else None
            wants += [image.built_on(want, bases or ()) if want else None, *(bases or ())]
        for want in containers.values():
            if want.state != "absent" and "image" in want.fields:
                steer = [want.inputs.get(name) for name in ("pull_policy", "platform")]
                implied = (want.fields["image"], want.where, *steer)
                wants.append(collect(self.problems, image.implied, *implied))
                wants += self._mounted_images(want)
        merged = collect(self.problems, image.merged, [want for want in wants if want])
        return dict(merged or {})

    def _mounted_images(self, want: Want) -> Iterator[Want]:
        for target, source in sources(want.fields, "image").items():
            found = image.implied(source, want.where, None, want.inputs.get("platform"))
            yield found._replace(where=f"{want.where}.volumes.{target}.source")

    def _plugins(self) -> dict[str, Want]:
        section = self._section("plugins").items()
        found = [
            collect(self.problems, plugin.parse, key, item, f"plugins.{key}")
            for key, item in section
        ]
        wants = [
            plugin.ignoring(want, self.ignore.get(want.where, ()), self.problems)
            for want in found
            if want is not None
        ]
        self.problems += _named_twice(wants, "plugin")
        return {want.name: want for want in wants}

    def _logins(self) -> list[Want]:
        found = [
            collect(self.problems, registry_login.parse, host, item, f"registries.{host}")
            for host, item in self._section("registries").items()
        ]
        logins = [want for want in found if want is not None]
        self.problems += _named_twice(logins, "registry")
        return logins


def _with_implied(
    volumes: Mapping[str, Want], containers: Mapping[str, Want], project: str
) -> dict[str, Want]:
    """The volumes, and those that containers name without a declaration."""
    result = dict(volumes)
    names = {want.name for want in volumes.values()}
    for want in containers.values():
        mounted = sources(want.fields, "volume") if want.state != "absent" else {}
        for source in mounted.values():
            if source not in names:
                names.add(source)
                where = f"{want.where}.volumes"
                result[f"{where}.{source}"] = Want(
                    "volume", source, where, {}, {}, "implied", project, source
                )
    return result


def _named_twice(wants: Iterable[Want], what: str) -> list[Problem]:
    """The problems of objects that are named twice, in two spellings."""
    seen: dict[str, Want] = {}
    problems = []
    for want in wants:
        if want.name in seen:
            text = f"is the same {what} as {seen[want.name].where}"
            problems.append(Problem(want.where, text, "keep one of them"))
        seen.setdefault(want.name, want)
    return problems
