"""Which anonymous volumes are lost with a plan, and which are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from dockwright.errors import PlanRefused
from dockwright.kinds.container.handover import stuck
from dockwright.kinds.container.losses import Scene, weigh
from dockwright.limits import CONSENTED, refuse_beyond
from dockwright.model import Action, Cause, Change, Disruption, Have, Plan, Want

VOLUME = "a" * 64
IMAGE = "sha256:1"


def have(name: str, volume: str = VOLUME, **host: Any) -> Have:
    """A running container with a volume at /data that the image or the spec gave it."""
    raw = {
        "Name": f"/{name}",
        "Names": [f"/{name}"],
        "State": {"Running": True},
        "HostConfig": host,
        "Config": {"Volumes": {} if host.get("VolumesFrom") else {"/data": {}}},
        "Mounts": [{"Type": "volume", "Name": volume, "Destination": "/data"}],
    }
    return Have("container", name, f"id-{name}", {"image": IMAGE}, raw=raw)


def scene(haves: Iterable[Have], **more: Any) -> Scene:
    """These containers, declared without mounts, on an image without volumes."""
    haves = tuple(haves)
    wants = {h.name: Want("container", h.name, f"containers.{h.name}") for h in haves}
    listing = tuple(h.raw for h in haves)
    found = Scene({h.name: h for h in haves}, listing, wants, {IMAGE: {}}, consent=False)
    return found._replace(**more)


def delete(name: str, reason: str) -> Change:
    return Change("container", name, Action.DELETE, reason=reason, disruption=Disruption.REPLACE)


def swap(name: str, after: Any = None) -> Change:
    before = {"type": "volume"}
    values = ("volumes./data", before, after, "", Cause.SPEC, Disruption.REPLACE)
    return Change("container", name, Action.REPLACE, *values)


def destroyed(changes: Iterable[Change]) -> list[str]:
    return [c.name for c in changes if c.disruption is Disruption.DESTROY and "/data" in c.reason]


def test_who_asks_for_it_loses_it() -> None:
    for change in (delete("web", CONSENTED), swap("web"), swap("web", {"type": "tmpfs"})):
        changes, warnings = weigh([change], scene([have("web")]))
        assert destroyed(changes) == ["web"]
        assert not warnings
        refuse_beyond(Plan(tuple(changes)), None)
        with pytest.raises(PlanRefused, match="/data"):
            refuse_beyond(Plan(tuple(changes)), Disruption.REPLACE)


def test_what_purge_and_a_new_image_leave_is_kept() -> None:
    image = {IMAGE: {"Volumes": {"/data": {}}}}
    for change in (delete("web", "is not in the spec"), swap("web")):
        changes, warnings = weigh([change], scene([have("web")], configs=image))
        assert changes == [change]
        assert "/data" in warnings[0]
        assert VOLUME in warnings[0]
        changes, warnings = weigh([change], scene([have("web")], configs=image, consent=True))
        assert destroyed(changes) == ["web"]
        assert not warnings


def test_it_is_not_lost_while_another_has_it() -> None:
    both = have("web"), have("mate", VolumesFrom=["web"])
    gone = delete("web", CONSENTED)
    assert weigh([gone], scene(both)) == ([gone], [])
    last = delete("mate", CONSENTED)
    assert destroyed(weigh([gone, last], scene(both))[0]) == ["web", "mate"]
    named = Want("container", "b", "", {"volumes": {"/x": {"type": "volume", "source": VOLUME}}})
    assert weigh([gone], scene(both[:1], wants={"b": named})) == ([gone], [])


def test_what_stays_anonymous_is_carried_over() -> None:
    readable = swap("web", {"type": "volume", "read_only": True})
    assert weigh([readable], scene([have("web")])) == ([readable], [])


def test_one_that_removes_itself_is_refused() -> None:
    one = have("web", AutoRemove=True)
    changes, _ = weigh([delete("web", "is not in the spec")], scene([one]))
    assert destroyed(changes) == ["web"]
    with pytest.raises(PlanRefused):
        refuse_beyond(Plan(tuple(changes)), None)


def test_ports_that_pass_over() -> None:
    def want(name: str, port: int, *after: str) -> Want:
        fields = {"ports": {"80/tcp": [f":{port}"]}}
        return Want("container", name, "", fields, {"depends_on": dict.fromkeys(after)})

    def holds(name: str, port: int) -> Have:
        return have(name)._replace(fields={"ports": {"80/tcp": [f":{port}"]}})

    haves = {"a": holds("a", 1), "b": holds("b", 2)}
    assert stuck({"a": want("a", 2), "b": want("b", 3)}, haves, "ab") == []
    assert stuck({"a": want("a", 2), "b": want("b", 1)}, haves, "ab") == [("b", "a")]
    assert stuck({"a": want("a", 2), "b": want("b", 3, "a")}, haves, "ab") == [("a", "b")]
