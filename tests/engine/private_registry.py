"""Registries with TLS that want a login, on a test host: a good one, one whose time is up.

They hold the images of the plain registry at port 5000.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.hosts import TestHost, start_registry

GOOD = "registry.test:5443"
EXPIRED = "registry.test:5444"
USER, PASSWORD = "ci", "let-me-in-1"
_HTPASSWD = f"{USER}:$2b$05$abcdefghijklmnopqrstuuvHZUa8KDBnAriJDg7jOTl889vmpTweO\n"
_FOLDER = "/etc/docker/registry/private"
_CONFIG = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: /var/lib/dockwright-registry-5000}}}}
http:
  addr: ':{port}'
  tls: {{certificate: {folder}/{name}.pem, key: {folder}/key.pem}}
auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}
"""


def start_private(host: TestHost, scratch: Path) -> None:
    """Start both; ``scratch`` is a folder for the certificates."""
    start_registry(host)
    _certify(scratch)
    for name in ("ca", "good", "expired", "key"):
        host.write(f"{_FOLDER}/{name}.pem", (scratch / f"{name}.pem").read_text())
    host.write(f"{_FOLDER}/htpasswd", _HTPASSWD)
    # Not 127.0.0.1: there the engine believes any certificate.
    script = 'grep -q registry.test /etc/hosts || echo "$0 registry.test" >> /etc/hosts'
    host.exec(["sh", "-c", script, host.address])
    for name, registry in (("good", GOOD), ("expired", EXPIRED)):
        port = registry.rpartition(":")[2]
        host.write(f"/etc/docker/certs.d/{registry}/ca.crt", (scratch / "ca.pem").read_text())
        config = f"{_FOLDER}/{name}.yml"
        host.write(config, _CONFIG.format(port=port, folder=_FOLDER, name=name))
        unit = f"dockwright-private-{name}"
        host.exec(["systemctl", "stop", unit], check=False)
        command = ["systemd-run", "-q", "--unit", unit, "--collect", "docker-registry", "serve"]
        host.exec([*command, config])
        probe = f"for i in $(seq 200); do curl -sk https://{registry}/v2/ && exit; sleep 0.1; done"
        host.exec(["sh", "-c", f"{probe}; exit 1"])


def stop_private(host: TestHost) -> None:
    """Stop both; the images stay."""
    for name in ("good", "expired"):
        host.exec(["systemctl", "stop", f"dockwright-private-{name}"], check=False)


def _certify(folder: Path) -> None:
    """ca.pem, and good.pem and expired.pem that it signed, with key.pem for both."""

    def run(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    new = ["-newkey", "rsa:2048", "-nodes"]
    ca = ["-keyout", "ca-key.pem", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test-ca"]
    run("req", "-x509", *new, *ca)
    run("req", *new, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=registry.test")
    (folder / "names").write_text("subjectAltName=DNS:registry.test\n")
    signer = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-extfile", "names"]
    for name, days in (("good", "2"), ("expired", "-1")):
        sign = ["-in", "request.pem", "-out", f"{name}.pem", "-days", days]
        run("x509", "-req", *signer, *sign)
