"""The root of an image: what is refused, what waits for the first boot, and what never gets out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockwright.first_boot import DONE, PROGRAM, SPEC, TARS, UNIT, UNIT_PATH, unit_text
from dockwright.host import image_root
from dockwright.host.commands import Completed
from dockwright.host.files import Files
from dockwright.host.image_root import ImageRunner, image_host
from dockwright.image_root import converge_image
from dockwright.report import title
from dockwright.spec import problems_of
from tests.hosts import machine
from tests.unit.image import ENABLED, Commands, shop, words


@pytest.mark.parametrize(
    ("breaks", "told"),
    [
        (lambda root: None, ""),
        (lambda root: (root / "usr/lib/systemd/systemd").unlink(), "has no systemd"),
        (lambda root: (root / "etc").rename(root / "etc2"), "is no root of a system"),
        (lambda root: root.rename(root.with_name("moved")), "there is no folder"),
    ],
)
def test_what_is_no_root(root: Path, commands: Commands, breaks: Any, told: str) -> None:
    breaks(root)
    report = converge_image({"daemon": {"debug": True}}, str(root), check=True)
    assert report.failed is bool(told), words(report)
    assert told in words(report)


def test_this_machine_is_no_image(commands: Commands) -> None:
    assert "is this machine itself" in words(converge_image({}, "/../", check=True))


def test_only_root_may(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_root.os, "geteuid", lambda: 1000)
    report = converge_image({}, str(root), check=True)
    assert "only root can" in words(report) and "sudo" in words(report)


def test_files_are_written_now_and_the_rest_waits(
    root: Path, commands: Commands, program: str
) -> None:
    spec = shop(daemon={"debug": True}, storage={"driver": "overlay2"})
    planned = converge_image(spec, str(root), program=program, check=True)
    assert not planned.failed, words(planned)
    assert not (root / "etc/docker").exists() and not (root / "var/lib/dockwright").exists()
    report = converge_image(spec, str(root), program=program)
    assert not report.failed, words(report)
    assert report.plan == planned.plan
    assert [title(change) for change in report.done] == [
        "update daemon: debug",
        f"create first_boot {PROGRAM}",
        f"create first_boot {SPEC}",
        f"create first_boot {UNIT_PATH}",
        f"update first_boot {UNIT}: enabled",
    ]
    waits = [(item.kind, item.name) for item in report.plan.pending]
    assert waits == [("image", "shop/web:1.4"), ("container", "web"), ("storage", "")]
    assert json.loads((root / "etc/docker/daemon.json").read_text()) == {"debug": True}
    kept = root / SPEC[1:]
    assert (kept.stat().st_mode & 0o777, json.loads(kept.read_text())) == (0o600, spec)
    again = converge_image(spec, str(root), program=program)
    assert (again.changed, again.failed, again.plan.changes) == (False, False, ())


def test_nothing_is_asked_of_the_machine_that_works(
    root: Path, commands: Commands, program: str
) -> None:
    (root / "run/systemd/system").mkdir(parents=True)  # as where /run and /proc are mounted there
    (root / "proc").symlink_to("/proc")
    (root / "run/docker.pid").write_text("1\n")
    converge_image(shop(daemon={"debug": True}), str(root), program=program)
    starts = {" ".join(argv[:2]) for argv in commands.ran}
    assert starts <= {f"chroot {root}", f"systemctl --root={root}"}


def test_a_failing_first_boot_is_seen_before_anything_is_written(
    root: Path, commands: Commands
) -> None:
    spec = shop(daemon={"debug": True})
    report = converge_image(spec, str(root))
    assert "the first boot needs" in words(report) and not report.changed
    spec["images"] = {"shop/web:1.4": {"load": "/nonexistent/web.tar"}}
    report = converge_image(spec, str(root), program="x")
    assert "images.shop/web:1.4.load: there is no file /nonexistent/web.tar" in words(report)
    report = converge_image({"containers": {"web": {"imagee": "x"}}}, str(root), program="x")
    assert "Did you mean 'image'" in words(report)
    assert not (root / "etc/docker").exists() and not (root / SPEC[1:]).exists()


def test_secrets_are_covered_where_a_spec_is_wrong(root: Path, commands: Commands) -> None:
    spec = shop(registries={"r.example.com": {"username": "ci", "password": "sesame-42", "x": 1}})
    spec["containers"]["web"]["environment"] = {"PASSWORD": ["sesame-43"]}
    said = words(converge_image(spec, str(root), program="x", check=True))
    assert "registries" in said and "sesame" not in said


def test_tars_come_along_and_go_again(
    root: Path, commands: Commands, program: str, tmp_path: Path
) -> None:
    names = {}
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "web.tar.gz").write_text(folder)
        names[f"shop/{folder}:1"] = {"load": str(tmp_path / folder / "web.tar.gz")}
    (root / "srv").mkdir()
    (root / "srv/there.tar").write_text("there")
    names["shop/there:1"] = {"load": "/srv/there.tar"}
    report = converge_image({"images": names}, str(root), program=program)
    assert not report.failed, words(report)
    kept = json.loads((root / SPEC[1:]).read_text())["images"]
    assert kept == {
        "shop/one:1": {"load": f"{TARS}/web.tar.gz"},
        "shop/two:1": {"load": f"{TARS}/web-2.tar.gz"},
        "shop/there:1": {"load": "/srv/there.tar"},
    }
    assert (root / TARS[1:] / "web-2.tar.gz").read_text() == "two"
    assert not converge_image({"images": names}, str(root), program=program).changed

    (tmp_path / "one/web.tar.gz").write_text("another")
    (root / DONE[1:]).write_text("")
    del names["shop/two:1"]
    report = converge_image({"images": names}, str(root), program=program)
    assert [title(change) for change in report.done] == [
        f"update first_boot {TARS}/web.tar.gz",
        f"update first_boot {SPEC}",
        f"delete first_boot {TARS}/web-2.tar.gz",
        f"delete first_boot {DONE}",
    ]
    assert (root / TARS[1:] / "web.tar.gz").read_text() == "another"

    report = converge_image({"daemon": {"debug": True}}, str(root), program=program)
    assert not report.failed and not report.plan.pending
    left = [
        path
        for path in (SPEC, UNIT_PATH, PROGRAM, f"/{ENABLED}/{UNIT}")
        if (root / path[1:]).exists()
    ]
    assert left == [] and list((root / TARS[1:]).iterdir()) == []
    assert not converge_image({"daemon": {"debug": True}}, str(root), program=program).changed


def test_links_do_not_lead_out(
    root: Path, commands: Commands, program: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("etc/docker", "etc/dockwright", "usr/local", "var/lib/dockwright"):
        (root / name).symlink_to(outside)
    (root / str(outside)[1:]).mkdir(parents=True)
    report = converge_image(shop(daemon={"debug": True}), str(root), program=program)
    assert not report.failed, words(report)
    assert list(outside.iterdir()) == []
    assert (root / str(outside)[1:] / "daemon.json").exists()


def test_flags_of_the_unit_are_read_from_its_files(root: Path, commands: Commands) -> None:
    host = image_host(str(root))
    assert host.service.flags() == ["-H", "fd://", "--log-level=warn"]
    assert host.service.binary() == "/usr/sbin/dockerd"
    assert (host.service.state(), host.service.main_pid()) == ("inactive", None)
    refused = converge_image({"daemon": {"log-level": "info"}}, str(root), check=True)
    assert "/etc/default/docker, line 1" in words(refused)
    spec = {"daemon": {"log-level": "info"}, "manage_unit": True}
    report = converge_image(spec, str(root))
    assert not report.failed, words(report)
    drop_in = root / "etc/systemd/system/docker.service.d/zz-dockwright.conf"
    assert "ExecStart=/usr/sbin/dockerd -H fd://\n" in drop_in.read_text()
    assert not converge_image(spec, str(root)).changed
    host = image_host(str(root))
    assert host.service.flags() == ["-H", "fd://"]


def test_the_validator_of_the_image_decides(root: Path, commands: Commands) -> None:
    said = "unable to configure the Docker daemon with file /x: nonsense"
    commands.version = Completed((), 0, "Docker version 26.1.5, build x", "")
    assert converge_image({"daemon": {"debug": True}}, str(root)).done
    asked = [argv for argv in commands.ran if "--validate" in argv]
    assert asked == [
        [
            *("chroot", str(root), "/usr/sbin/dockerd", "-H", "fd://", "--log-level=warn"),
            *("--validate", "--config-file", "/etc/docker/.daemon.json.candidate"),
        ]
    ]
    commands.version = Completed((), 1, "Docker version 26.1.5, build x", said)
    report = converge_image({"daemon": {"debug": False}}, str(root))
    assert "nonsense" in words(report) and not report.changed


@pytest.mark.parametrize("status", [126, 127])
def test_a_daemon_that_does_not_run_here_is_told(
    root: Path, commands: Commands, status: int
) -> None:
    commands.version = Completed((), status, "", "chroot: failed to run command")
    report = converge_image({"daemon": {"debug": True}}, str(root))
    assert report.done and not report.failed
    assert any("no engine is installed" in text for text in report.plan.warnings)


def test_what_waits_is_planned_for_the_engine_in_the_image(
    root: Path, commands: Commands, program: str
) -> None:
    spec = shop(daemon={"debug": True})
    spec["containers"]["web"]["annotations"] = {"com.example.a": "b"}
    commands.version = Completed((), 0, "Docker version 20.10.24, build x", "")
    report = converge_image(spec, str(root), program=program)
    assert "annotations: needs Engine API 1.43, this engine has 1.41" in words(report)
    assert not (root / "etc/docker").exists() and not (root / SPEC[1:]).exists()
    commands.version = Completed((), 0, "Docker version 26.1.5, build x", "")
    assert not converge_image(spec, str(root), program=program).failed


def test_the_firewall_is_for_the_next_boot(root: Path, commands: Commands) -> None:
    spec = {"firewall": {"default": "drop", "host_ports": [22]}}
    report = converge_image(spec, str(root))
    assert "there is no iptables in the image" in words(report)
    (root / "usr/sbin/iptables").write_text("")
    (root / "usr/sbin/iptables").chmod(0o755)
    spec["firewall"]["allow"] = [{"port": 443, "interface": "eth7"}]  # it may have one
    report = converge_image(spec, str(root))
    assert not report.failed, words(report)
    assert [change.path for change in report.done] == ["boot"]
    assert "443" in (root / "etc/dockwright/firewall/current/rules.4").read_text()


def test_nothing_is_started_in_an_image(root: Path, commands: Commands) -> None:
    run = ImageRunner(Files(str(root)))
    assert run(["systemctl", "start", "docker"]).returncode == 1
    assert run(["systemctl", "daemon-reload"]).returncode == 0
    assert run(["iptables-save"]).returncode == 127
    assert commands.ran == []


def test_units_are_enabled_by_the_image_where_this_machine_cannot(
    root: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_root.shutil, "which", lambda name: None)
    ImageRunner(Files(str(root)))(["systemctl", "enable", "x.service"])
    assert commands.ran == [["chroot", str(root), "systemctl", "enable", "x.service"]]


def test_the_specs_of_the_examples_are_good() -> None:
    page = (machine.CHECKOUT / "docs/cloud-images.md").read_text()
    block = page.split("<!-- file: image.yml -->\n```yaml\n")[1].split("```")[0]
    user_data = (machine.CHECKOUT / "examples/cloud-init/user-data").read_text()
    files = {item["path"]: item["content"] for item in yaml.safe_load(user_data)["write_files"]}
    for text in (block, files[SPEC]):
        assert problems_of(yaml.safe_load(text)) == ()


def test_the_unit_of_the_examples_is_ours() -> None:
    user_data = (machine.CHECKOUT / "examples/cloud-init/user-data").read_text()
    files = {item["path"]: item["content"] for item in yaml.safe_load(user_data)["write_files"]}
    assert files[UNIT_PATH].rstrip() == unit_text().rstrip()
    assert SPEC in files and PROGRAM in user_data


def test_two_tars_do_not_share_a_place(
    root: Path, commands: Commands, program: str, tmp_path: Path
) -> None:
    (root / TARS[1:]).mkdir(parents=True)
    (root / TARS[1:] / "web.tar").write_text("in the image")
    (tmp_path / "web.tar").write_text("here")
    images = {
        "shop/a:1": {"load": f"{TARS}/web.tar"},
        "shop/b:1": {"load": str(tmp_path / "web.tar")},
    }
    report = converge_image({"images": images}, str(root), program=program)
    assert not report.failed, words(report)
    assert (root / TARS[1:] / "web.tar").read_text() == "in the image"
    assert (root / TARS[1:] / "web-2.tar").read_text() == "here"


def test_the_spec_that_waits_says_the_same_to_yaml(
    root: Path, commands: Commands, program: str
) -> None:
    odd = "a\x85b\x7fc\u2028d\ufeffe\u00e9"
    spec = {"containers": {"web": {"image": "shop/web:1.4", "labels": {"odd": odd}}}}
    report = converge_image(spec, str(root), program=program)
    assert not report.failed, words(report)
    assert yaml.safe_load((root / SPEC[1:]).read_text()) == spec


def test_values_of_an_env_file_are_covered(root: Path, commands: Commands, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_TOKEN=s3cr3t-hunter2-xyz\n")
    compose = tmp_path / "compose.yml"
    compose.write_text('services: {web: {image: "web:1", ports: ["${API_TOKEN}:80"]}}')
    report = converge_image({"compose": str(compose)}, str(root), check=True)
    assert report.failed
    assert "s3cr3t-hunter2-xyz" not in words(report)
