"""From a shell: `python -m tests.hosts build [RECIPE…] | tiny TAG FILE | describe RECIPE`."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import RECIPES, build, tiny_tar
from .service import describe


def main(argv: list[str]) -> None:
    """Do what the words say; see above."""
    if argv[:1] == ["build"]:
        with ThreadPoolExecutor(3) as pool:
            for image in pool.map(build, argv[1:] or RECIPES):
                print(image)
    elif argv[:1] == ["tiny"] and len(argv) == 3:
        Path(argv[2]).write_bytes(tiny_tar(argv[1]).read_bytes())
    elif argv[:1] == ["describe"] and len(argv) == 2:
        print(json.dumps(describe(argv[1])))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
