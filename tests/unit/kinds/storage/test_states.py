"""How a container had ended, given to the one that is made of it; and the order of making them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dockwright.host.files import Files
from dockwright.kinds.container.have import from_inspect
from dockwright.kinds.storage.restore import in_order
from dockwright.kinds.storage.states import carry_over
from dockwright.model import EngineFacts

OLD, NEW = "a" * 64, "b" * 64
ENDED = {"Running": False, "ExitCode": 3, "StartedAt": "2026-01-01T00:00:00Z", "Pid": 0}
NEVER = {"Running": False, "ExitCode": 0, "StartedAt": "0001-01-01T00:00:00Z"}


def carried(
    tmp_path: Path, state: dict[str, Any], policy: str = "no", *, running: bool = False
) -> dict[str, Any]:
    files = Files(str(tmp_path))
    for id, content in ((OLD, {"State": state, "HasBeenStartedBefore": True}), (NEW, {})):
        files.make_directory(f"/d/containers/{id}")
        text = json.dumps({"ID": id, "State": NEVER, **content})
        files.write_atomic(f"/d/containers/{id}/config.v2.json", text)
    files.write_atomic(f"/d/containers/{OLD}/{OLD}-json.log", "said\n")
    host = {"RestartPolicy": {"Name": policy}}
    definition = {"raw": {"Id": OLD, "HostConfig": host}, "running": running}
    carry_over(files, "/d", "/d", definition, NEW)
    assert files.read_text(f"/d/containers/{NEW}/{NEW}-json.log") == "said\n"
    return dict(json.loads(files.read_text(f"/d/containers/{NEW}/config.v2.json") or ""))


def test_one_that_has_ended_has_ended(tmp_path: Path) -> None:
    found = carried(tmp_path, {**ENDED, "Pid": 7})
    assert found["State"] == ENDED | {"Paused": False, "Restarting": False, "Dead": False}
    assert found["HasBeenStartedBefore"]
    assert found["ID"] == NEW
    assert found["LogPath"] == f"/d/containers/{NEW}/{NEW}-json.log"


def test_one_that_ran_is_started_by_us(tmp_path: Path) -> None:
    assert carried(tmp_path, {**ENDED, "Running": True}, running=True)["State"] == NEVER


def test_one_that_never_ran_never_did(tmp_path: Path) -> None:
    assert carried(tmp_path, NEVER)["State"] == NEVER


def test_one_that_was_stopped_is_not_started_by_the_engine(tmp_path: Path) -> None:
    assert not carried(tmp_path, ENDED, "always")["HasBeenStartedBefore"]


def test_who_shares_comes_later_and_fixed_addresses_first() -> None:
    def raw(name: str, **host: Any) -> dict[str, Any]:
        return {"Id": name, "Name": f"/{name}", "HostConfig": host, "State": {}, "Config": {}}

    fixed = raw("fixed")
    fixed["NetworkSettings"] = {"Networks": {"n": {"IPAMConfig": {"IPv4Address": "10.0.0.2"}}}}
    raws = [raw("a", NetworkMode="container:b"), raw("b", PidMode="container:c"), raw("c"), fixed]
    haves = {r["Id"]: from_inspect(r, EngineFacts(), {}) for r in raws}
    assert in_order([{"name": r["Id"]} for r in raws], haves) == ["fixed", "c", "b", "a"]
