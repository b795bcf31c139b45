"""The fake engine: like the real one where plans look, and what tests can order from it.

That it answers as real engines do is shown in tests/engine/test_engine_edge.py.
"""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from dockwright.engine.client import Engine
from dockwright.engine.fake import FakeEngine, Killed
from dockwright.errors import EngineRefused


@pytest.fixture
def fake() -> FakeEngine:
    fake = FakeEngine()
    fake.add_image(
        "shop/web:1", config={"Cmd": ["web"], "Env": ["A=1", "B=2"], "Labels": {"i": "1"}}
    )
    return fake


def make(fake: FakeEngine, name: str, **body: object) -> str:
    """Create a container, return its ID."""
    return str(
        fake.post("/containers/create", {"Image": "shop/web:1", **body}, {"name": name})["Id"]
    )


def refusal(call: object, *args: object, **options: object) -> tuple[int, str]:
    with pytest.raises(EngineRefused) as caught:
        call(*args, **options)
    return caught.value.status, caught.value.message


def test_it_is_an_engine(fake: FakeEngine) -> None:
    assert isinstance(fake, Engine)
    assert fake.negotiate()[:2] == ("1.41", "20.10.24")
    assert fake.get("/info")["Driver"] == "overlay2"
    assert fake.log == ["GET /_ping", "GET /info"]
    newer = FakeEngine(api="1.55", version="29.6.0")
    assert (newer.api_version, newer.engine_version) == ("1.51", "29.6.0")


def test_29_has_its_images_in_containerd() -> None:
    """As 28.5 told to, in tests/engine/test_engine_edge.py; the oldest API as it is documented."""
    fake = FakeEngine(api="1.52", version="29.0.0")
    assert fake.get("/version")["MinAPIVersion"] == "1.44"
    assert FakeEngine(version="29.3.1").get("/version")["MinAPIVersion"] == "1.40"
    assert fake.get("/info")["DriverStatus"] == [["driver-type", "io.containerd.snapshotter.v1"]]
    identity = fake.add_image("shop/web:1")
    image = fake.get("/images/shop/web:1/json")
    assert image["Descriptor"]["digest"] == identity
    assert image["RepoDigests"] == [f"shop/web@{identity}"]
    make(fake, "web")
    status, words = refusal(fake.delete, "/images/shop/web:1")
    assert status == 409
    assert words.startswith("conflict: unable to delete shop/web:1 (must be forced)")


def test_unknown_paths(fake: FakeEngine) -> None:
    assert refusal(fake.get, "/nonsense") == (404, "page not found")


def test_defaults_are_filled(fake: FakeEngine) -> None:
    identity = make(fake, "web", Env=["A=9"], Labels={"x": "y"})
    seen = fake.get("/containers/web/json")
    host = seen["HostConfig"]
    assert seen["Id"] == identity
    assert host["ShmSize"] == 67108864
    assert host["RestartPolicy"] == {"Name": "", "MaximumRetryCount": 0}
    assert host["NetworkMode"] == "default"
    assert seen["Config"]["Env"] == ["A=9", "B=2"]
    assert seen["Config"]["Labels"] == {"i": "1", "x": "y"}
    assert seen["Config"]["Cmd"] == ["web"]
    modern = FakeEngine(api="1.51", version="28.5.2")
    modern.add_image("shop/web:1")
    make(modern, "web")
    host = modern.get("/containers/web/json")["HostConfig"]
    assert (host["RestartPolicy"]["Name"], host["NetworkMode"]) == ("no", "bridge")


def test_names_and_prefixes_as_the_engine_finds_them(fake: FakeEngine) -> None:
    fake.host.next_ids = ["8f11", "8f22"]
    first, second = make(fake, "one"), make(fake, "two")
    assert first.startswith("8f11")
    assert fake.get("/containers/8f1/json")["Name"] == "/one"
    assert refusal(fake.get, "/containers/8f/json")[0] == 400
    named = make(fake, "8f")
    assert fake.get("/containers/8f/json")["Id"] == named, "a name wins over a prefix"
    assert fake.get(f"/containers/{second}/json")["Name"] == "/two"


def test_create_and_rename_conflicts(fake: FakeEngine) -> None:
    identity = make(fake, "web")
    make(fake, "other")
    status, message = refusal(make, fake, "web")
    assert status == 409
    assert f'"/web" is already in use by container "{identity}"' in message
    rename = {"name": "web"}
    assert refusal(fake.post, "/containers/other/rename", query=rename)[0] == 409
    assert refusal(fake.post, "/containers/web/rename", query=rename)[0] == 400
    fake.post("/containers/web/rename", query={"name": "away"})
    assert fake.get("/containers/away/json")["Id"] == identity
    assert refusal(make, fake, "x")[0] == 400
    status, message = refusal(fake.post, "/containers/create", {"Image": "gone"})
    assert (status, message) == (404, "No such image: gone:latest")


