"""TCP with TLS: mutual trust, no trust, and the words for what goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockwright.engine.client import Engine
from dockwright.engine.endpoint import TLS, Endpoint, resolve
from dockwright.errors import EngineUnreachable
from tests.unit.engine.server import Server


@pytest.fixture
def tls(certificates: Path) -> TLS:
    ca, cert, key = (str(certificates / f"{part}.pem") for part in ("ca", "cert", "key"))
    return TLS(ca, cert, key, verify=True)


def test_mutual_trust(tls_server: Server, certificates: Path) -> None:
    url = tls_server.url
    endpoint = resolve(url, cert_path=str(certificates), env={}, home="/nowhere")
    engine = Engine(endpoint, timeout=5)
    assert [engine.negotiate().engine for _ in range(3)] == ["28.5.2"] * 3
    tls_server.routes["GET /x"] = Server.json(1)
    assert [engine.get("/x") for _ in range(3)] == [1, 1, 1]
    assert tls_server.connections == 1
    engine.close()


def test_an_unknown_authority(tls_server: Server, tls: TLS, certificates: Path) -> None:
    other = tls._replace(ca=str(certificates / "other-ca.pem"))
    with pytest.raises(EngineUnreachable, match="certificate is not trusted") as caught:
        Engine(tls_server.endpoint(other), timeout=5).negotiate()
    assert "ca.pem" in caught.value.fix
    loose = Engine(tls_server.endpoint(other._replace(verify=False)), timeout=5)
    assert loose.engine_version == "28.5.2"
    loose.close()


def test_a_certificate_for_another_host(tls_server: Server, tls: TLS) -> None:
    url = tls_server.url.replace("127.0.0.1", "localhost")
    with pytest.raises(EngineUnreachable, match=r"not trusted.*names this very host"):
        Engine(Endpoint(url, tls, "DOCKER_HOST"), timeout=5).negotiate()


def test_a_client_certificate_is_wanted(tls_server: Server, tls: TLS) -> None:
    bare = tls._replace(cert=None, key=None)
    with pytest.raises(EngineUnreachable, match="client certificate") as caught:
        Engine(tls_server.endpoint(bare), timeout=5).negotiate()
    assert tls_server.url in str(caught.value)


def test_tls_to_a_plain_port(tcp_server: Server, tls: TLS) -> None:
    with pytest.raises(EngineUnreachable, match=r"TLS failed.*speaks TLS on this port"):
        Engine(tcp_server.endpoint(tls), timeout=5).negotiate()


def test_plain_to_a_tls_port(tls_server: Server) -> None:
    with pytest.raises(EngineUnreachable):
        Engine(tls_server.endpoint(), timeout=5).negotiate()


def test_plain_to_a_tls_port_as_the_engine_answers(tcp_server: Server) -> None:
    text = b"Client sent an HTTP request to an HTTPS server.\n"
    for path in ("/_ping", "/version"):
        tcp_server.routes[f"GET {path}"] = lambda h: h.reply(400, text, "text/plain")
    with pytest.raises(EngineUnreachable, match=r"wants TLS.*`cert_path`"):
        Engine(tcp_server.endpoint(), timeout=5).negotiate()


def test_files_that_are_no_certificates(tls_server: Server, tls: TLS, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")
    broken = tls._replace(ca=str(tmp_path / "ca.pem"))
    with pytest.raises(EngineUnreachable, match="TLS failed"):
        Engine(tls_server.endpoint(broken), timeout=5).negotiate()


def test_events_over_tls(tls_server: Server, tls: TLS) -> None:
    def events(handler: object) -> None:
        handler.begin()
        handler.chunk(b'{"Action":"start"}\n')
        handler.rfile.read(1)

    tls_server.routes["GET /events"] = events
    engine = Engine(tls_server.endpoint(tls), timeout=5)
    with engine.events({}) as stream:
        assert next(stream.until(5)) == {"Action": "start"}
    engine.close()
