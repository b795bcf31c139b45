#!/usr/bin/env python3
"""Build the collection as Galaxy gets it, into dist/: what git has, and the core packed.

``--output DIR`` is another folder. The same files make the same tarball, byte for byte.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UTILS = "plugins/module_utils"
EMPTY = 'PATHS = ""\nDIGEST = ""\n'


def main() -> None:
    """Build, and print where it is."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    print(build(parser.parse_args().output))


def build(output: Path) -> Path:
    """The tarball, in a folder."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        for name in _files():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
        for name, text in packed(tree / UTILS).items():
            (tree / UTILS / name).write_text(text)
        command = ["ansible-galaxy", "collection", "build", str(tree), "--output-path", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        built = next(Path(folder).glob("*.tar.gz"))
        (output / built.name).write_bytes(_settled(built))
        return output / built.name


def _files() -> list[str]:
    """What git knows: nothing that merely lies around gets into the tarball."""
    new = _git("ls-files", "-z", "--others", "--exclude-standard", "plugins")
    if new:
        sys.exit(f"git does not know {', '.join(new)}: add it or remove it")
    return [name for name in _git("ls-files", "-z") if (ROOT / name).is_file()]


def _git(*argv: str) -> list[str]:
    """The names that a git command prints."""
    done = subprocess.run(["git", *argv], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name]


def packed(utils: Path) -> dict[str, str]:
    """The files that take the place of the core's many: one that loads them, and their text."""
    found = sorted((utils / "dockwright").rglob("*.py"))
    files = [path for path in found if not path.name.startswith("fake")]  # only tests need those
    sources = {path.relative_to(utils).as_posix(): path.read_text() for path in files}
    plain = json.dumps(sources).encode()
    text = base64.b64encode(zlib.compress(plain, 9)).decode()
    digest = hashlib.sha256(plain).hexdigest()
    filled = f'PATHS = "{" ".join(sources)}"\nDIGEST = "{digest}"\n'
    loader = Path(__file__).with_name("packed_core.py").read_text()
    doc = '"""The core\'s files as one text, for core.py; made by scripts/collection."""'
    return {"core.py": loader.replace(EMPTY, filled), "packed.py": f'{doc}\n\nTEXT = "{text}"\n'}


def _settled(built: Path) -> bytes:
    """A tarball in the order of names and without times, its list of files in order, too."""
    with tarfile.open(built) as tar:
        found = {member.name: (member, tar.extractfile(member)) for member in tar}
        content = {name: file.read() if file else b"" for name, (_, file) in found.items()}
    listed = json.loads(content["FILES.json"])
    listed["files"].sort(key=lambda entry: entry["name"])
    content["FILES.json"] = json.dumps(listed, indent=1).encode()
    manifest = json.loads(content["MANIFEST.json"])
    digest = hashlib.sha256(content["FILES.json"]).hexdigest()
    manifest["file_manifest_file"]["chksum_sha256"] = digest
    content["MANIFEST.json"] = json.dumps(manifest, indent=1).encode()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name in sorted(content):
            member = found[name][0]
            member.size, member.mtime, member.pax_headers = len(content[name]), 0, {}
            tar.addfile(member, io.BytesIO(content[name]))
    return gzip.compress(plain.getvalue(), mtime=0)


if __name__ == "__main__":
    main()