def test_life_of_a_container(fake: FakeEngine) -> None:
    make(fake, "web", Healthcheck={"Test": ["CMD", "true"]})
    assert fake.request("POST", "/containers/web/start").status == 204
    assert fake.request("POST", "/containers/web/start").status == 304
    state = fake.get("/containers/web/json")["State"]
    assert (state["Running"], state["Health"]["Status"]) == (True, "healthy")
    assert refusal(fake.delete, "/containers/web")[0] == 409
    assert fake.request("POST", "/containers/web/stop").status == 204
    assert fake.request("POST", "/containers/web/stop").status == 304
    assert fake.get("/containers/json") == []
    listed = fake.get("/containers/json", {"all": True})
    assert [(item["Names"], item["State"]) for item in listed] == [(["/web"], "exited")]
    fake.delete("/containers/web")
    assert refusal(fake.get, "/containers/web/json") == (404, "No such container: web")


def test_list_filters(fake: FakeEngine) -> None:
    make(fake, "web", Labels={"project": "a"})
    make(fake, "webby", Labels={"project": "b"})

    def names(**filters: list[str]) -> list[str]:
        found = fake.get("/containers/json", {"all": True, "filters": filters})
        return sorted(item["Names"][0] for item in found)

    assert names() == ["/web", "/webby"]
    assert names(name=["web"]) == ["/web", "/webby"], "a pattern, not a name"
    assert names(name=["^/web$"]) == ["/web"]
    assert names(label=["project=b"]) == ["/webby"]
    assert names(label=["project"]) == ["/web", "/webby"]
    assert names(status=["running"]) == []


