"""One change of an image: what has to be done for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from ...engine.client import Engine
from ...model import Action, Change, Want
from ...named_tuple import NamedTuple
from . import apply as image
from .have import Edges as Asked
from .have import ImageHave

if TYPE_CHECKING:
    from ...observe import Edges


class Work(NamedTuple):
    """Carries out changes of images."""

    engine: Engine
    edges: Edges
    progress: Callable[[str], None]

    def do(self, want: Want, have: ImageHave, change: Change) -> None:
        """Carry out one change. Raises ApplyFailed."""
        from . import building, importing, names, saving, verifying  # few runs need them

        engine, edges = self.engine, self.edges
        name = change.path.partition(".")[2]
        if change.action is Action.DELETE:
            image.remove(engine, want)
        elif change.action is Action.LOAD:
            image.load(engine, want, edges.open_file, self.progress)
        elif change.action is Action.BUILD:
            if have.args_mark:
                edges.build_site.memory.keep_key()
            building.build(engine, want, have, edges.build_site, self.progress)
        elif change.action is Action.IMPORT:
            importing.bring(engine, want, edges.build_site.real_path, self.progress)
        elif change.action is Action.SAVE:
            saving.save(engine, want, edges.build_site.real_path, self.progress)
        elif change.action is Action.TAG:
            names.tag(engine, want, name)
        elif change.action is Action.PUSH:
            names.push(Asked(engine, edges.credentials), want, name, self.progress)
        elif want.inputs.get("verify"):
            asked = Asked(engine, edges.credentials, site=edges.build_site)
            verifying.pull(asked, want, self.progress)
        else:
            image.pull(engine, want, edges.credentials, self.progress)
