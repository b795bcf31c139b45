"""Tars of images: what old and new engines and builders write, and what is broken."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
from typing import Any

import pytest

from dockwright.kinds.image import archive
from dockwright.kinds.image.have import ImageHave
from dockwright.kinds.image.plan import plan
from dockwright.kinds.image.reference import parse
from dockwright.kinds.image.want import parse as parse_want
from tests.unit.kinds.image.tars import digest_of, document_of, identity_of, packed, tar_of

WEB: dict[str, Any] = {"tags": ["shop/web:1"], "config": {"Env": ["A=1"]}}
DB: dict[str, Any] = {"tags": [], "config": {"Env": ["B=1"]}}


def read(content: bytes) -> archive.Archive:
    return archive.read("/srv/web.tar", lambda path: io.BytesIO(content))


def layout(*, manifest: bool, nested: bool = False) -> tuple[bytes, list[str]]:
    """An OCI layout with the image WEB: the tar, and all its IDs."""
    config = document_of(WEB)
    image = json.dumps({"config": {"digest": digest_of(config)}, "layers": []}).encode()
    blobs = [config, image]
    ids = [digest_of(image), digest_of(config)]
    if nested:
        other = {"digest": digest_of(b"not in the tar"), "platform": {"os": "linux"}}
        proof = {"digest": digest_of(b"x"), "platform": {"os": "unknown"}}
        entries = [other, {"digest": ids[0], "platform": {"os": "linux"}}, proof]
        blobs.append(json.dumps({"manifests": entries}).encode())
        ids.insert(0, digest_of(blobs[-1]))
    name = {"io.containerd.image.name": "docker.io/shop/web:1"}
    files: dict[str, Any] = {f"blobs/{digest_of(b).replace(':', '/')}": b for b in blobs}
    files["index.json"] = {"manifests": [{"digest": ids[0], "annotations": name}]}
    if manifest:
        path = f"blobs/{digest_of(config).replace(':', '/')}"
        files["manifest.json"] = [{"Config": path, "RepoTags": ["shop/web:1"], "Layers": []}]
    return packed(files), ids


@pytest.mark.parametrize("press", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_what_docker_save_writes(press: Any) -> None:
    found = read(press(tar_of([WEB, DB])))
    assert found.error == ""
    web = found.find(parse("docker.io/shop/web:1", ""))
    assert web is not None
    assert (web.ids, web.platform) == ((identity_of(WEB),), "linux/amd64")
    assert found.find(parse(identity_of(DB)[:19], "")) is not None
    assert found.find(parse("shop/web:2", "")) is None
    assert found.contents == f"docker.io/shop/web:1, {identity_of(DB)}"


@pytest.mark.parametrize("manifest", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_oci_layouts(manifest: bool, nested: bool) -> None:
    content, ids = layout(manifest=manifest, nested=nested)
    found = read(content)
    assert found.error == ""
    (image,) = found.images
    assert set(image.ids) == set(ids)
    assert image.tags == ("docker.io/shop/web:1",)
    assert image.platform == "linux/amd64"


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "not a whole tar"),
        (b"something else", "not a whole tar"),
        (tar_of([WEB])[:2200], "not a whole tar"),
        (gzip.compress(tar_of([WEB]))[:-20], "not a whole tar"),
        (packed({"a.txt": b"{"}), "no manifest.json"),
        (packed({"manifest.json": b"{"}), "not a whole tar"),
        (packed({"manifest.json": b"[}"}), "not a whole tar"),
        (packed({"manifest.json": [{"Config": "none.json"}]}), "not as it should be"),
        (packed({"manifest.json": [1]}), "not as it should be"),
    ],
)
def test_bad_tars(content: bytes, part: str) -> None:
    found = read(content)
    assert part in found.error
    assert found.images == ()


def test_files_that_cannot_be_read() -> None:
    def refuse(path: str) -> Any:
        raise PermissionError(13, "Permission denied", path)

    assert archive.read("/x", refuse).error == "cannot be read: Permission denied"


def test_an_id_that_the_containerd_store_made_for_an_old_tar() -> None:
    want = parse_want("shop/web:1", {"load": "/srv/web.tar"}, "images.web")
    made = f"sha256:{'c' * 64}"
    have = ImageHave(
        "docker.io/shop/web:1",
        id=made,
        repo_digests=(f"shop/web@{made}",),
        created="2024-01-01T00:00:00Z",
        layers=(f"sha256:{'1' * 64}",),
        archive=read(tar_of([WEB])),
    )
    assert plan(want, have) == ()
