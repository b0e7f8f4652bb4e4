"""The report and the graph in a real browser: in light and dark, wide and narrow, on screen and on paper."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reporting.document import durations
from reporting.page import page
from tests.real.browser.chromium import Browser, browsing, find
from tests.support.operation import played
from tests.support.recording import Recording

PROBE = Path(__file__).with_name("probe.js").read_text(encoding="utf-8")
WIDE, NARROW = 1280, 390
# A provider's words: too long for a line, and such as a browser would run.
MESSAGE = f"<script>document.title = 'owned'</script> {'unbreakable' * 30}\n" + "and so on " * 40


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    binary = find()
    if binary is None:
        pytest.skip("no browser on PATH (Debian: apt-get install chromium)")
    with browsing(binary, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def files(update: Recording, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of a failure, that of a success which is compared with it, and the graph of each by itself."""
    folder, before = tmp_path_factory.mktemp("page"), dict[str, Any]()
    made: dict[str, Path] = {}
    for name, failing in (("failed", "authentik-api"), ("succeeded", "")):
        run = played(update, failing, MESSAGE, previous=before)
        before = durations(run.document)
        before["resources"] = {key: seconds * 3 for key, seconds in before["resources"].items()}
        for suffix, text in (("html", page(run.document, run.svg)), ("svg", run.svg)):
            made[f"{name}.{suffix}"] = folder / f"{name}.{suffix}"
            made[f"{name}.{suffix}"].write_text(text, encoding="utf-8")
    return made


def looked_at(browser: Browser, file: Path, width: int, scheme: str, media: str = "screen") -> dict[str, Any]:
    """What the probe finds, with everything unfolded."""
    browser.show(file, width, scheme, media)
    browser.run("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    found: dict[str, Any] = browser.run(PROBE)
    assert browser.said() == [file.as_uri()], "it says nothing into the console, and asks for nothing but the file"
    return found


@pytest.mark.parametrize("name", ["failed.html", "succeeded.html", "failed.svg", "succeeded.svg"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_everything_can_be_read(browser: Browser, files: dict[str, Path], name: str, scheme: str, width: int) -> None:
    found = looked_at(browser, files[name], width, scheme)
    assert found["faults"] == [], "text has contrast, and stays inside its box"
    assert found["texts"] > (400 if name.endswith("html") else 80), "and all of it was looked at"
    assert (sum(found["ground"]) > 3 * 200) is (scheme == "light"), "as the person prefers"
    if name.endswith("html"):
        assert found["scroll"] <= found["width"] == width, "nobody scrolls sideways to read"
        wide = browser.run(
            "(({scrollWidth, clientWidth}) => [scrollWidth, clientWidth])(document.querySelector('.wide'))"
        )
        assert wide[0] > wide[1], "but the graph does, in its own box"


def test_what_a_provider_wrote_does_not_run(browser: Browser, files: dict[str, Path]) -> None:
    looked_at(browser, files["failed.html"], WIDE, "light")
    assert browser.run("document.title") == "test-cluster: update failed", "it is text"
    injected = (
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title = 1'}))"
    )
    browser.run(injected)
    assert browser.run("document.title") == "test-cluster: update failed", "and would not run if it were not"


def test_paper_is_white_and_the_whole_graph_is_on_it(browser: Browser, files: dict[str, Path]) -> None:
    found = looked_at(browser, files["failed.html"], NARROW * 2, "dark", media="print")
    assert (found["faults"], found["ground"]) == ([], [255, 255, 255]), "whatever the screen is like"
    graph, paper = (browser.run(f"document.querySelector('{one}').clientWidth") for one in (".graph", "main"))
    assert graph <= paper, "nobody can scroll there"
