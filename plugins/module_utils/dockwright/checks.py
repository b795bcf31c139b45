"""What is wrong with a spec only next to the host it is for; all problems together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import owner
from .errors import ApplyFailed, Problem, SpecError, nearest
from .kinds.container import links
from .kinds.container.handover import stuck
from .kinds.container.have import is_put_aside, is_running
from .kinds.container.mounts import sources
from .kinds.container.newer import newer, way_out
from .kinds.container.ports import fixed_ports, overlap
from .kinds.container.recovery import name_of
from .kinds.image import sequence as image
from .kinds.image.reference import key_of
from .kinds.image.removal import User, mounted_by, refusals
from .kinds.plugin.options import WRITE_TAG, is_plugin
from .kinds.volume.users import mounts_volume
from .model import ARRIVALS, Action, Change, Have, Want
from .observe import Observation
from .options import get
from .spec import Document, as_written

RUNS = ("running", "paused")
BUILT_IN = ("bridge", "host", "none")


def check(document: Document, seen: Observation, *, settled: bool = True) -> None:
    """Raise SpecError if the document cannot be had on this host."""
    problems: list[Problem] = []
    for name, want in document.images.items():
        problems += image.problems(want, seen.images[name], settled=settled)
    problems += _foreign_objects(document, seen)
    problems += _foreign_replicas(document, seen)
    problems += _networks(document, seen)
    problems += _references(document, seen)
    problems += _engine(document, seen)
    problems += _ports(document, seen)
    if problems:
        raise SpecError(as_written(problem, document.paths) for problem in problems)


def refuse_missing(document: Document, seen: Observation) -> None:
    """Raise ApplyFailed for volumes that turn out to be missing or of others: in the middle."""
    problems = [*_references(document, seen), *_foreign_objects(document, seen)]
    if problems:
        text, first = "; ".join(problem.message for problem in problems), problems[0]
        raise ApplyFailed(text, where=first.where, fix=first.fix, changed=True)


def _foreign_objects(document: Document, seen: Observation) -> list[Problem]:
    """Objects that carry another project's owner label."""
    found = []
    pairs: list[tuple[Want, Have | None]] = []
    for wants, haves in (
        (document.containers, seen.containers),
        (document.networks, seen.networks),
        (document.volumes, seen.volumes),
    ):
        pairs += [(want, haves.get(name)) for name, want in wants.items()]
    for want, have in pairs:
        if have and have.project and have.project != document.project and not want.external:
            if want.state == "implied":
                continue
            message = f"{want.kind} {want.name} belongs to project {have.project}"
            fix = "choose another name, or declare it with external: true"
            if want.kind == "container":
                fix = "choose another name, or manage it in that project"
            found.append(Problem(want.where, message, fix))
    return found


def _foreign_replicas(document: Document, seen: Observation) -> list[Problem]:
    """Containers that have a replica's name by chance: nobody declared them by that name."""
    found = []
    for name, want in document.containers.items():
        have = seen.containers.get(name)
        if have is None or not want.inputs["derived"] or ("container", name) in seen.adopted:
            continue
        compose = owner.labels_of(have.raw).get("com.docker.compose.project")
        if have.service or (compose and compose == document.project):
            continue
        fix = "rename or remove that container, or choose another name"
        found.append(Problem(want.where, f"container {name} exists and is not ours", fix))
    return found


def _networks(document: Document, seen: Observation) -> list[Problem]:
    """Networks that are neither declared nor there."""
    found = []
    for name, want in document.networks.items():
        if want.external and name not in seen.networks and not seen.facts.assumed:
            message = f"the external network {name} is not there"
            found.append(Problem(want.where, message, "create it, or drop external: true"))
        if name in BUILT_IN and not want.external:
            fix = "leave it out: it is always there"
            found.append(Problem(want.where, f"{name} is the engine's own network", fix))
    present = {n for n, want in document.networks.items() if want.state != "absent"}
    gone = set(document.networks) - present
    for want in document.containers.values():
        for name in want.fields.get("networks", ()) if want.state != "absent" else ():
            known = name in present or (name in seen.networks and name not in gone)
            if name in BUILT_IN or known:
                continue
            near = nearest(name, [*present, *seen.networks])
            message = f"network {name} is neither declared nor on the host"
            fix = near or f"declare it under networks: {{{name}: {{}}}}"
            found.append(Problem(f"{want.where}.networks.{name}", message, fix))
    return found


