"""An engine in memory with the interface of the real one, for tests; nothing imports it at work."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Callable
from urllib.parse import parse_qsl, urlsplit

from . import fake_containers, fake_images, fake_mounts, fake_networks, fake_plugins
from .client import Engine, Reply
from .endpoint import Endpoint
from .events import EventStream
from .exchange import Call, Exchange, Tell
from .fake_host import Answer, Ask, Behaviour, FakeHost, Handler, Json, RefusedError, has_labels
from .wire import json_lines, refused

READING = ("GET", "HEAD")


class Killed(BaseException):
    """Our process died here. Not an Exception, so that no clean-up of errors catches it."""


class _Failure:
    """A failure to inject: which requests, what to answer, how often, and whether after the act."""

    def __init__(self, method: str, path: str, reply: Answer, times: int, acts: bool) -> None:
        self.method = method
        self.path = re.compile(path)
        self.reply = reply
        self.times = times
        self.acts = acts

    def takes(self, method: str, path: str) -> bool:
        """Whether it strikes at this request (then it is used up by one)."""
        if self.times > 0 and method == self.method and self.path.search(path):
            self.times -= 1
            return True
        return False


class _FakeExchange(Exchange):
    """Answers calls from memory instead of over a connection."""

    def __init__(self, answer: Callable[[Call], Answer], host: FakeHost) -> None:
        self._answer = answer
        self._host = host

    def ask(self, call: Call, tell: Tell | None = None) -> Reply:
        """As ``Exchange.ask``; nothing of it comes in blocks."""
        status, answer = self._answer(call)
        text = answer if isinstance(answer, bytes) else b""
        if answer is not None and not text:
            text = json.dumps(answer).encode()
        heads = {
            "content-type": "application/json",
            "api-version": self._host.api,
            "server": f"Docker/{self._host.engine} (linux)",
            "ostype": "linux",
        }
        return Reply(status, heads, text)

    def ask_each(self, calls: Sequence[Call]) -> Iterator[Reply]:
        """As ``Exchange.ask_each``."""
        return map(self.ask, calls)

    def download(self, call: Call) -> Iterator[bytes]:
        """As ``Exchange.download``."""
        reply = self.ask(call)
        if reply.status >= 400:
            raise refused(reply)
        yield reply.body

    def stream(self, call: Call) -> Iterator[dict[str, Any]]:
        """As ``Exchange.stream``."""
        reply = self.ask(call)
        if reply.status >= 400:
            raise refused(reply)
        items = json.loads(reply.body)
        return json_lines(json.dumps(item).encode() + b"\n" for item in items)


class FakeEngine(Engine):
    """A Docker Engine in memory: everything of ``Engine``, and what tests need.

    ``api`` and ``version`` choose which engine is played (20.10 unless given); with
    ``has_manifests`` its images are in containerd, as those of 29 and newer are. ``host`` holds
    the objects; ``log`` all requests, ``writes`` those that may change something.
    """

    def __init__(
        self, *, api: str = "1.41", version: str = "20.10.24", has_manifests: bool | None = None
    ) -> None:
        super().__init__(Endpoint("unix:///fake", None, "default"))
        self.host = FakeHost(api, version, has_manifests)
        self._exchange = _FakeExchange(self._answer, self.host)
        self.info: Json = {
            "ServerVersion": version,
            "Driver": self.host.driver,
            "LoggingDriver": "json-file",
            "DefaultRuntime": "runc",
            "CgroupVersion": "1",
            "LiveRestoreEnabled": False,
            "OSType": "linux",
            "Architecture": "x86_64",
            "DockerRootDir": "/var/lib/docker",
            "Name": "fake-host",
        }
        if self.host.has_manifests:
            self.info["DriverStatus"] = [["driver-type", "io.containerd.snapshotter.v1"]]
        self._failures: list[_Failure] = []
        self._left: int | None = None  # requests until the process dies
        self._dies_reading = True
        self._turn = threading.RLock()
        fake_networks.add_predefined(self.host)

    # What tests arrange and ask

    def add_image(
        self, name: str, id: str = "", config: Json | None = None, digest: str = ""
    ) -> str:
        """Put an image on the host; returns its ID (``sha256:…``)."""
        return fake_images.add_image(self.host, name, id, config, digest)

    def offer_image(
        self, name: str, id: str = "", config: Json | None = None, digest: str = ""
    ) -> str:
        """Let ``name`` be pulled from a registry; returns the image's ID."""
        image = fake_images.make_image(self.host, name, id, config, digest)
        self.host.registry[name] = image
        return str(image["Id"])

    def offer_plugin(self, reference: str, **config: Any) -> None:
        """Let a plugin be installed from a registry; ``config`` goes over its configuration."""
        fake_plugins.offer_plugin(self.host, reference, **config)

    def behave(
        self, who: str, *, exit: int | None = None, health: str = "healthy", start_error: str = ""
    ) -> None:
        """How containers of this name or image reference behave when they are started.

        ``exit``: they end at once with this code. ``health``: ``healthy``, ``unhealthy`` or
        ``starting`` (for ever). ``start_error``: the start is refused with these words.
        """
        self.host.behaviours[who] = Behaviour(exit, health, start_error)

    def fail_on(
        self,
        method: str,
        path: str,
        status: int = 500,
        message: str = "injected",
        **how: Any,
    ) -> None:
        """Answer requests whose path matches the regular expression with an error.

        ``times=1`` is how often; with ``acts=True`` the engine does it all the same.
        """
        reply = (status, {"message": message})
        failure = _Failure(method, path, reply, how.pop("times", 1), how.pop("acts", False))
        if how:
            raise TypeError(f"fail_on knows no {', '.join(how)}")
        self._failures.append(failure)

    def kill_after(self, requests: int, *, writes_only: bool = False) -> None:
        """Answer so many more requests; the next, and all that follow, raise Killed and do nothing.

        With ``writes_only`` only requests that may change something count and die.
        """
        self._left, self._dies_reading = requests, not writes_only

    def revive(self) -> None:
        """A new process: requests are answered again."""
        self._left = None

    @property
    def writes(self) -> list[str]:
        """The requests so far that may have changed something, as ``METHOD path``."""
        return [entry for entry in self.log if entry.partition(" ")[0] not in READING]

    # The interface

    def events(
        self, filters: Mapping[str, list[str]], *, since: float | None = None
    ) -> EventStream:
        """As ``Engine.events``; ``until`` does not wait: it gives what has happened."""
        return _FakeEvents(self, filters, since)

    def close(self) -> None:
        """Nothing to close."""

    # How a request is answered

    def _answer(self, call: Call) -> Answer:
        method, path = call.method, call.path
        with self._turn:
            self._live_or_die(method)
            self.log.append(f"{method} {path}")
            failure = next((f for f in self._failures if f.takes(method, path)), None)
            if failure is not None and not failure.acts:
                return failure.reply
            reply = self._act(call)
            return failure.reply if failure is not None else reply

    def _live_or_die(self, method: str) -> None:
        if self._left is None or (method in READING and not self._dies_reading):
            return
        if self._left == 0:
            raise Killed
        self._left -= 1

    def _act(self, call: Call) -> Answer:
        method, path = call.method, call.path
        query = dict(parse_qsl(urlsplit(call.target).query))
        filters = json.loads(query.get("filters") or "{}")
        content = call.body if isinstance(call.body, bytes) else b"".join(call.body)
        is_json = call.headers.get("Content-Type") == "application/json"
        body = json.loads(content) if is_json else content or None
        for verb, pattern, handler in _ROUTES:
            match = re.fullmatch(pattern, path) if verb == method else None
            if match:
                name = match.group(1) if match.groups() else ""
                try:
                    return handler(self.host, name, Ask(query, body, filters))
                except RefusedError as refusal:
                    return refusal.status, {"message": refusal.message}
        return self._system(method, path)

    def _system(self, method: str, path: str) -> Answer:
        if (method, path) == ("GET", "/_ping"):
            return 200, b"OK"
        if (method, path) == ("GET", "/version"):
            return 200, {
                "Version": self.host.engine,
                "ApiVersion": self.host.api,
                "MinAPIVersion": self.host.oldest_api,
                "Os": "linux",
                "Arch": "amd64",
            }
        if (method, path) == ("GET", "/info"):
            return 200, self.info
        return 404, {"message": "page not found"}


