"""A tar of a container that ends early is never taken for a whole one."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dockwright.actions import export
from dockwright.errors import ApplyFailed

HEADER = 512


def tar_of(**files: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    return made.getvalue()


class Engine:
    """Sends a tar in pieces, as an engine that stops where the tar does."""

    def __init__(self, body: bytes, step: int = 700) -> None:
        self.blocks = [body[start : start + step] for start in range(0, len(body), step)]

    def download(self, path: str, query: tuple[()] = ()) -> Iterator[bytes]:
        assert path == "/containers/web/export"
        return iter(self.blocks)


def run(monkeypatch: pytest.MonkeyPatch, body: bytes, path: Path, *, check: bool) -> dict[str, Any]:
    monkeypatch.setattr(export, "status_of", lambda engine, name: "running")
    engine: Any = Engine(body)
    return export.run(engine, {"name": "web", "dest": str(path)}, check=check)


WHOLE = tar_of(first=b"one", zeros=bytes(4096), last=b"two")
ZEROS_END = HEADER * 3 + 4096  # of the file of zeros: first's header and text, its own header
CUT = {
    "in a file of zeros": WHOLE[: ZEROS_END - 1024],
    "after a file of zeros": WHOLE[:ZEROS_END],
    "in a header": WHOLE[: ZEROS_END + 100],
    "before its end": WHOLE[: ZEROS_END + 2 * HEADER],
    "with half of its end": WHOLE[: ZEROS_END + 3 * HEADER],
    "at once": b"",
    "with what is no tar": b"x" * 2048 + bytes(1024),
    "with something else after a member": WHOLE[:ZEROS_END] + b"x" * 512 + bytes(1024),
}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("how", CUT)
def test_a_cut_tar_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str, *, check: bool
) -> None:
    path = tmp_path / "web.tar"
    path.write_bytes(b"before")
    with pytest.raises(ApplyFailed) as caught:
        run(monkeypatch, CUT[how], path, check=check)
    assert "did not send all of container web" in caught.value.message
    assert [file.name for file in tmp_path.iterdir()] == ["web.tar"]
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize("body", [WHOLE, tar_of(), WHOLE[: ZEROS_END + 4 * HEADER]])
def test_a_whole_one_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: bytes
) -> None:
    path = tmp_path / "web.tar"
    planned = run(monkeypatch, body, path, check=True)
    assert planned["changed"]
    assert not path.exists()
    done = run(monkeypatch, body, path, check=False)
    assert path.read_bytes() == body
    assert planned["diff"] == done["diff"]
    assert not run(monkeypatch, body, path, check=True).get("changed")
