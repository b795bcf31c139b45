"""Servers and certificates for the tests of the engine edge."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockwright.engine.client import Engine
from tests.unit.engine.server import Server


@pytest.fixture
def socket_path() -> Iterator[str]:
    """A path for a unix socket: short, for they may have 107 characters at most."""
    folder = tempfile.mkdtemp(prefix="dw")
    yield f"{folder}/docker.sock"
    shutil.rmtree(folder)


@pytest.fixture
def unix_server(socket_path: str) -> Iterator[Server]:
    server = Server(socket_path)
    yield server
    server.close()


@pytest.fixture
def tcp_server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def engine(unix_server: Server) -> Iterator[Engine]:
    """An engine on the unix server, asked for its version already."""
    engine = Engine(unix_server.endpoint(), timeout=5)
    engine.negotiate()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.pem, cert.pem, key.pem for 127.0.0.1 (server and client), and other-ca.pem."""
    if shutil.which("openssl") is None:
        pytest.fail("these tests need the program openssl: apt-get install openssl")
    folder = tmp_path_factory.mktemp("certificates")

    def run(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other-ca"):
        key = ["-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}-key.pem"]
        run("req", "-x509", *key, "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem"]
    run("req", *key, "-out", "request.pem", "-subj", "/CN=engine")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    signer = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial"]
    sign = ["-in", "request.pem", "-out", "cert.pem", "-days", "2", "-extfile", "names"]
    run("x509", "-req", *signer, *sign)
    return folder


@pytest.fixture
def tls_server(certificates: Path) -> Iterator[Server]:
    """A server that wants a client certificate, as dockerd with --tlsverify."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = Server(tls=context)
    yield server
    server.close()
