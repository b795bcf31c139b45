"""Which engine is meant: precedence, contexts, TLS, refusals."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from dockwright.engine.endpoint import TLS, Endpoint, resolve
from dockwright.errors import SpecError


def context(home: Path, name: str, host: str, *, skip: bool = False, tls: bool = False) -> None:
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = home / ".docker" / "contexts" / "meta" / key
    meta.mkdir(parents=True)
    docker = {"Host": host, "SkipTLSVerify": skip}
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": docker}}))
    if tls:
        folder = home / ".docker" / "contexts" / "tls" / key / "docker"
        folder.mkdir(parents=True)
        for part in ("ca", "cert", "key"):
            (folder / f"{part}.pem").write_text("")


def config(home: Path, **values: Any) -> None:
    (home / ".docker").mkdir(exist_ok=True)
    (home / ".docker" / "config.json").write_text(json.dumps(values))


def found(
    tmp_path: Path, *args: Any, env: dict[str, str] | None = None, **options: Any
) -> Endpoint:
    return resolve(*args, env=env or {}, home=str(tmp_path), **options)


def test_default(tmp_path: Path) -> None:
    endpoint = found(tmp_path)
    assert endpoint == Endpoint("unix:///var/run/docker.sock", None, "default")


def test_precedence(tmp_path: Path) -> None:
    for name in ("option", "variable", "current"):
        context(tmp_path, name, f"unix:///{name}")
    env: dict[str, str] = {}
    config(tmp_path, currentContext="current")
    assert found(tmp_path, env=env) == ("unix:///current", None, "context current")
    env["DOCKER_CONTEXT"] = "variable"
    assert found(tmp_path, env=env) == ("unix:///variable", None, "context variable")
    env["DOCKER_HOST"] = "unix:///host"
    assert found(tmp_path, env=env) == ("unix:///host", None, "DOCKER_HOST")
    assert found(tmp_path, env=env, context="option").source == "context option"
    assert found(tmp_path, "unix:///o", env=env) == ("unix:///o", None, "docker_host option")


def test_the_context_named_default_is_no_context(tmp_path: Path) -> None:
    config(tmp_path, currentContext="current")
    assert found(tmp_path, env={"DOCKER_CONTEXT": "default"}).source == "default"
    assert found(tmp_path, context="default", env={"DOCKER_HOST": "unix:///h"}).url == "unix:///h"
    config(tmp_path, currentContext="default")
    assert found(tmp_path).source == "default"


def test_docker_config_moves_the_folder(tmp_path: Path) -> None:
    context(tmp_path, "x", "unix:///x")
    env = {"DOCKER_CONFIG": str(tmp_path / ".docker"), "DOCKER_CONTEXT": "x"}
    assert resolve(env=env, home="/nowhere").url == "unix:///x"


def test_home_comes_from_the_environment(tmp_path: Path) -> None:
    context(tmp_path, "x", "unix:///x")
    config(tmp_path, currentContext="x")
    assert resolve(env={"HOME": str(tmp_path)}).source == "context x"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("unix:///run/user/1000/docker.sock", "unix:///run/user/1000/docker.sock"),
        ("tcp://host:1234", "tcp://host:1234"),
        ("tcp://host", "tcp://host:2375"),
        ("tcp://:2375", "tcp://localhost:2375"),
        ("tcp://[::1]:2375/", "tcp://[::1]:2375"),
        ("http://host:80", "tcp://host:80"),
        ("host:2375", "tcp://host:2375"),
        ("https://host", "tcp://host:2376"),
        ("ssh://me@host", "ssh://me@host"),
        ("ssh://me@host:22/run/docker.sock", "ssh://me@host:22/run/docker.sock"),
        ("ssh://host/", "ssh://host"),
        (" tcp://host:1 ", "tcp://host:1"),
    ],
)
def test_addresses(tmp_path: Path, given: str, url: str) -> None:
    assert found(tmp_path, given).url == url


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ("/var/run/docker.sock", "unix:///var/run/docker.sock"),
        ("unix://docker.sock", "absolute"),
        ("npipe:////./pipe/docker", "unix:///"),
        ("fd://", "daemon listens"),
        ("tcp://host:port", "tcp://host:port"),
        ("tcp://host:99999", "tcp://host:port"),
        ("tcp://host:1/path", "only host and port"),
        ("tcp://user@host:1", "only host and port"),
        ("tcp://host?x=1", "no ?"),
        ("ssh://", "ssh://user@host"),
        ("ssh://me:hunter2@host", "password"),
    ],
)
def test_bad_addresses(tmp_path: Path, given: str, fix: str) -> None:
    with pytest.raises(SpecError) as caught:
        found(tmp_path, given)
    assert caught.value.where == "docker_host"
    assert fix in caught.value.fix
    assert "hunter2" not in str(caught.value)


def test_where_a_bad_address_came_from(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        found(tmp_path, env={"DOCKER_HOST": "nonsense://"})
    assert caught.value.where == "DOCKER_HOST"
    context(tmp_path, "bad", "nonsense://x")
    with pytest.raises(SpecError, match="context bad") as caught:
        found(tmp_path, context="bad")
    assert caught.value.where == "context"


def test_host_and_context_together(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="both"):
        found(tmp_path, "unix:///x", context="y")


@pytest.mark.parametrize(
    ("options", "env", "where"),
    [
        ({"context": "gone"}, {}, "context"),
        ({}, {"DOCKER_CONTEXT": "gone"}, "DOCKER_CONTEXT"),
        ({}, {}, "currentContext"),
    ],
)
def test_unknown_context(
    tmp_path: Path, options: dict[str, Any], env: dict[str, str], where: str
) -> None:
    config(tmp_path, currentContext="gone")
    with pytest.raises(SpecError, match="'gone'") as caught:
        found(tmp_path, env=env, **options)
    assert caught.value.where == where
    assert "docker context ls" in caught.value.fix


def test_broken_configuration(tmp_path: Path) -> None:
    config(tmp_path)
    (tmp_path / ".docker" / "config.json").write_text("{")
    with pytest.raises(SpecError, match="not valid JSON"):
        found(tmp_path)
    assert found(tmp_path, "unix:///x").url == "unix:///x", "not read when it is not needed"


def pems(folder: Path, *parts: str) -> str:
    folder.mkdir(exist_ok=True)
    for part in parts:
        (folder / f"{part}.pem").write_text("")
    return str(folder)


def test_tls_of_options(tmp_path: Path) -> None:
    certs = pems(tmp_path / "c", "ca", "cert", "key")
    whole = TLS(f"{certs}/ca.pem", f"{certs}/cert.pem", f"{certs}/key.pem", True)
    assert found(tmp_path, "tcp://h", cert_path=certs) == (
        "tcp://h:2376",
        whole,
        "docker_host option",
    )
    loose = found(tmp_path, "tcp://h:1", cert_path=certs, tls_verify=False).tls
    assert loose == whole._replace(verify=False)
    assert found(tmp_path, "tcp://h", tls_verify=False).tls is None
    assert found(tmp_path, "unix:///s", tls_verify=True, cert_path=certs).tls is None
    assert found(tmp_path, "https://h").tls == TLS(None, None, None, True)


def test_tls_of_the_environment(tmp_path: Path) -> None:
    certs = pems(tmp_path / "c", "ca")
    env = {"DOCKER_HOST": "tcp://h", "DOCKER_CERT_PATH": certs}
    assert found(tmp_path, env=env).tls is None, "as the docker CLI: a path alone is not enough"
    env["DOCKER_TLS_VERIFY"] = "1"
    assert found(tmp_path, env=env).tls == TLS(f"{certs}/ca.pem", None, None, True)
    loose = found(tmp_path, env=env, tls_verify=False).tls
    assert loose == TLS(f"{certs}/ca.pem", None, None, False)
    del env["DOCKER_CERT_PATH"]
    pems(tmp_path / ".docker", "ca")
    assert found(tmp_path, env=env).tls == TLS(f"{tmp_path}/.docker/ca.pem", None, None, True)
    tls = found(tmp_path, env={"DOCKER_HOST": "tcp://h", "DOCKER_TLS": "1"}).tls
    assert tls is not None
    assert not tls.verify


def test_tls_of_a_context(tmp_path: Path) -> None:
    context(tmp_path, "safe", "tcp://h:1", tls=True)
    context(tmp_path, "loose", "tcp://h:1", skip=True)
    context(tmp_path, "plain", "tcp://h:1")
    env = {"DOCKER_TLS_VERIFY": "1"}
    safe = found(tmp_path, context="safe", env=env).tls
    assert safe is not None
    assert safe.verify
    assert safe.ca is not None
    assert safe.ca.endswith("/docker/ca.pem")
    assert found(tmp_path, context="loose").tls == TLS(None, None, None, False)
    assert found(tmp_path, context="plain", env=env).tls is None


def test_bad_certificate_folders(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="not a folder") as caught:
        found(tmp_path, "tcp://h", cert_path="/nowhere")
    assert caught.value.where == "cert_path"
    with pytest.raises(SpecError, match=r"key\.pem is missing"):
        found(tmp_path, "tcp://h", cert_path=pems(tmp_path / "c", "cert"))
