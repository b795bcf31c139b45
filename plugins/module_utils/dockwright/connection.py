"""Where the engine is, as a front end's options say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .engine.endpoint import Endpoint, resolve
from .named_tuple import NamedTuple
from .options import parse
from .run_options import CONNECTION


class Connection(NamedTuple):
    """Where the engine is; what is left out is found as the docker command finds it.

    ``timeout`` is the longest wait for one answer, in seconds.
    """

    docker_host: str | None = None
    context: str | None = None
    tls_verify: bool | None = None
    cert_path: str | None = None
    timeout: float = 60.0

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Connection:
        """The connection in a front end's options. Raises SpecError for bad values."""
        names = [row.name for row in CONNECTION]
        parsed = parse(CONNECTION, {name: params.get(name) for name in names}, "")
        if "timeout" in parsed:
            parsed["timeout"] = parsed["timeout"] / 10**9
        return cls(**parsed)

    def endpoint(self) -> Endpoint:
        """The engine's address. Raises SpecError."""
        return resolve(
            self.docker_host,
            tls_verify=self.tls_verify,
            cert_path=self.cert_path,
            context=self.context,
        )
