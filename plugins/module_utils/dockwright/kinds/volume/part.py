"""Volumes that a killed run left half made anew, put right before anything else is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...limits import UNDER_WAY
from ...model import Change
from ..part import Part
from .migration import KIND, Migration, change_of, is_of


class VolumePart(Part):
    """It only recovers: volumes of a document are objects of the engine."""

    kind = KIND

    def interrupted(self) -> Change | None:
        """What putting a killed run right will do; what is of another engine waits for its run."""
        host = self.site.host
        journal = host.journal(KIND)
        if not journal.is_there():
            return None
        record = journal.read()
        info = self._info()
        if info and is_of(record, info):
            # Check mode takes no lock: who holds it may be at this very work, or done with it.
            is_live = self.site.check and (host.lock().is_taken() or not journal.is_there())
            change = change_of(record)
            return change._replace(reason=UNDER_WAY) if is_live else change
        name, url = record["old"]["Name"], record["url"]
        why = "that engine does not answer" if not info else "this is another engine"
        self.site.warn(f"volume {name} of {url} is half made anew, and {why}: run against that one")
        return None

    def _info(self) -> Mapping[str, Any]:
        from ...errors import EngineTimeout, EngineUnreachable
        from ...reach import is_asleep

        engine, host = self.site.engine, self.site.host
        if engine is None or (self.site.check and is_asleep(engine.endpoint.url, host)):
            return {}
        try:
            return self.site.info
        except (EngineUnreachable, EngineTimeout):
            return {}

    def recover(self) -> bool:
        """Finish or undo it. Raises DockwrightError where that cannot be done."""
        from ...observe import facts_from

        engine = self.site.engine
        assert engine is not None
        facts = facts_from(self.site.info, engine)
        Migration(self.site.host, engine, facts, self.site.tell).recover()
        return True
