"""Images that are there: one inspect each, and what registry and tar hold where that matters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...engine.client import Engine
from ...engine.parallel import each
from ...engine.wire import decoded
from ...errors import EngineRefused, Problem
from ...model import Want
from ...named_tuple import NamedTuple
from .credentials import Registries, headers, is_known
from .options import ALWAYS, NEVER
from .platforms import fits, platform_of
from .reference import Reference
from .want import policy_of, reference_of

if TYPE_CHECKING:
    from ...host.commands import Completed
    from ...host.memory import Memory
    from .archive import Archive, OpenFile
    from .context import Context
    from .faults import Fault
    from .importing import Rootfs
    from .names import Named
    from .retry import Retry

# Tars and registries are for few runs: what reads them is imported there.

_BY_PLATFORM = "1.49"  # the first API that inspects one platform of an image
_NO_FILES = "the engine is on another machine, whose files cannot be read"


class Edges(NamedTuple):
    """What is asked: the engine, the registries' credentials, the files of the managed host."""

    engine: Engine
    registries: Registries
    open_file: OpenFile | None = None
    retry: Retry | None = None  # None: a few times
    site: BuildSite | None = None  # None: nothing can be built


class BuildSite(NamedTuple):
    """What building needs of the managed host: its files, and marks that only it can make."""

    real_path: Callable[[str], str]
    memory: Memory
    run: Callable[..., Completed] | None = None  # commands, for BuildKit


class ImageHave(NamedTuple):
    """One image as the engine has it, and what pulling or loading would bring.

    ``id`` is empty when the engine has no such image. The registry was asked (``remote_*``) only
    when a pull may be needed; then there is either a digest or an error.
    """

    reference: str  # the normal form of the wanted reference
    id: str = ""
    repo_digests: tuple[str, ...] = ()
    repo_tags: tuple[str, ...] = ()
    os: str = ""
    architecture: str = ""
    variant: str = ""
    created: str = ""
    layers: tuple[str, ...] = ()
    config: Mapping[str, Any] = {}  # the image's Config
    remote_digest: str | None = None
    remote_platforms: tuple[str, ...] = ()
    remote_error: str = ""
    remote_fix: str = ""
    remote_is_final: bool = False  # the registry was reached and has or gives no such image
    archive: Archive | None = None
    context: Context | None = None  # of the option `build`
    rootfs: Rootfs | None = None  # of the option `import`
    saved: Archive | None = None  # what is at the path of the option `save`
    args_mark: str = ""
    unverified: str = ""  # what the command of the option `verify` has against it
    no_builder: str = ""  # why the builder that is asked for cannot be used
    lost_secrets: tuple[Problem, ...] = ()  # of the build
    named: Mapping[str, Named] = {}  # further names, and what is pushed

    @property
    def platform(self) -> str:
        """The platform of the image, ``linux/amd64``."""
        return platform_of(self.os, self.architecture, self.variant)


def read(edges: Edges, wants: Mapping[str, Want]) -> dict[str, ImageHave]:
    """What is there of each wanted image, under the same keys and in parallel; changes nothing.

    One inspect for each image; one question to the registry (by the engine, as a pull would go)
    where a pull or push is possible; the tar of ``load`` by ``open_file`` (None: the host's files
    cannot be read); the folder of ``build``.
    """
    return dict(zip(wants, each(lambda want: observe(edges, want), wants.values())))


def observe(edges: Edges, want: Want) -> ImageHave:
    """One image: the engine's, and where it matters the registry's, the tar's, the context's."""
    have = _observe(edges, want)
    if want.state != "absent" and want.inputs.get("verify"):
        from . import verifying

        have = have._replace(unverified=verifying.read(edges, want, have))
    if want.state != "absent" and want.inputs.get("save"):
        from . import saving

        have = have._replace(saved=saving.read(edges, want))
    if want.state == "absent" or not (want.inputs.get("tags") or want.inputs.get("push")):
        return have
    from . import names

    return have._replace(named=names.read(edges, want, have))