class _FakeEvents(EventStream):
    """The events of a fake engine, from when it was entered."""

    def __init__(
        self, engine: FakeEngine, filters: Mapping[str, list[str]], since: float | None
    ) -> None:
        self._engine = engine
        self._filters = filters
        self._since = since
        self._next = 0

    def __enter__(self) -> EventStream:
        self._engine.request("GET", "/events", query={"filters": dict(self._filters)})
        self._next = 0 if self._since is not None else len(self._engine.host.events)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def until(self, seconds: float) -> Iterator[dict[str, Any]]:
        """The events so far that match the filters; does not wait."""
        events = self._engine.host.events
        while self._next < len(events):
            event = events[self._next]
            self._next += 1
            if event["time"] >= (self._since or 0) and self._matches(event):
                yield event

    def _matches(self, event: Json) -> bool:
        actor = event["Actor"]
        attributes = actor["Attributes"]
        for key, wanted in self._filters.items():
            if key == "label":
                found = has_labels(attributes, wanted)
            elif key == "type":
                found = event["Type"] in wanted
            elif key == "event":
                found = any(
                    event["Action"] == w or event["Action"].startswith(f"{w}:") for w in wanted
                )
            else:  # container, network, volume, image: by ID, its prefix, or name
                name = attributes.get("name")
                found = event["Type"] == key and any(
                    actor["ID"].startswith(w) or name == w for w in wanted
                )
            if not found:
                return False
        return True


def _events(host: FakeHost, _: str, ask: Ask) -> Answer:
    return 200, host.events


_ROUTES: list[tuple[str, str, Handler]] = [
    *fake_containers.ROUTES,
    *fake_networks.ROUTES,
    *fake_mounts.ROUTES,
    *fake_images.ROUTES,
    *fake_plugins.ROUTES,
    ("GET", "/events", _events),
]
