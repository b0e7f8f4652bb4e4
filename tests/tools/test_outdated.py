"""`make outdated`, against doubles of a Helm repository, an image registry and GitHub."""

from pathlib import Path

import pytest

from doubles.loopback import Double, Reply, Request, serving
from tools import outdated
from tools.upstream import Release

ROOT = Path(__file__).resolve().parents[2]
INDEX = (
    "entries:\n  vault:\n    - {version: 0.34.1}\n    - {version: 0.35.0}\n    - {version: 1.0.0-rc1}\n  other: []\n"
)
TAGS = (["17.6-standard-bookworm", "17.11-standard-bookworm", "17.12-standard-trixie"], ["18.2-standard-bookworm"])


def upstream(request: Request) -> Reply:
    """Tags come on two pages, to those who logged in as nobody."""
    if request.path == "/charts/index.yaml":
        return Reply(body=INDEX)
    if request.path.startswith("/token"):
        return Reply(body={"token": "t0ken"})
    if request.path.startswith("/v2/team/postgresql/tags/list"):
        if request.headers.get("Authorization") != "Bearer t0ken":
            host = request.headers["Host"]
            asked = f'Bearer realm="http://{host}/token",service="registry",scope="repository:team/postgresql:pull"'
            return Reply(401, headers={"WWW-Authenticate": asked})
        second = "last=" in request.path
        following = {} if second else {"Link": '</v2/team/postgresql/tags/list?last=x>; rel="next"'}
        return Reply(body={"tags": TAGS[second]}, headers=following)
    if request.path.startswith("/repos/fluxcd/flux2/releases"):
        return Reply(
            body=[
                {"tag_name": "v2.9.4", "prerelease": False, "draft": False},
                {"tag_name": "v2.10.0", "prerelease": True, "draft": False},
            ]
        )
    return Reply(404)


def checkout(root: Path, url: str) -> Path:
    """A checkout whose pins are looked for at the double."""
    (root / "lib").mkdir()
    host = url.removeprefix("http://")
    (root / "lib" / "charts.py").write_text(
        f"# renovate: datasource=helm depName=vault registryUrl={url}/charts\n"
        f'Chart("vault", "{url}/charts", "0.34.1"),\n'
        f"# renovate: datasource=docker depName={host}/team/postgresql\n"
        f'POSTGRES = "{host}/team/postgresql:17.6-standard-bookworm"\n'
        f"# renovate: datasource=docker depName={host}/team/gone\n"
        f'GONE = "{host}/team/gone:1.2.3"\n'
    )
    (root / "Pulumi.home.yaml").write_text(
        "# renovate: datasource=github-releases depName=fluxcd/flux2 extractVersion=^v(?<version>.*)$\nflux: 2.9.4\n"
    )
    return root


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str, Double]:
    """Exit code, output and errors of a run, and what was asked."""
    with serving(upstream) as double:
        code = outdated.main(checkout(tmp_path, double.url), github=double.url)
    out, err = capsys.readouterr()
    return code, out, err, double


def test_a_later_release_is_named_apart_from_a_new_major_version(said: tuple[int, str, str, Double]) -> None:
    _, out, _, _ = said
    assert "vault: 0.34.1, upstream has 0.35.0\n" in out, "a release candidate is none"
    assert (
        "team/postgresql: 17.6-standard-bookworm, upstream has 17.11-standard-bookworm, "
        "and 18.2-standard-bookworm of another major version\n"
    ) in out, "of the same flavour, from all pages"
    assert "flux2" not in out, "that one is the newest"


def test_what_could_not_be_compared_is_said(said: tuple[int, str, str, Double]) -> None:
    code, out, err, _ = said
    assert code == 1, "an answer is missing"
    assert "3 of 4 pins compared" in out, "how many"
    assert "/team/gone: HTTP Error 404" in err, "which, and why"


def test_without_a_network_every_pin_is_named_and_nothing_is_called_current(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(upstream) as double:
        root = checkout(tmp_path, double.url)
    assert outdated.main(root, github=double.url) == 1, "nobody answered"
    out, err = capsys.readouterr()
    assert out == "0 of 4 pins compared\n", "no word on what is current"
    assert err.count("not compared: ") == 4, "each is named"


def test_every_mark_for_renovate_is_read() -> None:
    found = list(outdated.pins(ROOT))
    files = [*ROOT.glob("lib/**/*.py"), *ROOT.glob("components/**/*.py"), *ROOT.glob("Pulumi.*.yaml")]
    assert len(found) == sum(file.read_text(encoding="utf-8").count("# renovate: ") for file in files), "all marks"
    unread = [pin for pin in found if Release.parse(pin.version) is None]
    assert unread == [], "a version that cannot be compared"


@pytest.mark.parametrize("text", ["latest", "1.0.0-rc.1", "v2.0.0-alpha.3", "17", "sha-0123456"])
def test_what_is_no_release_is_left_out(text: str) -> None:
    assert Release.parse(text) is None, "nobody should be told to take it"
