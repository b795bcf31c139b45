"""The test hosts themselves: real engines of the versions we promise, fit to prove things on."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time

from tests.hosts import TINY, TestHost, engine_clean, push, reset_daemon, start_registry, tiny_tar


def test_version_is_the_promised_one(any_host: TestHost) -> None:
    assert any_host.engine_version.startswith(any_host.recipe.engine)


def test_container_runs_and_is_limited(clean_host: TestHost) -> None:
    with contextlib.closing(clean_host.sdk()) as client:
        script = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max"
        out = client.containers.run(
            TINY, ["sh", "-c", f"{script} 2>/dev/null; true"], mem_limit="64m"
        )
        assert out.split() == [b"67108864"]


def test_published_port_is_reachable(clean_host: TestHost) -> None:
    with contextlib.closing(clean_host.sdk()) as client:
        client.containers.run(
            TINY, ["httpd", "-f", "-p", "80", "-h", "/www"], detach=True, ports={"80/tcp": 8080}
        )
    inside = [
        "curl",
        "-sS",
        "--retry",
        "5",
        "--retry-connrefused",
        "-m",
        "5",
        "http://localhost:8080/",
    ]
    assert clean_host.exec(inside).stdout == "hello from busybox\n"
    outside = [*inside[:-1], f"http://{clean_host.address}:8080/"]
    assert subprocess.check_output(outside, text=True) == "hello from busybox\n"


def test_containers_find_each_other_by_name(clean_host: TestHost) -> None:
    with contextlib.closing(clean_host.sdk()) as client:
        client.networks.create("back")
        httpd = ["httpd", "-f", "-p", "80", "-h", "/www"]
        client.containers.run(TINY, httpd, detach=True, name="web", network="back")
        out = client.containers.run(TINY, ["wget", "-qO-", "http://web/"], network="back")
        assert out == b"hello from busybox\n"


def test_events_stream_and_attach_work_over_the_machines_socket(clean_host: TestHost) -> None:
    """Streams and hijacked connections pass; nothing stands between the machine and the engine."""
    with contextlib.closing(clean_host.sdk()) as client:
        container = client.containers.create(TINY, ["cat"], stdin_open=True)
        events = client.events(decode=True, filters={"container": container.id})
        seen: list[str] = []
        reader = threading.Thread(
            target=lambda: seen.extend(e["Action"] for e in events), daemon=True
        )
        reader.start()
        stream = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
        container.start()
        os.write(stream.fileno(), b"through\n")
        assert os.read(stream.fileno(), 100).endswith(b"through\n")
        stream.close()
        container.kill()
        container.wait(timeout=10)
        container.remove()
        events.close()
        reader.join(10)
    assert {"attach", "start", "die"} <= set(seen)


def test_daemon_reloads_and_restarts_under_systemd(any_host: TestHost) -> None:
    try:
        any_host.write("/etc/docker/daemon.json", json.dumps({"labels": ["rack=7"]}))
        any_host.exec(["systemctl", "reload", "docker"])
        with contextlib.closing(any_host.sdk()) as client:
            # A reload is a signal: nobody waits for it to be done.
            deadline = time.monotonic() + 60
            while client.info()["Labels"] != ["rack=7"] and time.monotonic() < deadline:
                time.sleep(0.05)
            assert client.info()["Labels"] == ["rack=7"]
            any_host.write("/etc/docker/daemon.json", json.dumps({"log-driver": "local"}))
        any_host.restart_engine()
        with contextlib.closing(any_host.sdk()) as client:
            assert client.info()["LoggingDriver"] == "local"
    finally:
        reset_daemon(any_host)
    with contextlib.closing(any_host.sdk()) as client:
        assert client.info()["LoggingDriver"] == "json-file"


def test_broken_daemon_can_be_reset(any_host: TestHost) -> None:
    any_host.write("/etc/docker/daemon.json", "{broken")
    assert not any_host.restart_engine(check=False)
    reset_daemon(any_host)
    with contextlib.closing(any_host.sdk()) as client:
        assert client.ping()


def test_registry_serves_push_and_pull(clean_host: TestHost) -> None:
    registry = start_registry(clean_host)
    clean_host.load_tiny("dockwright/smoke:1", Labels={"smoke": "1"})
    pushed = push(clean_host, "dockwright/smoke:1", "smoke:1")
    assert pushed.reference == f"{registry}/smoke:1"
    with contextlib.closing(clean_host.sdk()) as client:
        client.images.remove("dockwright/smoke:1")
        assert client.api.images(pushed.reference) == []
        client.images.pull(pushed.reference)
        image = client.images.get(pushed.reference)
        assert image.labels == {"smoke": "1"}
        assert image.attrs["RepoDigests"] == [f"{registry}/smoke@{pushed.digest}"]
        client.images.remove(pushed.reference)


def test_core_runs_in_the_host(any_host: TestHost) -> None:
    out = any_host.core(["-c", "from dockwright.version import VERSION; print(VERSION)"]).stdout
    assert out.strip()


def test_ssh_reaches_the_engine(any_host: TestHost) -> None:
    path = f"{any_host.ssh_path}:{os.environ['PATH']}"
    command = ["ssh", any_host.address, "docker", "system", "dial-stdio"]
    request = "GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"
    done = subprocess.run(
        command,
        input=request,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.startswith("HTTP/1.1 200 OK"), done.stderr


def test_clean_removes_everything_but_images(host26: TestHost) -> None:
    with contextlib.closing(host26.sdk()) as client:
        client.networks.create("left")
        client.volumes.create("left")
        client.containers.run(
            TINY, ["sleep", "1000"], detach=True, network="left", volumes=["left:/x", "/y"]
        )
        engine_clean(host26)
        assert client.containers.list(all=True) == []
        assert client.volumes.list() == []
        assert {n.name for n in client.networks.list()} == {"bridge", "host", "none"}
        assert client.images.get(TINY)


def test_tiny_image_is_the_same_everywhere(
    host20: TestHost, host26: TestHost, host28: TestHost
) -> None:
    assert tiny_tar() == tiny_tar()
    ids = set()
    for host in (host20, host26, host28):
        with contextlib.closing(host.sdk()) as client:
            ids.add(client.images.get(TINY).id)
    assert len(ids) == 1


def test_leftovers_of_a_killed_run_are_removed(host20: TestHost) -> None:
    script = (
        "import os, signal, tests.hosts as h;"
        "host = h.start_host('debian-12'); print(host.name, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=600
    )
    name = killed.stdout.strip()
    assert name, killed.stderr  # it was up; another run of tests may have tidied up by now
    listed = ["docker", "ps", "--all", "--quiet", "--filter"]
    tidy = "from tests.hosts.host import remove_leftovers; remove_leftovers()"
    subprocess.run([sys.executable, "-c", tidy], check=True, timeout=300)
    assert not subprocess.check_output([*listed, f"name={name}"])
    assert subprocess.check_output([*listed, f"name={host20.name}"])