def _observe(edges: Edges, want: Want) -> ImageHave:
    have = inspect(edges.engine, want)
    if want.state == "absent" or (have.id and reference_of(want).id):
        return have
    path = want.inputs.get("load")
    if path:
        from . import archive as archives

        if edges.open_file is None:
            return have._replace(archive=archives.Archive(path, error=_NO_FILES))
        return have._replace(archive=archives.read(path, edges.open_file))
    build = want.inputs.get("build")
    if build and edges.site:
        from . import context as contexts

        context = contexts.read(build["context"], build["dockerfile"], edges.site.real_path)
        mark = edges.site.memory.fingerprint(build["args"]) if build.get("args") else ""
        have = have._replace(context=context, args_mark=mark)
        if build.get("builder"):
            from . import buildkit

            no_builder = buildkit.missing(edges.site.run, edges.engine.endpoint)
            lost = buildkit.lost_secrets(want, edges.site)
            have = have._replace(no_builder=no_builder, lost_secrets=lost)
        return have
    rootfs = want.inputs.get("import")
    if rootfs and edges.site:
        from . import importing

        found = importing.read(rootfs["path"], edges.site.real_path)
        return have._replace(rootfs=found._replace(unknown=importing.unknown(edges.engine, want)))
    return _with_remote(edges, want, have) if may_pull(want, have) else have


def may_pull(want: Want, have: ImageHave) -> bool:
    """Whether it depends on the registry what is to be done."""
    policy, reference = policy_of(want), reference_of(want)
    if policy == NEVER or reference.id:
        return False
    moved = policy == ALWAYS and reference.is_moving
    return not have.id or moved or not fits(want.inputs.get("platform", ""), have.platform)


def digest_at(edges: Edges, reference: Reference) -> str | Fault:
    """The digest that the registry has for a name, empty where there is none; or a fault."""
    from .faults import Fault, fault_of
    from .retry import Retry, persist

    answer = persist(
        lambda: _distribution(edges, reference),
        lambda error: fault_of(error, reference, edges.registries),
        edges.retry or Retry(attempts=3),
    )
    if not isinstance(answer, Fault):
        return str((answer.get("Descriptor") or {}).get("digest") or "")
    is_missing = re.search(r"manifest unknown|name unknown|not found", answer.message, re.I)
    may_be_hidden = "denied" in answer.message and is_known(edges.registries, reference.domain)
    return "" if is_missing or may_be_hidden else answer


def _with_remote(edges: Edges, want: Want, have: ImageHave) -> ImageHave:
    """Ask the registry, through the engine, for digest and platforms."""
    from .faults import Fault, fault_of
    from .retry import Retry, persist

    reference = reference_of(want)
    answer = persist(
        lambda: _distribution(edges, reference),
        lambda error: fault_of(error, reference, edges.registries),
        edges.retry or Retry(attempts=3),
    )
    if isinstance(answer, Fault):
        return have._replace(
            remote_error=answer.message,
            remote_fix=answer.fix,
            remote_is_final=answer.is_final,
        )
    platforms = {
        platform_of(item.get("os") or "", item.get("architecture") or "", item.get("variant") or "")
        for item in answer.get("Platforms") or ()
    }
    digest = (answer.get("Descriptor") or {}).get("digest")
    known = tuple(sorted(p for p in platforms if p and not p.startswith("unknown")))
    return have._replace(remote_digest=digest, remote_platforms=known)


def _distribution(edges: Edges, reference: Reference) -> Any:
    path = f"/distribution/{reference.familiar}/json"
    reply = edges.engine.request("GET", path, headers=headers(edges.registries, reference.domain))
    return decoded("GET", path, reply) or {}


def inspect(engine: Engine, want: Want) -> ImageHave:
    """The image as the engine has it: one request."""
    reference = reference_of(want)
    empty = ImageHave(reference.normal)
    query = None
    platform = want.inputs.get("platform", "")
    if "/" in platform and engine.api_at_least(_BY_PLATFORM):  # it wants both or none
        query = {"platform": _platform_query(platform)}
    try:
        raw = engine.get(f"/images/{reference.familiar}/json", query)
    except EngineRefused as error:
        if error.status == 404:
            return empty
        raise
    have = _have(reference, raw)
    return have if _is_meant(reference, have) else empty


def _is_meant(reference: Reference, have: ImageHave) -> bool:
    """Whether the engine's answer is the very image: it also looks for prefixes of IDs."""
    if reference.id:
        return reference.is_id_of(have.id)
    return not reference.digest or reference.is_among(have.repo_digests)


def _have(reference: Reference, raw: Mapping[str, Any]) -> ImageHave:
    return ImageHave(
        reference=reference.normal,
        id=raw.get("Id") or "",
        repo_digests=tuple(raw.get("RepoDigests") or ()),
        repo_tags=tuple(raw.get("RepoTags") or ()),
        os=raw.get("Os") or "",
        architecture=raw.get("Architecture") or "",
        variant=raw.get("Variant") or "",
        created=raw.get("Created") or "",
        layers=tuple((raw.get("RootFS") or {}).get("Layers") or ()),
        config=raw.get("Config") or {},
    )


def _platform_query(platform: str) -> dict[str, str]:
    names = ("os", "architecture", "variant")
    return dict(zip(names, platform.split("/")))
