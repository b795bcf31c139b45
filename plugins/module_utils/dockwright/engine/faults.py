"""What went wrong between us and the engine, in words: the address, why, and what to do."""

from __future__ import annotations

import errno
import socket

from .. import words
from ..errors import EngineError, EngineTimeout, EngineUnreachable
from ..named_tuple import NamedTuple
from .answer import Garbled
from .endpoint import Endpoint

FAULTS = (OSError, Garbled)  # what a transport raises; ssl.SSLError is an OSError

_WANTS_CERTIFICATE = (
    "if the engine wants a client certificate, put cert.pem and key.pem into `cert_path`"
)


class _Why(NamedTuple):
    why: str
    fix: str


def is_absent(error: EngineError) -> bool:
    """Whether the error says that no engine is there: no socket, or nobody listens on it."""
    return isinstance(error.__cause__, (FileNotFoundError, ConnectionRefusedError))


def timed_out(endpoint: Endpoint, method: str, path: str, limit: float) -> EngineTimeout:
    """The error for an answer that did not come within ``limit`` seconds."""
    return EngineTimeout(
        f"{method} {path}: no answer from the Docker Engine at {endpoint.url} "
        f"within {limit:g} seconds",
        fix=f"see what keeps the engine busy, or raise `timeout` (now {limit:g})",
    )


def unreachable(
    endpoint: Endpoint, error: Exception, words: str, limit: float
) -> EngineUnreachable:
    """The error for a connection that could not be made; ``words`` is what ssh said."""
    why, fix = _reason(endpoint, error, words, limit)
    return EngineUnreachable(
        f"cannot reach the Docker Engine at {endpoint.url} (from {_origin(endpoint)}): {why}",
        fix=fix,
    )


def lost(endpoint: Endpoint, method: str, path: str, error: Exception, words: str) -> EngineError:
    """The error for a connection that broke while a request was under way."""
    if _is_tls(error) or words:
        return unreachable(endpoint, error, words, 0)
    if isinstance(error, Garbled):
        return EngineUnreachable(
            f"what answers at {endpoint.url} (from {_origin(endpoint)}) is no Docker Engine: "
            "it does not speak HTTP",
            fix="check host and port; if it speaks TLS, set `tls_verify` and `cert_path`",
        )
    fix = "see whether the engine was restarted or has crashed, then run again"
    if endpoint.tls is not None and endpoint.tls.cert is None:
        # With TLS 1.3 the refusal comes after the handshake, and a reset may overtake its words.
        fix = f"{_WANTS_CERTIFICATE}; else {fix}"
    return EngineUnreachable(
        f"{method} {path}: the connection to the Docker Engine at {endpoint.url} was lost "
        f"({_short(error)})",
        fix=fix,
    )


def _origin(endpoint: Endpoint) -> str:
    """``DOCKER_HOST``, ``the default``, ``the docker_host option``, ``the context NAME``."""
    source = endpoint.source
    return source if source == "DOCKER_HOST" else f"the {source}"


def _is_tls(error: Exception) -> bool:
    return any(kind.__name__ == "SSLError" for kind in type(error).__mro__)


def _short(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _reason(endpoint: Endpoint, error: Exception, words: str, limit: float) -> _Why:
    scheme = endpoint.url.partition("://")[0]
    if scheme == "ssh":
        return _ssh_reason(endpoint, error, words)
    if _is_tls(error):
        return _tls_reason(endpoint, error)
    if isinstance(error, socket.timeout):
        return _Why(
            f"no connection within {limit:g} seconds",
            f"check address, network and firewall, or raise `timeout` (now {limit:g})",
        )
    if scheme == "unix":
        return _unix_reason(error)
    return _tcp_reason(endpoint, error)


def _unix_reason(error: Exception) -> _Why:
    if isinstance(error, FileNotFoundError):
        return _Why(
            "there is no such socket",
            f"{words.install_engine()} or start it (`systemctl start docker`), or say with "
            f"{words.address()} where it listens",
        )
    if isinstance(error, PermissionError):
        return _Why(
            "permission denied",
            f"{words.as_root()}, or add the user to the group `docker` and log in again",
        )
    if isinstance(error, ConnectionRefusedError):
        return _Why(
            "nobody listens on this socket",
            "the engine has ended; start it (`systemctl start docker`) and see its log "
            "(`journalctl -u docker`)",
        )
    return _Why(_short(error), "check the path of the socket")


def _tcp_reason(endpoint: Endpoint, error: Exception) -> _Why:
    if isinstance(error, ConnectionRefusedError):
        return _Why(
            "connection refused",
            "check host and port, and that the engine there was started to listen on it "
            "(`hosts` in daemon.json)",
        )
    if isinstance(error, socket.gaierror):
        return _Why("the name of the host cannot be resolved", "check the name and the DNS")
    if isinstance(error, FileNotFoundError):
        return _Why(_short(error), "check the files in `cert_path`")
    if isinstance(error, OSError) and error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return _Why(_short(error), "check address, routes and firewall")
    return _Why(_short(error), "check address and port")


def _tls_reason(endpoint: Endpoint, error: Exception) -> _Why:
    verify = getattr(error, "verify_message", "")
    if verify:
        return _Why(
            f"its certificate is not trusted: {verify}",
            "check ca.pem in `cert_path`, and that the certificate names this very host",
        )
    why = getattr(error, "reason", "") or str(error)
    if endpoint.tls is not None and endpoint.tls.cert is None:
        return _Why(f"TLS failed ({why})", _WANTS_CERTIFICATE)
    return _Why(
        f"TLS failed ({why})",
        "check that the engine speaks TLS on this port and accepts cert.pem of `cert_path`",
    )


def _ssh_reason(endpoint: Endpoint, error: Exception, words: str) -> _Why:
    from urllib.parse import urlsplit

    parts = urlsplit(endpoint.url)
    if isinstance(error, FileNotFoundError) and not words:
        return _Why("there is no ssh program here", "install the OpenSSH client")
    if "not found" in words and "docker" in words:
        fix = "install the docker command line on that host and have it in the PATH"
    elif "dial-stdio" in words or "docker daemon" in words.lower():
        fix = "check that the engine runs there and that this user may use it (group `docker`)"
    else:
        port = f" -p {parts.port}" if parts.port else ""
        user = f"{parts.username}@" if parts.username else ""
        fix = (
            f"try `ssh -o BatchMode=yes{port} {user}{parts.hostname} docker version`: it must "
            "work without a question (key in the agent, host key known)"
        )
    return _Why(words or _short(error), fix)
