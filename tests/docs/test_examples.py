"""Every example of README.md and docs/ runs, and prints what the page says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.hosts import TestHost, machine

from .pages import PAGES, blocks, is_printed
from .site import Site

LANGUAGES = ("console", "yaml", "json", "")  # of examples; all others are pictures
RUNS = {"console", "spec", "playbook", "state"}
BLOCKS = {str(page.relative_to(machine.CHECKOUT)): blocks(page) for page in PAGES}


@pytest.fixture(scope="module")
def site(host28: TestHost, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A controller and a host with the images that the pages name."""
    if any(block.kind == "state" for found in BLOCKS.values() for block in found):
        subprocess.run([machine.CHECKOUT / "scripts/venv", "salt"], check=True)
    return Site(host28, tmp_path_factory.mktemp("controller"))


@pytest.mark.parametrize(
    "page", [page for page, found in BLOCKS.items() if RUNS & {b.kind for b in found}]
)
def test_examples_of(page: str, site: Site) -> None:
    site.clean()
    for block in BLOCKS[page]:
        site.run(block)


@pytest.mark.parametrize("page", BLOCKS)
def test_every_example_is_run_or_says_why_not(page: str) -> None:
    assert [b.where for b in BLOCKS[page] if b.language in LANGUAGES and not b.kind] == []


@pytest.mark.parametrize("page", BLOCKS)
def test_links_lead_somewhere(page: str) -> None:
    path = machine.CHECKOUT / page
    assert [link for link in links(path) if not (path.parent / link).exists()] == []


def links(page: Path) -> list[str]:
    """The relative links of a page, without their anchors."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    return [link.partition("#")[0] for link in found if "://" not in link and link[0] != "#"]


def test_what_counts_as_printed() -> None:
    assert is_printed("a\n...\nc", "a\nb\nb\nc")
    assert is_printed("id 0123456789ab", "id ba9876543210  \n")
    assert not is_printed("a\nc", "a\nb\nc")


def test_a_mark_that_nobody_knows_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- speck -->\n```yaml\na: 1\n```\n")
    with pytest.raises(ValueError, match=r"page\.md:2: what is 'speck'"):
        blocks(page)