def test_update_leaves_what_is_empty(fake: FakeEngine) -> None:
    make(fake, "web", HostConfig={"Memory": 64 << 20, "PidsLimit": 5})
    update = {"Memory": 0, "CapAdd": ["ALL"], "PidsLimit": 0, "RestartPolicy": {"Name": "always"}}
    fake.post("/containers/web/update", update)
    host = fake.get("/containers/web/json")["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (64 << 20, 128 << 20, 0)
    assert host["CapAdd"] is None
    assert host["RestartPolicy"] == {"Name": "always", "MaximumRetryCount": 0}
    assert refusal(fake.post, "/containers/web/update", {"Memory": 512 << 20})[0] == 409


def test_volumes(fake: FakeEngine) -> None:
    make(fake, "web", Volumes={"/anon": {}}, HostConfig={"Binds": ["data:/data:ro", "/tmp:/t"]})
    mounts = {m["Destination"]: m for m in fake.get("/containers/web/json")["Mounts"]}
    assert {key: m["Type"] for key, m in mounts.items()} == {
        "/data": "volume",
        "/t": "bind",
        "/anon": "volume",
    }
    assert not mounts["/data"]["RW"]
    assert len(mounts["/anon"]["Name"]) == 64
    assert refusal(fake.delete, "/volumes/data")[0] == 409
    fake.delete("/containers/web", {"v": True})
    assert [v["Name"] for v in fake.get("/volumes")["Volumes"]] == ["data"], "anonymous ones only"
    fake.delete("/volumes/data")
    assert refusal(fake.get, "/volumes/data") == (404, "get data: no such volume")


def test_networks(fake: FakeEngine) -> None:
    fake.post("/networks/create", {"Name": "back", "Labels": {"a": "b"}})
    make(fake, "web", HostConfig={"NetworkMode": "back"})
    fake.post("/containers/web/start")
    seen = fake.get("/containers/web/json")["NetworkSettings"]["Networks"]
    assert list(seen) == ["back"]
    assert seen["back"]["Aliases"] == [fake.get("/containers/web/json")["Id"][:12]]
    assert [c["Name"] for c in fake.get("/networks/back")["Containers"].values()] == ["web"]
    assert refusal(fake.delete, "/networks/back")[0] == 403
    assert refusal(fake.post, "/networks/back/connect", {"Container": "web"})[0] == 403
    fake.post("/networks/bridge/connect", {"Container": "web"})
    fake.post("/networks/back/disconnect", {"Container": "web"})
    assert refusal(fake.post, "/networks/back/disconnect", {"Container": "web"})[0] == 500
    fake.delete("/networks/back")
    assert sorted(n["Name"] for n in fake.get("/networks")) == ["bridge", "host", "none"]


def test_start_finds_what_create_does_not(fake: FakeEngine) -> None:
    make(fake, "lost", HostConfig={"NetworkMode": "gone"})
    assert refusal(fake.post, "/containers/lost/start") == (404, "network gone not found")
    port = {"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}}
    make(fake, "first", HostConfig=port)
    make(fake, "second", HostConfig=port)
    fake.post("/containers/first/start")
    assert "already allocated" in refusal(fake.post, "/containers/second/start")[1]
    make(fake, "side", HostConfig={"NetworkMode": "container:first"})
    fake.post("/containers/side/start")
    identity = fake.get("/containers/first/json")["Id"]
    mode = fake.get("/containers/side/json")["HostConfig"]["NetworkMode"]
    assert mode == f"container:{identity}"


def test_behaviours(fake: FakeEngine) -> None:
    fake.behave("sick", health="unhealthy")
    fake.behave("short", exit=3)
    fake.behave("broken", start_error="no such device")
    make(fake, "sick", Healthcheck={"Test": ["CMD", "true"]})
    make(fake, "short")
    make(fake, "broken")
    with fake.events({"type": ["container"], "event": ["health_status", "die"]}) as events:
        fake.post("/containers/sick/start")
        fake.post("/containers/short/start")
        assert refusal(fake.post, "/containers/broken/start") == (500, "no such device")
        assert [event["Action"] for event in events.until(1)] == ["health_status: unhealthy", "die"]
        assert list(events.until(1)) == []
    assert fake.post("/containers/short/wait")["StatusCode"] == 3


def test_events_are_filtered(fake: FakeEngine) -> None:
    identity = make(fake, "web", Labels={"a": "b"})
    make(fake, "other")
    with (
        fake.events({"container": [identity]}) as by_id,
        fake.events({"label": ["a=b"]}) as by_label,
    ):
        fake.post("/containers/other/start")
        fake.post("/containers/web/start")
        assert [e["Action"] for e in by_id.until(0)] == ["start"]
        assert [e["Actor"]["ID"] for e in by_label.until(0)] == [identity]


def test_images(fake: FakeEngine) -> None:
    digest = "sha256:" + "d" * 64
    new = fake.offer_image("shop/web:1", digest=digest)
    old = fake.get("/images/shop/web:1/json")["Id"]
    assert fake.get("/distribution/shop/web:1/json")["Descriptor"]["digest"] == digest
    list(fake.stream("POST", "/images/create", query={"fromImage": "shop/web", "tag": "1"}))
    assert fake.get("/images/shop/web:1/json")["Id"] == new
    assert fake.get(f"/images/shop/web@{digest}/json")["Id"] == new
    assert fake.get(f"/images/{old}/json")["RepoTags"] == []
    assert fake.get(f"/images/{new[7:19]}/json")["Id"] == new
    fake.post("/images/shop/web:1/tag", query={"repo": "keep", "tag": "x"})
    assert fake.delete("/images/shop/web:1") == [{"Untagged": "shop/web:1"}]
    assert [i["Id"] for i in fake.get("/images/json", {"filters": {"reference": ["keep"]}})] == [
        new
    ]
    with pytest.raises(EngineRefused, match="manifest unknown"):
        list(fake.stream("POST", "/images/create", query={"fromImage": "gone", "tag": "1"}))
    make(fake, "web", Image="keep:x")
    assert refusal(fake.delete, "/images/keep:x")[0] == 409


def test_load(fake: FakeEngine) -> None:
    identity = "a" * 64
    files = {
        "manifest.json": [{"Config": f"{identity}.json", "RepoTags": ["app:2"], "Layers": []}],
        f"{identity}.json": {"config": {"Cmd": ["x"]}},
    }
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name, content in files.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    items = fake.stream("POST", "/images/load", body=io.BytesIO(tar.getvalue()))
    assert list(items) == [{"stream": "Loaded image: app:2\n"}]
    assert fake.get("/images/app:2/json")["Id"] == f"sha256:{identity}"
    with pytest.raises(EngineRefused, match="unexpected EOF"):
        list(fake.stream("POST", "/images/load", body=b"cut"))


def test_fail_on(fake: FakeEngine) -> None:
    identity = make(fake, "web")
    fake.fail_on("POST", "/containers/.*/start$", 500, "no space left", times=2)
    for _ in range(2):
        assert refusal(fake.post, f"/containers/{identity}/start") == (500, "no space left")
    fake.post("/containers/web/start")
    fake.fail_on("POST", "/stop", 500, "but it acted", acts=True)
    assert refusal(fake.post, "/containers/web/stop") == (500, "but it acted")
    assert not fake.get("/containers/web/json")["State"]["Running"]


def test_kill_after(fake: FakeEngine) -> None:
    fake.negotiate()
    fake.kill_after(1)
    identity = make(fake, "web")
    for _ in range(2):
        with pytest.raises(Killed):
            fake.post("/containers/web/start")
    fake.revive()
    assert fake.get("/containers/web/json")["Id"] == identity
    assert not fake.get("/containers/web/json")["State"]["Running"]
    fake.kill_after(0, writes_only=True)
    fake.get("/containers/web/json")
    with pytest.raises(Killed):
        fake.delete("/containers/web")
    assert not isinstance(Killed(), Exception)
    assert fake.writes == ["POST /containers/create"]


def test_answers_are_copies(fake: FakeEngine) -> None:
    body = {"Image": "shop/web:1", "Labels": {"a": "b"}}
    fake.post("/containers/create", body, {"name": "web"})
    body["Labels"]["a"] = "changed"
    fake.get("/containers/web/json")["Config"]["Labels"]["a"] = "changed"
    assert fake.get("/containers/web/json")["Config"]["Labels"]["a"] == "b"


def test_runs_are_alike() -> None:
    def ids() -> list[str]:
        fake = FakeEngine()
        fake.add_image("shop/web:1")
        return [make(fake, "one"), make(fake, "two")]

    assert ids() == ids()