def _references(document: Document, seen: Observation) -> list[Problem]:
    """``container:NAME`` of a container that is not there, external volumes that are missing."""
    found: list[Problem] = []
    listed = {name_of(item): item for item in seen.listing}
    names = set(listed)
    for want in document.containers.values():
        wanted = []
        for key in ("network_mode", "pid", "ipc"):
            prefix, _, other = (want.fields.get(key) or "").partition(":")
            wanted += [(key, other)] if prefix == "container" else []
        wanted += [(f"volumes_from.{name}", name) for name in want.fields.get("volumes_from", ())]
        linked = want.inputs.get("linked", ())
        wanted += [(f"{links.key_of(want, name)}.{name}", name) for name in linked]
        found += links.unlinkable(want, document.containers, listed)
        for path, other in wanted:
            is_service = path.startswith("links.") or other not in names
            if document.services.get(other) == () and is_service:
                message = f"{other} has no container, as its scale is 0"
                fix = f"give {other} a scale of 1 or more, or remove this"
                found.append(Problem(f"{want.where}.{path}", message, fix))
            elif other not in document.containers and other not in names:
                message = f"container {other} is neither declared nor on the host"
                near = nearest(other, [*document.containers, *names])
                found.append(Problem(f"{want.where}.{path}", message, near or "declare it"))
    waking = any(
        have.id and not have.is_enabled and name in document.running_plugins
        for name, have in seen.plugins.items()
    )  # it may have the volume: looked at again when it runs
    for name, want in document.volumes.items():
        if want.external and name not in seen.volumes and not (seen.facts.assumed or waking):
            message = f"the external volume {name} is not there"
            found.append(Problem(want.where, message, "create it, or drop external: true"))
    return found


def _engine(document: Document, seen: Observation) -> list[Problem]:
    """What this engine does not have: log drivers, runtimes, options of newer APIs."""
    found = []
    facts = seen.facts
    for want in document.containers.values():
        driver = (want.fields.get("logging") or {}).get("driver")
        known = (*facts.log_drivers, "none") if facts.log_drivers else (driver,)
        if driver and driver not in known and not is_plugin(driver, document.running_plugins):
            listed = "one of " + ", ".join(facts.log_drivers) + WRITE_TAG
            fix = nearest(driver, facts.log_drivers) or listed
            found.append(
                Problem(f"{want.where}.logging.driver", f"the engine has no '{driver}'", fix)
            )
        runtime = want.fields.get("runtime")
        if runtime and facts.runtimes and runtime not in facts.runtimes:
            fix = "one of " + ", ".join(facts.runtimes)
            found.append(Problem(f"{want.where}.runtime", f"the engine has no '{runtime}'", fix))
        for path, needed in newer(want):
            if not facts.api_at_least(needed):
                message = f"needs Engine API {needed}, this engine has {facts.api}"
                found.append(Problem(f"{want.where}.{path}", message, way_out(path)))
    for want in document.networks.values():
        if want.fields.get("enable_ipv4") is False and not facts.api_at_least("1.48"):
            message = f"needs Engine API 1.48, this engine has {facts.api}"
            found.append(Problem(f"{want.where}.enable_ipv4", message, "leave it out"))
    return found


def _ports(document: Document, seen: Observation) -> list[Problem]:
    """Host ports that two containers want, or that somebody else holds."""
    found: list[Problem] = []
    claims: list[tuple[tuple[str, str, int], Want]] = []
    for want in document.containers.values():
        if want.state not in RUNS:
            continue
        for claim in fixed_ports(want.fields.get("ports", {})):
            for other, holder in claims:
                if overlap(claim, other) and holder.name != want.name:
                    found.append(_port_problem(want, claim, f"{holder.where} wants it too"))
            claims.append((claim, want))
    for claim, want in claims:
        holder_text = _holder(claim, want, document, seen)
        if holder_text:
            found.append(_port_problem(want, claim, holder_text))
    return found


