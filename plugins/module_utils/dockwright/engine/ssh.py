"""An engine behind SSH, as the docker CLI reaches it: ``ssh HOST docker system dial-stdio``."""

from __future__ import annotations

import socket
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from .connection import Line

if TYPE_CHECKING:
    import subprocess

_LAST_WORDS = 2000  # characters of ssh's stderr that may reach an error message
_GRACE = 1.0  # seconds that ssh gets to end by itself


def ssh_arguments(url: str, limit: float) -> list[str]:
    """The command line for ``ssh://[user@]host[:port][/socket/path]``; never asks anything.

    ``limit`` is the time limit in seconds for connecting.
    """
    import shlex

    parts = urlsplit(url)
    wait = max(1, min(30, int(limit)))
    arguments = ["ssh", "-o", f"ConnectTimeout={wait}", "-o", "BatchMode=yes", "-T"]
    if parts.username:
        arguments += ["-l", unquote(parts.username)]
    if parts.port:
        arguments += ["-p", str(parts.port)]
    arguments += ["--", parts.hostname or "", "docker"]
    if parts.path.strip("/"):
        arguments += ["--host", shlex.quote(f"unix://{unquote(parts.path)}")]
    return [*arguments, "system", "dial-stdio"]


def dial_ssh(url: str, limit: float) -> Line:
    """Start ssh with one end of a socket pair as its standard input and output.

    Raises OSError when there is no ssh program. Whether ssh gets through shows only at the first
    answer: then ``end`` of the line returns what ssh said.
    """
    import subprocess
    import tempfile

    ours, theirs = socket.socketpair()
    stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed when ssh has ended
    try:
        process = subprocess.Popen(
            ssh_arguments(url, limit),
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=stderr,
            start_new_session=True,  # Ctrl-C is ours to handle; and no terminal to ask on
        )
    except BaseException:
        ours.close()
        stderr.close()
        raise
    finally:
        theirs.close()
    ours.settimeout(limit)
    return Line(ours, lambda: _end(process, stderr))


def _end(process: subprocess.Popen[bytes], stderr: IO[bytes]) -> str:
    """End ssh, and return what it wrote on standard error."""
    import subprocess

    for stop in (process.terminate, process.kill):
        try:
            process.wait(_GRACE)
            break
        except subprocess.TimeoutExpired:
            stop()
    process.wait()
    with stderr:
        stderr.seek(0)
        text = stderr.read().decode("utf-8", "replace")
    # Banners and the like come first; the reason is what ssh says last.
    return "; ".join(line.strip() for line in text[-_LAST_WORDS:].splitlines() if line.strip())
