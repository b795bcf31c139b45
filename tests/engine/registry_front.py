"""A registry as bad ones are, in front of a good one; runs on a test host.

`registry_front.py PORT UPSTREAM_PORT`. A repository that begins with `s503/` answers 503, and so
on for any status. From a repository below `cut/` the first large blob ends in the middle, and the
front with it (once in the life of the host). Below `busy/`, and on the second port above, the first
two questions are answered with 429. The port above wants the user ci with the password secret, and
so does the second. The third wants the same, and gives a token in its place.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

_CODES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "NAME_UNKNOWN", 429: "TOOMANYREQUESTS"}
_WORDS = {429: "You have reached your pull rate limit.", 403: "requested access is denied"}
_WAIT = "retry-after: 1s, allowed: 44000/minute"
_CUT = Path("/run/dockwright-front-was-cut")
_SHORT, _LONG = "token-of-a-minute", "token-of-a-login"
_LOGIN = "Basic " + base64.b64encode(b"ci:secret").decode()


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = 5000
    is_private = False
    is_busy = False
    patience = 2  # how often it says that it is busy

    def do_GET(self) -> None:
        match = re.match(r"/v2/s(\d{3})/", self.path)
        if match:
            self.refuse(int(match[1]))
        elif self.wants_patience() and type(self).patience > 0:
            type(self).patience -= 1
            self.refuse(429, _WAIT)
        elif self.is_private and self.headers.get("Authorization") != _LOGIN:
            self.refuse(401)
        else:
            self.forward()

    def wants_patience(self) -> bool:
        # The engine also asks without a password, only to see who is there.
        is_login = self.is_busy and "Authorization" in self.headers
        return is_login or self.path.startswith("/v2/busy/")

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def refuse(self, status: int, words: str = "") -> None:
        code = _CODES.get(status, "UNAVAILABLE")
        words = words or _WORDS.get(status, f"status {status}")
        body = f'{{"errors": [{{"code": "{code}", "message": "{words}"}}]}}'.encode()
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="test"')
        if status == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def forward(self) -> None:
        connection = HTTPConnection("localhost", self.upstream, timeout=120)
        accept = {"Accept": ", ".join(self.headers.get_all("Accept") or ["*/*"])}
        connection.request(self.command, self.path, headers=accept)
        answer = connection.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(body)))
        self.end_headers()
        if self.path.startswith("/v2/cut/") and len(body) > 100_000 and not _CUT.exists():
            _CUT.touch()
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            os._exit(1)
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class Private(Front):
    is_private = True


class Busy(Front):
    is_private = True
    is_busy = True
    patience = 2  # its own


class Tokens(Front):
    """Gives a token for the password ci:secret, and takes it in its place from then on."""

    def do_GET(self) -> None:
        if self.path.startswith("/token"):
            is_known = self.headers.get("Authorization") == _LOGIN
            wants_one = "offline_token=true" in self.path
            content = {"token": _SHORT, "access_token": _SHORT}
            content.update({"refresh_token": _LONG} if wants_one else {})
            self.tell(200 if is_known else 401, content if is_known else {})
        elif self.headers.get("Authorization") == f"Bearer {_SHORT}":
            self.forward()
        else:
            realm = f"http://{self.headers['Host']}/token"
            self.tell(401, {}, f'Bearer realm="{realm}",service="test"')

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        is_known = asked.get("refresh_token") == [_LONG] or asked.get("password") == ["secret"]
        content = {"access_token": _SHORT, "refresh_token": _LONG} if is_known else {}
        self.tell(200 if is_known else 401, content)

    def tell(self, status: int, content: dict[str, str], challenge: str = "") -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)


if __name__ == "__main__":
    port, Front.upstream = (int(word) for word in sys.argv[1:])
    for number, front in enumerate((Private, Busy, Tokens), port + 1):
        server = ThreadingHTTPServer(("", number), front)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    ThreadingHTTPServer(("", port), Front).serve_forever()