def _port_problem(want: Want, claim: tuple[str, str, int], who: str) -> Problem:
    protocol, address, port = claim
    host = f"{address}:{port}" if address else str(port)
    where = want.inputs["port_paths"].get(f"{address}:{port}/{protocol}", f"{want.where}.ports")
    fix = "choose another host port, or leave it out to let the engine choose"
    return Problem(where, f"host port {host}/{protocol} is taken: {who}", fix)


def _holder(claim: tuple[str, str, int], want: Want, document: Document, seen: Observation) -> str:
    """Who else holds a host port now; empty when nobody does, or when we ourselves free it."""
    ours = {have.id for name, have in seen.containers.items() if name in document.containers}
    going = {
        have.id
        for have in seen.containers.values()
        if have.name not in document.containers and (document.purge or not is_put_aside(have))
    }
    published = False
    for item in seen.listing:
        for protocol, address, port in _published(item):
            if overlap(claim, (protocol, address, port)):
                published = True
                if item["Id"] not in ours and item["Id"] not in going:
                    return f"container {name_of(item)} publishes it"
    if published or not seen.host_ports:
        return ""
    have = seen.containers.get(want.name)
    if have and is_running(have) and claim in fixed_ports(have.fields.get("ports") or {}):
        return ""
    if any(overlap(claim, (p.protocol, p.address, p.number)) for p in seen.host_ports):
        return "another process of the host listens on it"
    return ""


def _published(item: Mapping[str, Any]) -> Iterable[tuple[str, str, int]]:
    for port in item.get("Ports") or ():
        if port.get("PublicPort"):
            yield port.get("Type", "tcp"), port.get("IP", ""), port["PublicPort"]


def refuse_used(document: Document, seen: Observation, changes: Iterable[Change]) -> None:
    """Raise SpecError for removals that the engine would refuse when half of the rest is done.

    A network goes when no container runs in it, a volume and an image when no container has it.
    """
    changes = tuple(changes)
    removals = [change for change in changes if change.action is Action.DELETE]
    gone = {change.name for change in removals if change.kind == "container"}
    problems = []
    for change in removals:
        if change.kind not in ("network", "volume"):
            continue
        users = [
            name_of(item)
            for item in seen.listing
            if name_of(item) not in gone and _uses(item, change, document, seen)
        ]
        if users:
            section = document.networks if change.kind == "network" else document.volumes
            want = section.get(change.name)
            text = (
                f"{change.kind} {change.name} cannot be removed: {', '.join(sorted(users))} has it"
            )
            fix = "remove the container first, or keep what it uses"
            problems.append(Problem(want.where if want else "purge", text, fix))
    going = [change.name for change in removals if change.kind == "image"]
    if going:
        wants = [(want, seen.images[key]) for key, want in document.images.items()]
        images = [(want, have) for want, have in wants if want.name in going]
        problems += refusals(images, _image_users(document, seen, changes))
    if problems:
        raise SpecError(as_written(problem, document.paths) for problem in problems)


def _image_users(
    document: Document, seen: Observation, changes: Iterable[Change]
) -> dict[str, list[User]]:
    """The containers that there will be, by the ID of the image that they will have."""
    found: dict[str, list[User]] = {}
    made = {}
    gone = set()
    for change in changes:
        if change.kind == "container" and change.action in (Action.CREATE, Action.REPLACE):
            made[change.name] = document.containers.get(change.name)
        elif change.kind == "container" and change.action is Action.DELETE:
            gone.add(change.name)
        elif change.kind == "image" and change.action in ARRIVALS:
            gone.add(change.name)  # what is behind this name will be another image
    for name, want in made.items():
        for reference in _references_of(want) - gone:
            identity = seen.images[key_of(reference)].id
            found.setdefault(identity, []).append(User(name, bool(want and want.state in RUNS)))
    for item in seen.listing:
        name = name_of(item)
        if name not in gone and not made.get(name) and not _is_leftover(item, seen):
            runs = item.get("State") not in ("created", "exited", "dead")
            for identity in _images_of(item, seen):
                found.setdefault(identity, []).append(User(name, runs))
    return found


