"""Volumes that a killed run left half made anew, put right before anything else is looked at."""

from __future__ import annotations

from ...model import Change
from ..part import Part
from .migration import KIND, Migration, change_of


class VolumePart(Part):
    """It only recovers: volumes of a document are objects of the engine."""

    kind = KIND

    def interrupted(self) -> Change | None:
        """What putting a killed run right will do."""
        journal = self.site.host.journal(KIND)
        return change_of(journal.read()) if journal.is_there() else None

    def recover(self) -> None:
        """Finish or undo it. Raises DockwrightError where that cannot be done."""
        from ...errors import EngineUnreachable
        from ...observe import facts_from

        engine = self.site.engine
        if engine is None:
            raise EngineUnreachable("a volume that is half made anew needs the engine")
        facts = facts_from(self.site.info, engine)
        Migration(self.site.host, engine, facts, self.site.tell).recover()
