"""The Puppet module under the distribution's puppet-agent: noop, change, clean, drift, failure."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docs.pages import blocks
from tests.docs.site import IMAGES
from tests.engine.ruby_host import MODULES, fresh, puppet, ruby_host, starts
from tests.hosts import TestHost, machine, tiny

RECIPES = ["debian-13-ruby", pytest.param("debian-12-ruby", marks=pytest.mark.full)]
SERVE = ["serve --json --quiet"]
SECRETS = ("hidden-environment", "hidden-label", "hidden-password", "hidden-in-spec")
WEB = f"""
dockwright_container {{ 'web':
  image             => '{tiny.TINY}',
  command           => 'sleep 86400',
  networks          => ['back'],
  volumes           => ['data:/data'],
  environment       => Sensitive({{'PASSWORD' => 'hidden-environment', 'MODE' => 'a'}}),
  labels            => {{'note' => Sensitive('hidden-label')}},
  mem_limit         => '%s',
  stop_grace_period => '0s',
}}
"""
# The network and the volume stand after what needs them: the order is the module's.
SITE = f"""{WEB}
dockwright_network {{ 'back': internal => true }}
dockwright_volume {{ 'data': }}
"""
BAD = f"""
dockwright_container {{ 'bad':
  image   => '{tiny.TINY}',
  command => Sensitive(['run', 'hidden-password', '--']),
  ports   => ['hidden-password:80'],
}}
notify {{ 'after bad': require => Dockwright_container['bad'] }}
"""


@pytest.fixture(scope="module", params=RECIPES)
def host(request: pytest.FixtureRequest) -> Iterator[TestHost]:
    with ruby_host(request.param) as host:
        yield host


@pytest.fixture
def empty(host: TestHost) -> TestHost:
    fresh(host)
    return host


def seen(host: TestHost) -> dict[str, Any]:
    """What is on the engine, by the docker SDK."""
    with contextlib.closing(host.sdk()) as client:
        return {
            "containers": {c.name: c.attrs for c in client.containers.list(all=True)},
            "networks": {n.name for n in client.networks.list()} - {"bridge", "host", "none"},
            "volumes": {v.name for v in client.volumes.list()},
        }


def test_noop_then_change_then_clean_then_drift(empty: TestHost) -> None:
    host, site = empty, SITE % "64m"
    planned = puppet(host, site, ["--noop"])
    assert planned.status == 0, planned.text
    for words in ("network back: create", "volume data: create", "container web: create"):
        assert planned.lines(rf"Notice: .*/ensure: .*{words} .*\(noop\)"), planned.text
    assert seen(host) == {"containers": {}, "networks": set(), "volumes": set()}

    changed = puppet(host, site)
    assert changed.status == 2, changed.text
    assert changed.lines("Notice: .*Dockwright_container.web./ensure: container web: create")
    after = seen(host)
    assert (after["networks"], after["volumes"]) == ({"back"}, {"data"})
    web = after["containers"]["web"]
    assert web["State"]["Running"]
    assert "PASSWORD=hidden-environment" in web["Config"]["Env"]
    assert web["Config"]["Labels"]["note"] == "hidden-label"

    clean = puppet(host, site)
    assert clean.status == 0, clean.text
    assert not clean.lines("Dockwright_")
    assert starts(host) == SERVE * 3  # one for each run

    with contextlib.closing(host.sdk()) as client:
        client.containers.get("web").update(mem_limit="96m", memswap_limit="192m")
    noticed = puppet(host, site, ["--noop"])
    assert noticed.lines(r"container web: mem_limit: 96m -> 64m .*cause: drift.* \(noop\)")
    assert seen(host)["containers"]["web"]["HostConfig"]["Memory"] == 96 << 20
    repaired = puppet(host, site)
    assert repaired.status == 2, repaired.text
    assert repaired.lines(r"ensure: container web: mem_limit: 96m -> 64m .*cause: drift")
    found = seen(host)["containers"]["web"]
    assert (found["Id"], found["HostConfig"]["Memory"]) == (web["Id"], 64 << 20)

    for run in (planned, changed, clean, noticed, repaired):
        assert not [secret for secret in SECRETS if secret in run.text]


def test_one_that_fails_leaves_the_others_their_turn(empty: TestHost) -> None:
    # Also where the plans are asked for together, in noop.
    planned = puppet(empty, BAD + SITE % "64m", ["--noop"])
    assert planned.lines("container web: create")
    assert planned.lines("Error: .*Dockwright_container.bad.: .*containers.bad.ports")
    applied = puppet(empty, BAD + SITE % "64m")
    assert applied.status == 6, applied.text
    assert applied.lines("Error: .*Dockwright_container.bad.: .*containers.bad.ports")
    assert applied.lines("Notify.after bad.*Skipping because of failed dependencies")
    assert set(seen(empty)["containers"]) == {"web"}
    for run in (planned, applied):
        assert not [secret for secret in SECRETS if secret in run.text]


def test_what_is_needed_comes_before(empty: TestHost) -> None:
    """Also resources of Puppet's own types, of which other titles stand in no such order."""
    site = f"""
        {WEB % "64m"}
        service {{ 'docker': ensure => running }}
        package {{ 'engine': name => 'docker.io', ensure => present }}
        dockwright_network {{ 'back': }}
        dockwright_volume {{ 'data': }}
        dockwright_daemon {{ 'engine': }}
    """
    run = puppet(empty, site, ["--noop", "--evaltrace", "--verbose"])
    turns = re.findall(r"Info: /Stage\S*/(\w+\[\w+\]): Starting to evaluate", run.text)
    assert turns[-1] == "Dockwright_container[web]", run.text
    assert set(turns) >= {"Service[docker]", "Package[engine]", "Dockwright_daemon[engine]"}
    assert turns.index("Package[engine]") < turns.index("Dockwright_daemon[engine]")


