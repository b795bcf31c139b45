"""What of a spec is done in the root of an image at once, and what waits for its first boot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from .kinds.daemon.have import has_content
from .kinds.registry_login import config as logins
from .kinds.registry_login.want import is_verified
from .kinds.storage.have import parsed
from .kinds.storage.want import StorageWant
from .model import Notice, Plan, Want

if TYPE_CHECKING:
    from .host.machine import Host
    from .spec import Document

NOW = ("storage", "firewall", "daemon", "registry_login")  # as far as files alone make these
# Notices of these are their own; those of any other kind are about the first boot.
OWN = ("firewall", "daemon")
_CONFIG = "/root/.docker/config.json"  # of the user that the first boot runs as
_LATER = "done at the first boot"
_NEEDED = f"needs an engine that runs: {_LATER}"


class Image:
    """One spec for an image: ``document`` is what is done or planned now, ``waits`` the rest of
    what belongs to the host."""

    def __init__(self, document: Document, host: Host) -> None:
        self.host = host
        self.waits: list[Notice] = []
        parts = dict(document.parts)
        if "storage" in parts:
            parts["storage"] = self._storage(parts["storage"])
        kept = self._logins(parts.pop("registry_login", {}))
        self.document = document._replace(
            parts={**parts, "registry_login": kept} if kept else parts
        )

    def _storage(self, want: StorageWant) -> StorageWant:
        """What no machine has to be asked for; nothing of it where an engine has run already."""
        config, _ = parsed(self.host)
        if has_content(self.host, config.get("data-root")):
            text = f"the image has content of an engine, which only runs take along: {_LATER}"
            self.waits.append(Notice("storage", "", "", text))
            return StorageWant(where=want.where)
        if want.driver is not None:
            text = f"what works there is told by kernel and file system of the machine: {_LATER}"
            self.waits.append(Notice("storage", "", "driver", text))
        return replace(want, driver=None, cleanup=False)

    def _logins(self, wants: Mapping[str, Want]) -> dict[str, Want]:
        """Those that nobody is asked for, with the file that is that of the user at the boot."""
        now = {}
        for name, want in wants.items():
            path = str(want.inputs.get("config_path") or _CONFIG)
            if is_verified(want):
                text = f"the registry is asked by an engine that runs: {_LATER}"
            elif self._has_helper(path, name):
                text = f"a credential helper of the image keeps it: {_LATER}"
            else:
                now[name] = want._replace(inputs={**want.inputs, "config_path": path})
                continue
            self.waits.append(Notice("registry_login", name, "", text))
        return now

    def _has_helper(self, path: str, name: str) -> bool:
        try:
            return bool(logins.helper_of(logins.parsed(self.host.files.read_text(path)), name))
        except logins.BadConfig:  # the login's own plan tells that
            return False

    def left(self, plan: Plan) -> Plan:
        """The plan of an image: what needs an engine is pending."""
        now = tuple(change for change in plan.changes if change.kind in NOW)
        waits = [
            Notice(change.kind, change.name, change.path, f"{change.action.value}: {_NEEDED}")
            for change in plan.changes
            if change.kind not in NOW
        ]
        return plan._replace(changes=now, pending=(*plan.pending, *waits, *self.waits))
