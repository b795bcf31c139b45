"""Which engine is meant: options, environment and docker contexts, in the docker CLI's order."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

from ..errors import Problem, SpecError
from ..named_tuple import NamedTuple

DEFAULT_URL = "unix:///var/run/docker.sock"
_FORMS = (
    "write unix:///path/to/docker.sock, tcp://host:port, https://host:port "
    "or ssh://user@host[:port]"
)


class TLS(NamedTuple):
    """Files (PEM) of a TLS connection; without ``ca`` the system's authorities are trusted."""

    ca: str | None
    cert: str | None
    key: str | None
    verify: bool


class Endpoint(NamedTuple):
    """Address of one engine.

    ``url`` is normalised (``unix:///…``, ``tcp://host:port``, ``ssh://user@host[:port][/path]``),
    ``source`` says where the address came from: ``docker_host option``, ``DOCKER_HOST``,
    ``context NAME`` or ``default``.
    """

    url: str
    tls: TLS | None
    source: str


class _Found(NamedTuple):
    """An address before its TLS settings are known; ``meta`` and ``folder`` are a context's."""

    url: str
    source: str
    where: str
    meta: Mapping[str, Any] | None = None
    folder: str = ""


def resolve(  # noqa: PLR0913 - the docker CLI's options, all by keyword
    docker_host: str | None = None,
    *,
    tls_verify: bool | None = None,
    cert_path: str | None = None,
    context: str | None = None,
    env: Mapping[str, str] | None = None,
    home: str | None = None,
) -> Endpoint:
    """The endpoint that the docker CLI would use; reads docker's configuration, connects nowhere.

    Options come before the environment: ``docker_host``, ``context``, then ``DOCKER_HOST``,
    ``DOCKER_CONTEXT``, the current context of ``config.json`` and the default socket.
    ``cert_path`` is a folder with ca.pem, cert.pem and key.pem; giving it switches TLS on.
    ``tls_verify`` false keeps TLS but trusts any certificate.

    Raises SpecError for an address, context or certificate folder that cannot be used.
    """
    env = os.environ if env is None else env
    config = env.get("DOCKER_CONFIG") or os.path.join(_home(env, home), ".docker")
    found = _find(docker_host, context, env, config)
    scheme, rest = _split(found)
    if scheme in ("unix", "ssh"):
        tls = None
    elif found.meta is not None and tls_verify is None and cert_path is None:
        tls = _context_tls(found, scheme)
    else:
        tls = _direct_tls(scheme, tls_verify, cert_path, env, config)
    return Endpoint(_normalised(found, scheme, rest, tls), tls, found.source)


def _home(env: Mapping[str, str], home: str | None) -> str:
    return home or env.get("HOME") or os.path.expanduser("~")


def _find(
    docker_host: str | None, context: str | None, env: Mapping[str, str], config: str
) -> _Found:
    if docker_host and context:
        _wrong("context", "docker_host and context are both given", "give one of them")
    if docker_host:
        return _Found(docker_host, "docker_host option", "docker_host")
    if context and context != "default":
        return _context(context, "context", config)
    if env.get("DOCKER_HOST"):
        return _Found(env["DOCKER_HOST"], "DOCKER_HOST", "DOCKER_HOST")
    if not context:
        where = "DOCKER_CONTEXT" if env.get("DOCKER_CONTEXT") else "currentContext"
        name = env.get("DOCKER_CONTEXT") or _current_context(config)
        if name and name != "default":
            return _context(name, where, config)
    return _Found(DEFAULT_URL, "default", "docker_host")


def _current_context(config: str) -> str:
    path = os.path.join(config, "config.json")
    data = _json_file(path, "currentContext")
    return str(data.get("currentContext") or "")


def _context(name: str, where: str, config: str) -> _Found:
    import hashlib

    key = hashlib.sha256(name.encode()).hexdigest()
    meta = _json_file(os.path.join(config, "contexts", "meta", key, "meta.json"), where)
    docker = (meta.get("Endpoints") or {}).get("docker") or {}
    if not docker.get("Host"):
        _wrong(
            where,
            f"there is no docker context named {name!r} in {config}",
            "see `docker context ls`, or give docker_host",
        )
    folder = os.path.join(config, "contexts", "tls", key, "docker")
    return _Found(str(docker["Host"]), f"context {name}", where, docker, folder)


