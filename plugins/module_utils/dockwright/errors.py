"""Every error the core raises: what is wrong, where in the user's input, and what to do.

DockwrightError
 ├── SpecError            the input is wrong; nothing was changed; carries every problem found
 ├── EngineError          the Docker Engine
 │    ├── EngineUnreachable    no connection
 │    ├── EngineTimeout        no answer in time
 │    └── EngineRefused        an HTTP status of 400 or above (`status`), or an error in a stream
 ├── HostError            a file, a command or the lock of the host
 │    └── LockTimeout
 ├── PlanRefused          the plan may not be applied: too disruptive, blocked; nothing was changed
 └── ApplyFailed          a fault in the middle; the report says what was done and what was not
"""

from __future__ import annotations

from collections.abc import Iterable

from .named_tuple import NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong: where (a path in the input, may be empty), what, the way out."""

    where: str
    message: str
    fix: str = ""

    def text(self) -> str:
        """The problem as one line for people: ``where: message (fix)``."""
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}. {_sentence(self.fix)}" if self.fix else head


class DockwrightError(Exception):
    """The base of all errors of the core.

    ``message`` says what is wrong, ``where`` is a path in the user's input such as
    ``containers.web.ports[1]`` (empty when it is not about the input), ``fix`` says what to do.
    """

    def __init__(self, message: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix

    def problems(self) -> tuple[Problem, ...]:
        """All problems that this error reports, at least one."""
        return (Problem(self.where, self.message, self.fix),)

    def __str__(self) -> str:
        return "\n".join(problem.text() for problem in self.problems())


class SpecError(DockwrightError):
    """The input is wrong. Raised before anything was changed; carries all problems at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._problems = tuple(problems)
        first = self._problems[0]
        super().__init__(first.message, where=first.where, fix=first.fix)

    def problems(self) -> tuple[Problem, ...]:
        return self._problems


class EngineError(DockwrightError):
    """Something between us and the Docker Engine went wrong."""


class EngineUnreachable(EngineError):
    """No connection to the engine: the message says which address was tried and why it failed."""


class EngineTimeout(EngineError):
    """The engine did not answer within the time limit."""


class EngineRefused(EngineError):
    """The engine answered with an error: HTTP ``status`` and the engine's own words as message."""

    def __init__(self, message: str, *, status: int, where: str = "", fix: str = "") -> None:
        super().__init__(message, where=where, fix=fix)
        self.status = status


class HostError(DockwrightError):
    """A file, a command or a service of the host failed."""


class LockTimeout(HostError):
    """Another run works on the same things for longer than we were told to wait."""


class PlanRefused(DockwrightError):
    """The plan may not be applied (``max_disruption``, ``blocked``). Nothing was changed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._problems = tuple(problems)
        first = self._problems[0]
        super().__init__(first.message, where=first.where, fix=first.fix)

    def problems(self) -> tuple[Problem, ...]:
        return self._problems


class ApplyFailed(DockwrightError):
    """Applying one object failed; what had been done for it before has been undone or is named.

    ``changed`` tells that the host was touched, also when everything is as before again.
    """

    def __init__(
        self, message: str, *, where: str = "", fix: str = "", changed: bool = False
    ) -> None:
        super().__init__(message, where=where, fix=fix)
        self.changed = changed


def nearest(word: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` for the known name nearest to ``word``, or an empty string."""
    import difflib  # where a name is wrong, and only there

    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
