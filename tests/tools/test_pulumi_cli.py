"""The four ways to a pulumi CLI, each with the next one behind it."""

import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.conftest import FAKE_GO, VERSION, Site, fake_cli, script, sums, tarball
from tools import pulumi_cli, release
from tools.files import SetupError

ROOT = Path(__file__).resolve().parents[2]
Programs = Callable[..., Path]
ARCHIVE = release.archive(VERSION, platform.system(), platform.machine())
LISTING = f"pulumi-{VERSION}-checksums.txt"
NOWHERE = "http://127.0.0.1:1/{version}"
"""Port 1 is reserved and nobody listens: the connection is refused."""


def publish(site: Site, version: str = VERSION, **more: str) -> bytes:
    """Put a release on the site: archive and its true checksum."""
    members = {"pulumi/pulumi": f"#!/bin/sh\n{fake_cli(version)}\n", "pulumi/pulumi-language-python": "python host"}
    body = tarball(members | {"pulumi/pulumi-language-go": "go host"} | more)
    site.files |= {ARCHIVE: body, LISTING: sums({"other.tar.gz": b"other", ARCHIVE: body})}
    return body


def linked_version(checkout: Path) -> str:
    """What the CLI linked into the checkout says."""
    run = subprocess.run([str(checkout / ".tools" / "pulumi"), "version"], capture_output=True, text=True, check=True)
    return run.stdout.strip()


@pytest.mark.parametrize("version", [VERSION, "3.272.1", "3.1000.0"])
def test_a_cli_on_path_that_is_new_enough_is_used_and_nothing_is_fetched(
    checkout: Path, programs: Programs, site: Site, version: str
) -> None:
    directory = programs(pulumi=fake_cli(version), go=FAKE_GO)
    said = pulumi_cli.ensure(checkout, [site.url])
    assert "found on PATH" in said, f"setup must say which way it took, not {said!r}"
    assert (checkout / ".tools" / "pulumi").resolve() == directory / "pulumi", "the CLI on PATH is the one linked"
    assert not site.asked, "a CLI that is there needs no release"
    assert not (directory / "go.log").exists(), "a CLI that is there needs no Go"


@pytest.mark.parametrize("version", ["3.249.9", "3.25.0", "2.300.0", "4.0.0", "3.250.0-alpha.1", "dev build"])
def test_a_cli_on_path_that_does_not_fit_is_passed_over(
    checkout: Path, programs: Programs, site: Site, version: str
) -> None:
    programs(pulumi=fake_cli(version))
    publish(site)
    said = pulumi_cli.ensure(checkout, [site.url])
    assert "downloaded from its release" in said, f"{version} does not fit the SDK {VERSION}, yet setup said {said!r}"
    assert linked_version(checkout) == f"v{VERSION}", "the pinned release replaces what does not fit"


def test_the_link_that_setup_made_does_not_count_as_a_cli_on_path(
    checkout: Path, programs: Programs, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = programs()
    script(checkout / ".tools" / "pulumi", fake_cli("3.300.0"))
    monkeypatch.setenv("PATH", f"{checkout / '.tools'}:{directory}")
    publish(site)
    said = pulumi_cli.ensure(checkout, [site.url])
    assert "downloaded" in said, f"a link that points at itself would be the result of taking it: {said!r}"


def test_a_release_with_the_right_checksum_is_installed_with_its_python_host(
    checkout: Path, programs: Programs, site: Site
) -> None:
    directory = programs(go=FAKE_GO)
    publish(site)
    said = pulumi_cli.ensure(checkout, [site.url])
    home = (checkout / ".tools" / "pulumi").resolve().parent
    assert "checksum verified" in said, f"setup must say which way it took, not {said!r}"
    assert linked_version(checkout) == f"v{VERSION}", "the linked CLI must run"
    assert sorted(path.name for path in home.iterdir()) == ["pulumi", "pulumi-language-python"], (
        "the CLI needs the Python host beside it, and nothing of the archive besides"
    )
    assert all(path.startswith(f"/v{VERSION}/") for path in site.asked), f"the URL names the version: {site.asked}"
    assert not (directory / "go.log").exists(), "a verified release needs no Go"


def test_a_release_with_a_wrong_checksum_is_refused_and_said_to_be(
    checkout: Path, programs: Programs, site: Site, tmp_path: Path
) -> None:
    programs(go=FAKE_GO)
    publish(site)
    site.files[ARCHIVE] = tarball({"pulumi/pulumi": f"#!/bin/sh\necho v{VERSION}; echo evil\n"})
    said = pulumi_cli.ensure(checkout, [site.url])
    assert "built with go1.26.8" in said, f"a refused release leaves the build with Go, but setup said {said!r}"
    assert f"{ARCHIVE} refused" in said, f"the person must learn of the wrong checksum from {said!r}"
    assert linked_version(checkout) == f"v{VERSION}", "what was refused must not run"
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and "evil" in path.read_text()]
    assert not left, f"nothing of a refused archive may stay: {left}"


