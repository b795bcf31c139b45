"""Our NamedTuple is typing's, but for the time that declaring one takes."""

from __future__ import annotations

import pickle
import sys
import types
import typing
from typing import Any

import pytest

from dockwright import named_tuple


class Row:
    """A row."""

    name: str
    size: int = 3
    parts: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """The name and the size."""
        return f"{self.name} {self.size}"

    @classmethod
    def of(cls, name: str) -> Any:
        """One of this name."""
        made: Any = cls
        return made(name)


def declared(name: str, base: Any) -> Any:
    """What the class statement of ``Row`` makes of this base."""
    body = {key: item for key, item in vars(Row).items() if key not in OF_CLASSES}
    return types.new_class(name, (base,), exec_body=lambda space: space.update(body))


OF_CLASSES = ("__dict__", "__weakref__")
Typed = declared("Typed", typing.NamedTuple)
Ours = declared("Ours", named_tuple.NamedTuple)


class Bare(named_tuple.NamedTuple):
    name: str


KINDS = [pytest.param(Typed, id="typing"), pytest.param(Ours, id="ours")]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_named_tuple(kind: Any) -> None:
    row = kind("web")
    assert row == ("web", 3, ()) == kind(name="web", size=3) == kind.of("web")
    assert (row.name, row[1], row.whole) == ("web", 3, "web 3")
    assert row._replace(size=4)._asdict() == {"name": "web", "size": 4, "parts": ()}
    assert repr(row) == f"{kind.__name__}(name='web', size=3, parts=())"
    assert (kind._fields, kind._field_defaults) == (
        ("name", "size", "parts"),
        {"size": 3, "parts": ()},
    )
    assert (kind.__doc__, kind.__module__, kind.__qualname__) == (
        "A row.",
        __name__,
        kind.__name__,
    )
    assert kind.__annotations__.keys() == {"name", "size", "parts"}
    assert not hasattr(row, "__dict__")
    for wrong in ({}, {"name": "a", "sise": 1}):
        with pytest.raises(TypeError):
            kind(**wrong)
    with pytest.raises(AttributeError):
        row.name = "db"


def test_one_without_defaults_and_words() -> None:
    kind: Any = Bare
    assert kind("web")._asdict() == {"name": "web"}
    with pytest.raises(TypeError):
        kind()


@pytest.mark.parametrize("kind", KINDS)
def test_it_can_be_pickled(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Salt and multiprocessing do."""
    monkeypatch.setitem(sys.modules, __name__, typing.cast(Any, _Here))
    assert pickle.loads(pickle.dumps(kind("web"))) == kind("web")


class _Here:
    """Stands for this module, which a test run imports without a name of its own."""

    Typed, Ours = Typed, Ours
