"""The process of one command."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Load, run the command of the arguments, and end.

    Python would look through all that is loaded for cycles, as it loads and as it ends; it stays.
    """
    gc.disable()
    from .main import main as run

    gc.freeze()
    gc.enable()
    try:
        sys.exit(run())
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
