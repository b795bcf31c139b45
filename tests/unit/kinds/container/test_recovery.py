"""What a killed run left is read from names and labels alone."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright import owner
from dockwright.kinds.container.recovery import Journal, as_recovered, lost, recoveries

JOURNAL = Journal("old", True, {"Name": "always"}, True, ["v" * 64])


def listed(id: str, name: str, state: str = "running", **more: Any) -> dict[str, Any]:
    """An entry of the list of containers."""
    labels = {"new": {owner.REPLACES: JOURNAL.text()}, "copy": OURS, "labelled": OURS}.get(id, {})
    status = {"running": "Up 2 seconds", "created": "Created"}.get(state, "Exited (137) now")
    return {
        "Id": id,
        "Names": [f"/{name}"],
        "State": state,
        "Status": status,
        "Labels": labels,
    } | more


OURS = {owner.SERVICE: "web"}
NEW, OLD = "web.dockwright-new", "web.dockwright-old"


@pytest.mark.parametrize(
    ("listing", "survivor", "finish"),
    [
        # Created, the old one not yet stopped; stopped; out of the way.
        ([listed("old", "web"), listed("new", NEW, "created")], "old", False),
        ([listed("old", "web", "exited"), listed("new", NEW, "created")], "old", False),
        ([listed("old", OLD, "exited"), listed("new", NEW, "created")], "old", False),
        # The new one has the name, and does not run, is not healthy yet, runs, ran to a good end.
        ([listed("old", OLD, "exited"), listed("new", "web", "created")], "old", False),
        (
            [listed("old", OLD, "exited"), listed("new", "web", Status="Up (health: starting)")],
            "old",
            False,
        ),
        ([listed("old", OLD, "exited"), listed("new", "web")], "new", True),
        (
            [listed("old", OLD, "exited"), listed("new", "web", "exited", Status="Exited (0) now")],
            "new",
            True,
        ),
        # A copy stands in for one that cannot come back: needed only once that one was stopped.
        (
            [listed("old", "web"), listed("copy", OLD, "created"), listed("new", NEW, "created")],
            "old",
            False,
        ),
        (
            [listed("old", "web", "exited"), listed("copy", OLD), listed("new", NEW, "created")],
            "copy",
            False,
        ),
        ([listed("copy", OLD, "created"), listed("new", NEW, "created")], "copy", False),
        # Somebody removed the new one.
        ([listed("labelled", OLD, "exited")], "labelled", False),
        # A stranger has the spare name.
        (
            [listed("old", "web", "exited"), listed("x", OLD), listed("new", NEW, "created")],
            "old",
            False,
        ),
        # A volume of the old one is left.
        ([listed("new", "web")], "new", True),
    ],
)
def test_who_survives(listing: list[dict[str, Any]], survivor: str, finish: bool) -> None:
    (found,) = recoveries(listing, JOURNAL.drop).values()
    assert (found.name, found.survivor, found.finish) == ("web", survivor, finish)


def test_what_is_no_trace_of_ours() -> None:
    used = [{"Name": "v" * 64}]
    assert not recoveries([listed("old", "web"), listed("new", "mate")], ["other"])
    assert not recoveries([listed("new", "web"), listed("x", "x", Mounts=used)], JOURNAL.drop)
    assert not recoveries([listed("x", "web"), listed("y", NEW)])  # no journal on it
    assert not recoveries([listed("x", OLD, "exited")])
    assert not recoveries([listed("x", OLD, "exited"), listed("new", "web")])
    broken = {owner.REPLACES: "{"}
    assert not recoveries([listed("x", "web"), listed("y", NEW, Labels=broken)])


def test_ids_that_others_may_still_refer_to() -> None:
    assert lost([listed("new", "web")], ()) == {"old": "web"}
    half = [listed("old", OLD, "exited"), listed("new", "web")]
    assert lost(half, recoveries(half).values()) == {"old": "web"}
    undone = [listed("old", "web"), listed("new", NEW, "created")]
    assert lost(undone, recoveries(undone).values()) == {}


def test_the_answer_as_it_will_be() -> None:
    half = [listed("old", OLD, "exited"), listed("new", NEW, "created")]
    raw = {
        "Name": f"/{OLD}",
        "State": {"Running": False, "Status": "exited", "Health": {"Status": "unhealthy"}},
        "HostConfig": {"RestartPolicy": {"Name": "no"}},
    }
    seen = as_recovered(raw, recoveries(half)["web"])
    assert seen["Name"] == "/web"
    assert seen["State"]["Running"]
    assert "Health" not in seen["State"]
    assert seen["HostConfig"]["RestartPolicy"] == {"Name": "always"}
