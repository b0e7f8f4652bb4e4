"""The link check finds each kind of thing that a document names and that does not exist."""

from pathlib import Path

import pytest

from tools import check_links

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a Makefile, a package and a document to link to."""
    (tmp_path / "Makefile").write_text("demo: setup ## show it\nup down: setup ## do it\nNAME := x\nsetup:\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("# The `first` page, again\n\n## Twice\n\n## Twice\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "charts.py").write_text("")
    anchors = check_links.anchors
    anchors.cache_clear()
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "[page](docs/page.md), [part](docs/page.md#the-first-page-again) and [second](docs/page.md#twice-1)",
        "[away](https://example.com/x.md) and [mail](mailto:me@example.com)",
        "# Here\n[up](#here)",
        "`lib/charts.py`, `lib/*.py`, `lib/` and `docs/page.md`",
        "`vault/vault-keys` and `and/or` are no paths of the project",
        "`build/demo/graph.svg` and `.venv/bin/python` are made by running something",
        "`make demo` and\n```sh\nmake up STACK=x  # make it so\nmake down\n```",
        "We make things. `[no](link.md)` in a span is no link.",
    ],
)
def test_what_exists_is_not_complained_about(project: Path, text: str) -> None:
    (project / "README.md").write_text(text)
    assert list(check_links.problems(project)) == [], "everything that this text names exists"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[page](docs/pages.md)", "README.md:1: link to docs/pages.md: no such file"),
        ("![picture](docs/a.svg)", "README.md:1: link to docs/a.svg: no such file"),
        ("x\n\n[part](docs/page.md#thrice)", "README.md:3: link to docs/page.md#thrice: no such heading"),
        ("[here](#nowhere)", "README.md:1: link to #nowhere: no such heading"),
        ("see `lib/chart.py`", "README.md:1: `lib/chart.py`: no such path"),
        ("see `docs/adr/*.md`", "README.md:1: `docs/adr/*.md`: no such path"),
        ("run `make dmeo`", "README.md:1: `make dmeo` is no target of the Makefile"),
        ("```\nmake NAME\nmake doctor STACK=x\n```", "README.md:3: `make doctor` is no target of the Makefile"),
    ],
)
def test_what_does_not_exist_is_named_with_its_line(project: Path, text: str, complaint: str) -> None:
    (project / "README.md").write_text(text)
    assert list(check_links.problems(project)) == [complaint], "one complaint, with file and line"
    assert check_links.main(project) == 1, "the check must fail"


def test_documents_below_a_directory_are_checked_and_generated_ones_are_not(project: Path) -> None:
    for name in ("docs/adr/0001.md", ".github/a.md", "build/out.md", ".venv/lib/x.md"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("[gone](gone.md)")
    found = [str(path.relative_to(project)) for path in check_links.documents(project)]
    assert found == [".github/a.md", "docs/adr/0001.md", "docs/page.md"], "the project's own documents, and no others"