def _json_file(path: str, where: str) -> Mapping[str, Any]:
    """The object in a JSON file, empty when there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        _wrong(where, f"{path} cannot be read: {error.strerror}", "give docker_host")
    except ValueError as error:
        _wrong(where, f"{path} is not valid JSON: {error}", "correct it, or give docker_host")
    return data if isinstance(data, dict) else {}


def _split(found: _Found) -> tuple[str, str]:
    """Scheme and the rest of an address; ``host:port`` alone means TCP as it does for docker."""
    scheme, mark, rest = found.url.strip().partition("://")
    if not mark:
        if scheme.startswith(("/", ".", "~")):
            _bad(found, f"write unix://{scheme}" if scheme[0] == "/" else _FORMS)
        scheme, rest = "tcp", scheme
    scheme = "tcp" if scheme == "http" else scheme
    if scheme == "fd":
        _bad(found, f"fd:// is what a daemon listens on; {_FORMS}")
    if scheme not in ("unix", "tcp", "https", "ssh"):
        _bad(found, _FORMS)
    return scheme, rest


def _normalised(found: _Found, scheme: str, rest: str, tls: TLS | None) -> str:
    if scheme == "unix":
        if not rest.startswith("/"):
            _bad(found, "the path of a unix socket must be absolute: unix:///var/run/docker.sock")
        return f"unix://{rest}"
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        _bad(found, _FORMS)
    if parts.password is not None:
        _bad(found, "an address must not hold a password; use keys or certificates")
    if parts.query or parts.fragment:
        _bad(found, f"an address has no ? and no #; {_FORMS}")
    if not host and scheme != "tcp":
        _bad(found, _FORMS)
    if scheme == "ssh":
        return f"ssh://{rest}".rstrip("/")
    if parts.username is not None or parts.path not in ("", "/"):
        _bad(found, f"only host and port; {_FORMS}")
    host = f"[{host}]" if ":" in host else host or "localhost"
    return f"tcp://{host}:{port or (2376 if tls else 2375)}"


def _direct_tls(
    scheme: str,
    tls_verify: bool | None,
    cert_path: str | None,
    env: Mapping[str, str],
    config: str,
) -> TLS | None:
    # Any text in DOCKER_TLS_VERIFY, even 0, switches it on: so does the docker CLI.
    env_verify, env_tls = bool(env.get("DOCKER_TLS_VERIFY")), bool(env.get("DOCKER_TLS"))
    if not (tls_verify or cert_path or scheme == "https" or env_verify or env_tls):
        return None
    verify = tls_verify
    if verify is None:
        verify = env_verify or bool(cert_path) or not env_tls
    where = "cert_path" if cert_path else "DOCKER_CERT_PATH"
    folder = cert_path or env.get("DOCKER_CERT_PATH") or ""
    if folder and not os.path.isdir(folder):
        _wrong(where, f"{folder} is not a folder", "it must hold ca.pem, cert.pem and key.pem")
    return _certificates(folder or config, verify, where)


def _context_tls(found: _Found, scheme: str) -> TLS | None:
    assert found.meta is not None
    skip = bool(found.meta.get("SkipTLSVerify"))
    if not (skip or scheme == "https" or os.path.isdir(found.folder)):
        return None
    return _certificates(found.folder, not skip, found.where)


def _certificates(folder: str, verify: bool, where: str) -> TLS:
    paths = [os.path.join(folder, f"{part}.pem") for part in ("ca", "cert", "key")]
    ca, cert, key = (path if os.path.exists(path) else None for path in paths)
    if (cert is None) != (key is None):
        missing = paths[1] if cert is None else paths[2]
        _wrong(where, f"{missing} is missing", "a certificate and its key are needed together")
    return TLS(ca, cert, key, verify)


def _bad(found: _Found, fix: str) -> NoReturn:
    shown = found.url
    if "@" in shown and ":" in shown.rpartition("@")[0].partition("://")[2]:
        scheme, _, rest = shown.partition("://")
        shown = f"{scheme}://…@{rest.rpartition('@')[2]}"  # never show a password
    source = f" ({found.source})" if found.meta is not None else ""
    _wrong(found.where, f"{shown!r} is not the address of an engine{source}", fix)


def _wrong(where: str, message: str, fix: str) -> NoReturn:
    raise SpecError([Problem(where, message, fix)])
