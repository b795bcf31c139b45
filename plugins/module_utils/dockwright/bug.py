"""What to say when dockwright itself is at fault: where, so that it can be reported."""

from __future__ import annotations

import os

from .errors import DockwrightError, Problem
from .model import Report
from .version import VERSION

_DEEPEST = 3


def bug(error: BaseException) -> Problem:
    """An exception that nobody expected, as a problem.

    Its own text is left out, since it may quote a secret of the spec.
    """
    import traceback  # few runs need it

    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST:]
    places = [f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    what = f"{type(error).__name__} at {' < '.join(reversed(places)) or 'an unknown place'}"
    return Problem(
        "",
        f"this is a bug in dockwright {VERSION}: {what}",
        "please report it with this line and the spec (without its secrets)",
    )


def failure(error: Exception, *, check: bool) -> Report:
    """The report of a run that an exception ended before there was one."""
    problems = error.problems() if isinstance(error, DockwrightError) else (bug(error),)
    return Report(check=check, failed=True, problems=list(problems))
