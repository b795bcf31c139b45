"""The process of one command."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress


def main() -> None:
    """Load, run the command of the arguments, and end.

    Python would look through all that is loaded for cycles as it loads, and take it apart piece by
    piece as it ends: the process goes with all it has.
    """
    gc.disable()
    from .main import main as run

    gc.freeze()
    gc.enable()
    status = run()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # nobody listens (any more)
            stream.flush()
    os._exit(status & 0xFF)  # a program on Windows may end with more


if __name__ == "__main__":
    main()
