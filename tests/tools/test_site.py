"""The site of the documentation: every page has its place, links lead where they did, no component is missing."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import Recording
from tools.site import components
from tools.site.__main__ import repository
from tools.site.source import linked, write

ROOT = Path(__file__).resolve().parents[2]
FORGE = "https://forge.example.com/me/home-cluster/blob/main"


def _pages(nav: Any) -> Iterator[str]:
    for one in nav.values() if isinstance(nav, dict) else nav:
        if isinstance(one, str):
            yield one
        else:
            yield from _pages(one)


def test_every_page_has_one_place(tmp_path: Path) -> None:
    write(ROOT, tmp_path / "source", "")
    there = {path.relative_to(tmp_path / "source").as_posix() for path in (tmp_path / "source").rglob("*.md")}
    named = list(_pages(tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]))
    assert "```console" not in (tmp_path / "source" / "index.md").read_text(), "commands without a prompt would be grey"
    listed = {page for page in there if page.startswith("adr/0")}
    assert sorted(named) == sorted(there - listed), "and decisions are in the list of their own"


@pytest.mark.parametrize(
    ("origin", "text", "site", "without"),
    [
        ("docs/dns.md", "[a](edge.md#b)", "[a](edge.md#b)", None),
        ("docs/dns.md", "[a](../README.md)", "[a](index.md)", None),
        ("README.md", "[a](docs/runbooks/dns.md#b)", "[a](runbooks/dns.md#b)", None),
        ("README.md", "![a](docs/platform.svg)", "![a](platform.svg)", None),
        ("docs/runbooks/dns.md", "[a](../../lib/charts.py)", f"[a]({FORGE}/lib/charts.py)", "a"),
        ("docs/runbooks/dns.md", "[`a`](../../CHANGELOG.md)", "[`a`](../changelog.md)", None),
        ("docs/dns.md", "[a](https://example.com/x) [b](#c)", "[a](https://example.com/x) [b](#c)", None),
        ("docs/dns.md", "```\n[a](../lib/x.py)\n```", "```\n[a](../lib/x.py)\n```", None),
    ],
)
def test_a_link_leads_where_it_did(origin: str, text: str, site: str, without: str | None) -> None:
    assert linked(text, Path(origin), FORGE) == site
    assert linked(text, Path(origin), "") == (site if without is None else without), "with no forge there is no file"


def test_the_forge_is_that_of_the_workflow() -> None:
    told = {"GITHUB_SERVER_URL": "https://forge.example.com", "GITHUB_REPOSITORY": "me/home-cluster"}
    assert repository(told) == FORGE, "Gitea says it by the same names"
    assert repository({}) == "", "on a laptop nobody does"


def test_every_component_is_described(update: Recording) -> None:
    page = components.page(components.found(ROOT))
    tokens = {one.type for one in update.resources if one.type.startswith("home-cluster:")}
    assert {token for token in tokens if f"`{token}`" not in page} == set(), "its type token is where a reader looks"
    assert all(one.docstring for one in components.found(ROOT)), "says what it creates"