def _references_of(want: Want | None) -> set[str]:
    """The images that a container is to be made of, or to mount."""
    if want is None:
        return set()
    return {want.fields["image"], *sources(want.fields, "image").values()}


def _images_of(item: Mapping[str, Any], seen: Observation) -> list[str]:
    """The IDs of the image that a container is made of, and of those that it mounts."""
    mounted = [seen.images[key].id for key in mounted_by(item) if key in seen.images]
    return [item.get("ImageID") or "", *mounted]


def _is_leftover(item: Mapping[str, Any], seen: Observation) -> bool:
    """Whether it is the half of an interrupted replacement that goes."""
    recovery = seen.recoveries.get(name_of(item).partition(".dockwright-")[0])
    halves = (recovery.old, recovery.new) if recovery else ()
    return item["Id"] in halves and recovery is not None and item["Id"] != recovery.survivor


def _uses(item: Mapping[str, Any], removal: Change, document: Document, seen: Observation) -> bool:
    """Whether a container that stays will still have the network or volume that is removed."""
    name = name_of(item)
    if _is_leftover(item, seen):
        return False
    want = document.containers.get(name)
    if removal.kind == "network":
        if want:
            return removal.name in want.fields.get("networks", ())
        networks = (item.get("NetworkSettings") or {}).get("Networks") or {}
        return removal.name in networks and item.get("State") in ("running", "paused")
    if want:
        return removal.name in sources(want.fields, "volume").values()
    return mounts_volume(item, removal.name)


def refuse_swaps(document: Document, haves: Mapping[str, Have], changes: Iterable[Change]) -> None:
    """Raise SpecError for host ports and addresses that would pass both ways at once.

    Each container is replaced on its own, so that a run that is killed can be put right.
    """
    changing = {
        change.name
        for change in changes
        if change.kind == "container" and change.action not in (Action.DELETE, Action.RECOVER)
    }
    fix = "do it in two runs: take the port or address away from one of them first"
    problems = [
        Problem(
            document.containers[name].where,
            f"takes a host port or address of {other}, which cannot give it up before: it comes"
            f" after {name}, or takes one of it",
            fix,
        )
        for name, other in stuck(document.containers, haves, changing)
    ]
    if problems:
        raise SpecError(as_written(problem, document.paths) for problem in problems)


def refuse_addresses(document: Document, seen: Observation, changes: Iterable[Change]) -> None:
    """Raise SpecError for fixed addresses that the engine has given to somebody who keeps them."""
    changing = {(change.kind, change.name) for change in changes}
    kept = {
        (network, endpoint.get(key)): name_of(item)
        for item in seen.listing
        if ("container", name_of(item)) not in changing
        for network, endpoint in _endpoints(item).items()
        if ("network", network) not in changing
        for key in ("IPAddress", "GlobalIPv6Address")
        if endpoint.get(key)
    }
    problems = [
        Problem(
            f"{want.where}.networks.{network}.{key}",
            f"{options[key]} is taken: container {kept[network, options[key]]} has it",
            "choose another address, or give that container a fixed one",
        )
        for name, want in document.containers.items()
        if ("container", name) in changing
        for network, options in (want.fields.get("networks") or {}).items()
        for key in ("ipv4_address", "ipv6_address")
        if (network, options.get(key)) in kept
    ]
    if problems:
        raise SpecError(as_written(problem, document.paths) for problem in problems)


def _endpoints(item: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The endpoints of a container in a list answer, by network."""
    found: Mapping[str, Mapping[str, Any]] = get(item, "NetworkSettings.Networks") or {}
    return found
