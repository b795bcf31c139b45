#!/usr/bin/env python3
"""Build the command line as one file that needs nothing but Python: the core, and YAML.

``--output FILE`` is another place than dist/dockwright.pyz. The same files make the same bytes.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    "dockwright": ROOT / "plugins/module_utils/dockwright",
    "dockwright_cli": ROOT / "adapters/cli/dockwright_cli",
}
SHEBANG = b"#!/usr/bin/env python3\n"
TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can tell
MAIN = '''\
"""dockwright as one file."""

import sys

if sys.version_info < (3, 9):
    sys.exit("dockwright: needs Python 3.9 or newer, this is " + sys.version.split()[0])

from dockwright_cli.__main__ import main

main()
'''


def main() -> None:
    """Build, and print where it is."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--output", type=Path, default=ROOT / "dist/dockwright.pyz")
    output = parser.parse_args().output
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(built())
    output.chmod(0o755)
    print(output)


def built() -> bytes:
    """The file's bytes: a zip behind a line that says who runs it."""
    plain = io.BytesIO()
    plain.write(SHEBANG)
    with zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(contents().items()):
            entry = zipfile.ZipInfo(name, TIME)
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3  # as on Unix, wherever it is built
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
    return plain.getvalue()


def contents() -> dict[str, bytes]:
    """What goes in, by its name there."""
    found = {"__main__.py": MAIN.encode(), "LICENSE": (ROOT / "LICENSE").read_bytes()}
    for package, folder in PACKAGES.items():
        for path in folder.rglob("*.py"):
            if not path.name.startswith("fake"):  # only tests need those
                found[f"{package}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return {**found, **_yaml(distribution("PyYAML"))}


def _yaml(installed: Distribution) -> dict[str, bytes]:
    """PyYAML as it is installed here: its pure part, and its licence."""
    found = {}
    for path in installed.files or ():
        data = Path(str(path.locate()))
        if path.parts[0] == "yaml" and path.suffix == ".py" and path.name != "cyaml.py":
            found[path.as_posix()] = data.read_bytes()
        elif path.name == "LICENSE":
            found["yaml/LICENSE"] = data.read_bytes()
    missing = {"yaml/LICENSE", "yaml/__init__.py"} - set(found)
    if missing:
        raise SystemExit(f"PyYAML here has no {', '.join(sorted(missing))}: install it with pip")
    return found


if __name__ == "__main__":
    main()
