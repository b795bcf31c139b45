"""From a shell: `python -m tests.hosts build [RECIPE…]`, `python -m tests.hosts tiny TAG FILE`."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import RECIPES, build, tiny_tar


def main(argv: list[str]) -> None:
    """Build images of test hosts, all by default; or write a tiny image's tar."""
    if argv[:1] == ["build"]:
        with ThreadPoolExecutor(3) as pool:
            for image in pool.map(build, argv[1:] or RECIPES):
                print(image)
    elif argv[:1] == ["tiny"] and len(argv) == 3:
        Path(argv[2]).write_bytes(tiny_tar(argv[1]).read_bytes())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
