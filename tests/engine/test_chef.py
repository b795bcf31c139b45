"""The Chef cookbook: its Ruby is checked, its library runs on a real engine, and, where there is
one, a Chef converges it. There is no imitation of Chef."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import blocks
from tests.engine.ruby_host import ADAPTERS, MODULES, Run, fresh, ruby_host
from tests.hosts import TestHost, engine_clean, machine, tiny

COOKBOOKS = machine.CHECKOUT / "adapters/chef/cookbooks"
SPECS = {
    "puppet": (f"{MODULES}/dockwright", "lib/puppet_x/dockwright/serve.rb"),
    "chef": (f"{ADAPTERS}/chef/cookbooks/dockwright", "libraries/serve.rb"),
}


@pytest.fixture(scope="module")
def host() -> Iterator[TestHost]:
    with ruby_host("debian-13-ruby") as host:
        yield host


def test_all_our_ruby_can_be_read(host: TestHost) -> None:
    script = 'find "$0" -name "*.rb" -print0 | xargs -0 -n1 ruby -wc'
    said = Run(host.exec(["sh", "-c", script, ADAPTERS], check=False))
    assert said.status == 0, said.text
    assert set(said.text.splitlines()) == {"Syntax OK"}
    assert len(said.text.splitlines()) >= 30


def test_rubocop_is_content(host: TestHost) -> None:
    argv = ["sh", "-c", f"cd {ADAPTERS} && rubocop --cache false --format emacs"]
    said = Run(host.exec(argv, check=False))
    assert said.status == 0, said.text


def test_the_examples_of_the_page_can_be_read(host: TestHost) -> None:
    page = machine.CHECKOUT / "docs/chef.md"
    examples = [block.text for block in blocks(page) if block.language == "ruby"]
    assert len(examples) >= 3
    said = host.exec(["ruby", "-wc"], input="\n".join(examples), check=False)
    assert (said.returncode, said.stdout, said.stderr) == (0, "Syntax OK\n", "")


@pytest.mark.parametrize("tool", SPECS)
def test_the_library_on_a_real_engine(host: TestHost, tool: str) -> None:
    folder, library = SPECS[tool]
    fresh(host)
    env = {"DOCKWRIGHT_SERVE": f"{folder}/{library}", "DOCKWRIGHT_IMAGE": tiny.TINY}
    script = f"cd {folder} && rspec --format progress spec/*_spec.rb"
    said = Run(host.exec(["sh", "-c", script], env=env, check=False))
    assert said.status == 0, said.text
    assert said.lines("^[1-9][0-9]* examples, 0 failures$"), said.text


# --- with a Chef ---------------------------------------------------------------------------------

CHEF = os.environ.get("CHEF_CLIENT") or shutil.which("chef-client") or shutil.which("cinc-client")
RECIPE = f"""
dockwright_network 'back'

dockwright_container 'web' do
  spec(image: '{tiny.TINY}', command: 'sleep 86400', networks: ['back'], mem_limit: '%s',
       environment: {{ PASSWORD: 'hidden-environment' }}, stop_grace_period: '0s')
  notifies :write, 'log[web has changed]', :immediately
end

log 'web has changed' do
  action :nothing
end
"""
BAD = """
dockwright_volume 'data' do
  spec(driverr: 'local')
end
"""


class Kitchen:
    """A folder in which a Chef converges a recipe on the engine of a test host."""

    def __init__(self, folder: Path, host: TestHost) -> None:
        self.folder = folder
        self.cookbook = folder / "cookbooks/site"
        (self.cookbook / "recipes").mkdir(parents=True)
        (self.cookbook / "metadata.rb").write_text(
            "name 'site'\nversion '0.1.0'\ndepends 'dockwright'\n"
        )
        command = folder / "dockwright"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m dockwright_cli "$@"\n')
        command.chmod(0o755)
        (folder / "client.rb").write_text(
            f"cookbook_path {json.dumps([str(COOKBOOKS), str(self.cookbook.parent)])}\n"
            f"cache_path '{folder}/cache'\nnode_path '{folder}/nodes'\nnode_name 'site'\n"
            "chef_license 'accept-no-persist'\nlocal_mode true\nlog_level :warn\n"
        )
        self.env = {
            **os.environ,
            "DOCKER_HOST": host.docker_host,
            "DOCKWRIGHT_COMMAND": str(command),
        }

    def converge(self, recipe: str, *options: str) -> Run:
        """One run of the client."""
        (self.cookbook / "recipes/default.rb").write_text(recipe)
        assert CHEF is not None
        argv = [CHEF, "--local-mode", "--config", "client.rb", "--no-color", "-o", "site", *options]
        done = subprocess.run(
            argv, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=300
        )
        return Run(done)


def test_a_chef_converges_the_cookbook(host: TestHost, tmp_path: Path) -> None:
    if CHEF is None:
        reason = "NOT RUN: the converge test of the Chef cookbook. There is no chef-client and no"
        reason += " cinc-client on PATH; name one in CHEF_CLIENT"
        machine.tell(reason)
        pytest.skip(reason)
    engine_clean(host)
    kitchen = Kitchen(tmp_path, host)
    with contextlib.closing(host.sdk()) as client:
        planned = kitchen.converge(RECIPE % "64m", "--why-run")
        assert planned.status == 0, planned.text
        assert planned.lines("Would container web: create")
        assert client.containers.list(all=True) == []
        first = kitchen.converge(RECIPE % "64m")
        assert first.status == 0, first.text
        before = client.containers.get("web")
        assert before.status == "running"
        clean = kitchen.converge(RECIPE % "64m")
        assert clean.lines(r"dockwright_container.web. action run \(up to date\)"), clean.text
        assert not clean.lines("log.web has changed. action write")
        changed = kitchen.converge(RECIPE % "96m")
        assert changed.lines("- container web: mem_limit: 64m -> 96m"), changed.text
        assert changed.lines("log.web has changed. action write")
        assert client.containers.get("web").id == before.id
    failed = kitchen.converge(BAD)
    assert failed.status == 1
    assert failed.lines("Did you mean 'driver'?")
    for run in (planned, first, clean, changed, failed):
        assert "hidden-environment" not in run.text