def test_a_checksums_file_without_the_archive_is_no_checksum(checkout: Path, programs: Programs, site: Site) -> None:
    programs()
    publish(site)
    site.files[LISTING] = sums({f"x{ARCHIVE}": site.files[ARCHIVE]})
    with pytest.raises(SetupError, match=f"{LISTING} has no checksum of {ARCHIVE}"):
        pulumi_cli.ensure(checkout, [site.url])


def test_a_committed_checksums_file_outranks_the_published_one(checkout: Path, programs: Programs, site: Site) -> None:
    programs()
    body = publish(site)
    site.files[LISTING] = sums({ARCHIVE: b"what someone put in its place"})
    (checkout / "tools" / "pulumi" / LISTING).write_bytes(sums({ARCHIVE: body}))
    assert "checksum verified" in pulumi_cli.ensure(checkout, [site.url]), "the committed file is the one to trust"


def test_the_next_site_is_asked_where_one_is_silent(checkout: Path, programs: Programs, site: Site) -> None:
    programs()
    publish(site)
    assert "downloaded" in pulumi_cli.ensure(checkout, [NOWHERE, site.url]), "one site that answers is enough"


def test_an_unreachable_release_is_built_with_go_from_the_committed_module(checkout: Path, programs: Programs) -> None:
    directory = programs(go=FAKE_GO)
    said = pulumi_cli.ensure(checkout, [NOWHERE])
    assert "built with go1.26.8 from tools/pulumi/go.mod" in said, f"setup must say which way it took, not {said!r}"
    assert "release not reachable" in said, f"setup must say why it built, in {said!r}"
    build = (directory / "go.log").read_text().splitlines()[-1]
    assert "-mod=readonly" in build, f"a build must not change go.mod: {build}"
    assert f"version.Version=v{VERSION}" in build, f"the CLI must know its version: {build}"


def test_a_download_that_breaks_off_is_no_release(
    checkout: Path, programs: Programs, site: Site, tmp_path: Path
) -> None:
    programs(go=FAKE_GO)
    body = publish(site)
    (checkout / "tools" / "pulumi" / LISTING).write_bytes(sums({ARCHIVE: body}))
    site.cut = True
    said = pulumi_cli.ensure(checkout, [site.url])
    assert f"the download of {ARCHIVE} broke off" in said, f"a broken line is no wrong checksum: {said!r}"
    assert "built with" in said, f"half an archive leaves the build with Go, but setup said {said!r}"
    assert not list((tmp_path / "cache").rglob("*.tar.gz")), "half an archive must not stay in the cache"


def test_a_release_that_is_another_version_is_not_taken(checkout: Path, programs: Programs, site: Site) -> None:
    programs(go=FAKE_GO)
    publish(site, version="3.249.0")
    assert "built with" in pulumi_cli.ensure(checkout, [site.url]), "what comes must be what was asked for"


def test_a_second_checkout_takes_the_cli_from_the_cache(checkout: Path, programs: Programs, tmp_path: Path) -> None:
    directory = programs(go=FAKE_GO)
    pulumi_cli.ensure(checkout, [NOWHERE])
    (directory / "go").unlink()
    second = tmp_path / "second"
    second.mkdir()
    (second / "requirements.txt").write_text((checkout / "requirements.txt").read_text())
    said = pulumi_cli.ensure(second, [NOWHERE])
    assert "taken from the cache (built with Go)" in said, f"a build is kept for every clone, but setup said {said!r}"
    assert linked_version(second) == f"v{VERSION}", "the cached CLI must run"