HIERA = """
version: 5
hierarchy:
  - name: one
    path: /root/one.yaml
    data_hash: yaml_data
  - name: two
    path: /root/two.yaml
    data_hash: yaml_data
"""


def test_the_class_takes_one_hash_from_hiera_and_what_is_subscribed_restarts(
    empty: TestHost,
) -> None:
    empty.write("/root/hiera.yaml", HIERA)
    empty.write("/root/one.yaml", "dockwright::spec: {networks: {back: {}}}")
    empty.write("/root/two.yaml", "dockwright::spec: {volumes: {data: {}}}")
    site = f"""
        include dockwright
        file {{ '/root/app.conf': content => '%s' }}
        ~> dockwright_container {{ 'web':
          ensure => running,
          spec   => Sensitive({{
            image => '{tiny.TINY}', command => 'sleep 86400',
            stop_grace_period => '0s', hostname => 'hidden-in-spec',
          }}),
        }}
    """
    options = ["--hiera_config=/root/hiera.yaml"]
    first = puppet(empty, site % "one", options)
    assert first.status == 2, first.text
    found = seen(empty)
    assert (found["networks"], found["volumes"]) == ({"back"}, {"data"})
    before = found["containers"]["web"]
    second = puppet(empty, site % "two", options)
    assert second.lines("Dockwright_container.web.: Triggered 'refresh'"), second.text
    after = seen(empty)["containers"]["web"]
    assert (after["Id"], after["State"]["Running"]) == (before["Id"], True)
    assert after["State"]["StartedAt"] != before["State"]["StartedAt"]
    gone = puppet(empty, "dockwright_container { 'web': ensure => absent }")
    assert gone.lines("ensure: container web: delete"), gone.text
    assert seen(empty)["containers"] == {}
    assert "hidden-in-spec" not in first.text + second.text + gone.text


def test_a_missing_engine_or_command_is_told(empty: TestHost) -> None:
    site = "dockwright_volume { 'data': }\nnotify { 'other': }"
    empty.exec(["systemctl", "stop", "docker.socket", "docker.service"])
    try:
        planned = puppet(empty, site, ["--noop"])
        applied = puppet(empty, site)
    finally:
        empty.exec(["systemctl", "start", "docker.socket"])
        empty.restart_engine()
    assert planned.lines("Warning: .*planned for engine .* with nothing on it"), planned.text
    assert planned.lines("volume data: create")
    assert applied.status == 6, applied.text
    assert applied.lines("Error: .*Dockwright_volume.data./ensure: .* failed: .*Docker Engine"), (
        applied.text
    )
    assert applied.lines("defined 'message' as 'other'")
    empty.exec(["mv", "/usr/local/bin/dockwright", "/root/dockwright"])
    try:
        lost = puppet(empty, site)
    finally:
        empty.exec(["mv", "/root/dockwright", "/usr/local/bin/dockwright"])
    assert lost.lines("Install the Python package dockwright on this host"), lost.text


PAGE = machine.CHECKOUT / "docs/puppet.md"
EXAMPLES = {block.where: block.text for block in blocks(PAGE) if block.language == "puppet"}


def test_the_examples_of_the_page_are_planned(empty: TestHost) -> None:
    for tag, config in IMAGES.items():
        empty.load_tiny(tag, **config)
    # All in one: they are parts of one site.
    planned = puppet(empty, "\n".join(EXAMPLES.values()), ["--noop"])
    assert planned.status == 0, planned.text
    for name in ("db", "web", "worker"):
        assert planned.lines(f"container {name}: create .*noop"), planned.text
    assert "by lookup" not in planned.text


def test_the_manifests_are_well_formed(host: TestHost) -> None:
    folder = f"{MODULES}/dockwright/manifests"
    host.exec(["puppet", "parser", "validate", folder])
    if "13" in host.recipe.name:  # the other has no puppet-lint
        said = host.exec(["puppet-lint", "--fail-on-warnings", folder], check=False)
        assert said.returncode == 0, said.stdout
