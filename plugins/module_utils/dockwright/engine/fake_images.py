"""Images of the fake engine: local ones, what a registry offers, pull and load."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

from .fake_host import (
    Answer,
    Ask,
    FakeHost,
    Handler,
    Json,
    RefusedError,
    full_reference,
    has_labels,
    matches_reference,
    split_tag,
)


def add_image(
    host: FakeHost, name: str, identity: str = "", config: Json | None = None, digest: str = ""
) -> str:
    """Put an image on the host (``name`` moves to it if another has it). Returns its ID."""
    image = make_image(host, name, identity, config, digest)
    known = host.images.setdefault(image["Id"], image)
    if known is not image:
        known["RepoDigests"] = sorted({*known["RepoDigests"], *image["RepoDigests"]})
    set_tag(host, known, full_reference(name))
    return str(image["Id"])


def make_image(
    host: FakeHost, name: str, identity: str = "", config: Json | None = None, digest: str = ""
) -> Json:
    """An image in the shape of inspect, on no host yet."""
    identity = identity or (digest if host.has_manifests else "") or host.new_id()
    plain = identity if identity.startswith("sha256:") else f"sha256:{identity}"
    repository = split_tag(name.partition("@")[0])[0]
    manifest: Json = {}
    if host.has_manifests:
        digest, manifest = plain, {"Descriptor": {"digest": plain}}
    return {
        "Id": plain,
        **manifest,
        "RepoTags": [],
        "RepoDigests": [f"{repository}@{digest}"] if digest else [],
        "Parent": "",
        "Comment": "",
        "Created": host.now(),
        "Author": "",
        "Config": {"Cmd": ["/bin/sh"], "Env": None, "Labels": None, **(config or {})},
        "Architecture": "amd64",
        "Os": "linux",
        "Size": 1000,
        "GraphDriver": {"Data": None if manifest else {}, "Name": host.driver},
        "RootFS": {"Type": "layers", "Layers": [plain]},
        "Metadata": {"LastTagTime": "0001-01-01T00:00:00Z"},
    }


def set_tag(host: FakeHost, image: Json, reference: str) -> None:
    """Let a tag point to this image and to no other."""
    if "@" in reference:
        return
    for other in host.images.values():
        if reference in other["RepoTags"]:
            other["RepoTags"].remove(reference)
    image["RepoTags"].append(reference)
    if host.has_manifests:
        named = f"{split_tag(reference)[0]}@{image['Id']}"
        image["RepoDigests"] = sorted({*image["RepoDigests"], named})


def inspect(host: FakeHost, name: str, ask: Ask) -> Answer:
    try:
        return 200, host.image(name)
    except RefusedError as refusal:
        if host.at_least("1.44"):
            raise
        raise RefusedError(404, f"no such image: {name}: {refusal.message}") from None


def listing(host: FakeHost, _: str, ask: Ask) -> Answer:
    return 200, [
        {
            "Id": image["Id"],
            "ParentId": "",
            "RepoTags": image["RepoTags"] or ["<none>:<none>"],
            "RepoDigests": image["RepoDigests"] or None,
            "Labels": image["Config"]["Labels"],
            "Created": 1767225600,
            "Size": image["Size"],
            "SharedSize": -1,
            "Containers": -1,
        }
        for image in host.images.values()
        if matches_reference(image["RepoTags"], ask.filters.get("reference", []))
        and has_labels(image["Config"]["Labels"], ask.filters.get("label", []))
    ]


def tag(host: FakeHost, name: str, ask: Ask) -> Answer:
    image = host.image(name)
    reference = f"{ask.query['repo']}:{ask.query.get('tag') or 'latest'}"
    set_tag(host, image, reference)
    host.emit("image", "tag", image["Id"], name=reference)
    return 201, None


def delete(host: FakeHost, name: str, ask: Ask) -> Answer:
    image, reference = host.image(name), full_reference(name)
    users, short = host.users_of(image), image["Id"][len("sha256:") :][:12]
    by_tag = reference in image["RepoTags"]
    if users and not ask.says("force") and (not by_tag or len(image["RepoTags"]) == 1):
        by = f"container {users[0]['Id'][:12]}"
        if by_tag:
            head = f'remove repository reference "{name}" (must force)'
            if host.has_manifests:
                head = f"delete {name} (must be forced)"
            text = f"conflict: unable to {head} - {by} is using its referenced image {short}"
            raise RefusedError(409, text)
        state = "running" if users[0]["State"]["Running"] else "stopped"
        how = "cannot be forced" if state == "running" else "must be forced"
        text = f"conflict: unable to delete {short} ({how}) - image is being used by {state} {by}"
        raise RefusedError(409, text)
    if not by_tag and len(image["RepoTags"]) > 1 and not ask.says("force"):
        text = "image is referenced in multiple repositories"
        raise RefusedError(409, f"conflict: unable to delete {short} (must be forced) - {text}")
    gone = [reference] if by_tag else list(image["RepoTags"])
    for entry in gone:
        image["RepoTags"].remove(entry)
        host.emit("image", "untag", image["Id"], name=entry)
    done: list[Json] = [{"Untagged": entry} for entry in gone]
    if not image["RepoTags"] and not users:
        del host.images[image["Id"]]
        host.emit("image", "delete", image["Id"], name=image["Id"])
        done.append({"Deleted": image["Id"]})
    return 200, done


def pull(host: FakeHost, _: str, ask: Ask) -> Answer:
    """``POST /images/create``; answers with the list of stream items."""
    if "fromSrc" in ask.query:
        return _import(host, ask)
    reference = ask.query.get("fromImage", "")
    if ask.query.get("tag"):
        mark = "@" if ask.query["tag"].startswith("sha256:") else ":"
        reference = f"{reference}{mark}{ask.query['tag']}"
    reference = full_reference(reference)
    offered = _offered(host, reference)
    image = host.images.setdefault(offered["Id"], {**offered, "RepoTags": []})
    set_tag(host, image, reference)
    host.emit("image", "pull", reference, name=reference)
    return 200, [{"status": "Pulling from fake"}, {"status": f"Status: Downloaded {reference}"}]


def _import(host: FakeHost, ask: Ask) -> Answer:
    """An image with the labels of its ``changes``; what is in the tar does not matter."""
    lines = ask.query.get("changes", "").splitlines()
    pairs = [line.partition(" ")[2].partition("=") for line in lines if line.startswith("LABEL ")]
    labels = {name: value for name, _, value in pairs}
    name = f"{ask.query['repo']}:{ask.query.get('tag') or 'latest'}"
    identity = add_image(host, name, config={"Labels": labels})
    return 200, [{"status": identity}]


def save(host: FakeHost, _: str, ask: Ask) -> Answer:
    """``GET /images/get`` of one image: the tar that was loaded cannot be had, its ID can.

    It is written as with the containerd store: the ID is the digest of a manifest.
    """
    image = host.image(ask.query["names"])
    out = io.BytesIO()
    algorithm, _, value = image["Id"].partition(":")
    notes = [{"io.containerd.image.name": name} for name in image["RepoTags"]] or [{}]
    entries = [{"digest": image["Id"], "annotations": note} for note in notes]
    files = {"index.json": {"manifests": entries}, f"blobs/{algorithm}/{value}": {"layers": []}}
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            data = json.dumps(content).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    host.emit("image", "save", image["Id"], name=ask.query["names"])
    return 200, out.getvalue()


def _offered(host: FakeHost, reference: str) -> Json:
    for name, image in host.registry.items():
        digests = image["RepoDigests"]
        if full_reference(name) == reference or reference in digests:
            return image
    raise RefusedError(
        404, f"manifest for {reference} not found: manifest unknown: manifest unknown"
    )


def distribution(host: FakeHost, name: str, ask: Ask) -> Answer:
    if name in host.plugin_registry:
        return 200, {"Descriptor": {"digest": f"sha256:{'0' * 64}", "size": 1}, "Platforms": None}
    digests = _offered(host, full_reference(name))["RepoDigests"]
    digest = digests[0].partition("@")[2] if digests else ""
    return 200, {"Descriptor": {"digest": digest, "size": 1}, "Platforms": []}


def log_in(host: FakeHost, _: str, ask: Ask) -> Answer:
    """``POST /auth``: the registry takes whatever it is given, some give a token for it."""
    token = host.tokens.get(ask.body.get("serveraddress", ""), "")
    return 200, {"Status": "Login Succeeded", "IdentityToken": token}


def push(host: FakeHost, name: str, ask: Ask) -> Answer:
    """``POST /images/NAME/push``: the registry then offers the image, by a digest of its own."""
    reference = full_reference(f"{name}:{ask.query.get('tag') or 'latest'}")
    image = host.image(reference)
    digest = image["Id"]  # as good as any
    repository = split_tag(reference)[0]
    image["RepoDigests"] = sorted({*image["RepoDigests"], f"{repository}@{digest}"})
    host.registry[reference] = {**image, "RepoDigests": [f"{repository}@{digest}"]}
    return 200, [{"status": "Pushed"}]


def build(host: FakeHost, _: str, ask: Ask) -> Answer:
    """``POST /build``: an image with the labels; what is in the context does not matter."""
    labels = json.loads(ask.query.get("labels") or "{}")
    add_image(host, ask.query["t"], config={"Labels": labels})
    return 200, [{"stream": "Step 1/1 : FROM scratch"}, {"stream": "Successfully built"}]


def load(host: FakeHost, _: str, ask: Ask) -> Answer:
    """``POST /images/load`` of what ``docker save`` writes."""
    try:
        with tarfile.open(fileobj=io.BytesIO(ask.body or b"")) as archive:
            manifest = json.loads(_member(archive, "manifest.json"))
            items = [_load_one(host, archive, entry) for entry in manifest]
    except (tarfile.TarError, KeyError):
        return 200, [{"errorDetail": {"message": "unexpected EOF"}, "error": "unexpected EOF"}]
    return 200, [{"stream": text} for text in items]


def _load_one(host: FakeHost, archive: tarfile.TarFile, entry: Json) -> str:
    document: Any = json.loads(_member(archive, entry["Config"]))
    identity = entry["Config"].rpartition("/")[2].partition(".")[0]
    tags = entry["RepoTags"] or []
    for name in tags or [""]:
        image = make_image(host, name, identity, document.get("config"))
        known = host.images.setdefault(image["Id"], image)
        if name:
            set_tag(host, known, name)
    return f"Loaded image: {tags[0]}\n" if tags else f"Loaded image ID: sha256:{identity}\n"


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/images/json", listing),
    ("GET", "/images/get", save),
    ("POST", "/images/create", pull),
    ("POST", "/images/load", load),
    ("POST", "/auth", log_in),
    ("POST", "/build", build),
    ("POST", "/images/(.+)/push", push),
    ("GET", "/images/(.+)/json", inspect),
    ("POST", "/images/(.+)/tag", tag),
    ("DELETE", "/images/(.+)", delete),
    ("GET", "/distribution/(.+)/json", distribution),
]