def test_a_cached_cli_that_does_not_run_is_replaced(checkout: Path, programs: Programs, tmp_path: Path) -> None:
    programs(go=FAKE_GO)
    cached = tmp_path / "cache" / "home-cluster" / "pulumi" / VERSION / "source" / "pulumi"
    script(cached, "exit 1")
    said = pulumi_cli.ensure(checkout, [NOWHERE])
    assert "built with" in said, f"a broken cache entry must not be linked, but setup said {said!r}"
    assert linked_version(checkout) == f"v{VERSION}", "the new build takes the place of the broken one"


def test_a_second_run_starts_no_process_at_all(
    checkout: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(pulumi=fake_cli(VERSION))
    pulumi_cli.ensure(checkout, [NOWHERE])
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a second run must not start a process"))
    assert "current" in pulumi_cli.ensure(checkout, [NOWHERE]), "a second run has nothing to do, and says so"


def test_a_cli_that_was_replaced_after_setup_is_looked_at_again(checkout: Path, programs: Programs) -> None:
    programs(pulumi=fake_cli("3.260.0"))
    pulumi_cli.ensure(checkout, [NOWHERE])
    programs(pulumi=fake_cli("3.240.0"), go=FAKE_GO)
    assert "built with" in pulumi_cli.ensure(checkout, [NOWHERE]), "a downgrade behind the link must be noticed"


def test_a_new_pin_is_looked_at_again(checkout: Path, programs: Programs) -> None:
    programs(pulumi=fake_cli(VERSION))
    pulumi_cli.ensure(checkout, [NOWHERE])
    (checkout / "requirements.txt").write_text("pulumi==3.251.0\n")
    with pytest.raises(SetupError, match=r"is 3\.250\.0, not 3\.x from 3\.251\.0 on"):
        pulumi_cli.ensure(checkout, [NOWHERE])


def test_the_error_names_each_closed_way_and_what_to_install(checkout: Path, programs: Programs) -> None:
    programs()
    with pytest.raises(SetupError) as caught:
        pulumi_cli.ensure(checkout, [NOWHERE])
    message = str(caught.value)
    for part in ("none on PATH", "none in the cache", "release not reachable", "Go is not installed", "install Go"):
        assert part in message, f"{part!r} is missing in {message!r}"
    assert "\n" not in message, f"one sentence, not more: {message!r}"


@pytest.mark.parametrize(
    ("go", "reason"),
    [
        ("echo go1.19.8", "is go1.19.8, too old: 1.21 or newer is needed"),
        ("echo 'go: cannot load toolchain' >&2; exit 1", "cannot load toolchain"),
        ('[ "$1" = env ] && echo go1.26.8', "the build with Go failed"),
    ],
)
def test_a_go_that_cannot_build_is_named_and_leaves_nothing_in_the_cache(
    checkout: Path, programs: Programs, tmp_path: Path, go: str, reason: str
) -> None:
    programs(go=go)
    with pytest.raises(SetupError, match=reason):
        pulumi_cli.ensure(checkout, [NOWHERE])
    assert not list((tmp_path / "cache").rglob("pulumi/*/source")), "a failed build must not be found next time"


def test_a_failed_build_shows_what_go_said(
    checkout: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    programs(go='[ "$1" = env ] && echo go1.26.8 && exit; echo "no space left on device" >&2; exit 1')
    with pytest.raises(SetupError, match="the reason is above"):
        pulumi_cli.ensure(checkout, [NOWHERE])
    assert "no space left on device" in capsys.readouterr().err, "the reason that is promised must be there"


def test_two_setups_at_once_build_once(checkout: Path, programs: Programs, tmp_path: Path) -> None:
    directory = programs(go=FAKE_GO.replace("build)", "build) sleep 1;"))
    second = tmp_path / "second"
    (second / "tools" / "pulumi").mkdir(parents=True)
    (second / "requirements.txt").write_text((checkout / "requirements.txt").read_text())
    code = f"from pathlib import Path; from tools import pulumi_cli; pulumi_cli.ensure(Path('%s'), [{NOWHERE!r}])"
    running = [subprocess.Popen([sys.executable, "-c", code % root], cwd=ROOT) for root in (checkout, second)]
    assert [process.wait(60) for process in running] == [0, 0], "both setups must succeed"
    builds = [line for line in (directory / "go.log").read_text().splitlines() if line.startswith("build")]
    assert len(builds) == 1, f"the second setup must wait for the first and find its build: {builds}"
    assert [linked_version(root) for root in (checkout, second)] == [f"v{VERSION}"] * 2, "both links must run"
