"""The command ``fmt``: spec files are brought into their form, or only compared with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from .documents import InputError, read_text, write_whole
from .layout import formatted

DIFFERS = 2


def run(paths: Sequence[str], *, check: bool) -> int:
    """Format files where they are; ``-`` goes from standard input to standard output.

    With ``check`` nothing is written. The names of the files that are not in their form are
    printed. Nothing is written before all of them could be read.
    """
    if not paths:
        raise InputError("no file is named", "name spec files, or - for standard input")
    pairs = [(path, read_text(path, sys.stdin)) for path in dict.fromkeys(paths)]
    done = [(path, text, formatted(text, path)) for path, text in pairs]
    different = False
    for path, text, new in done:
        if path == "-" and not check:
            sys.stdout.write(new)
        elif new != text:
            different = True
            print("standard input" if path == "-" else path)
            if not check:
                write_whole(os.path.realpath(path), new)
    return DIFFERS if check and different else 0
