"""The Vault server of the tests: found, or built once and kept."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.conftest import FAKE_GO, script
from tools import vault_server
from tools.files import SetupError, UnavailableError

ROOT = Path(__file__).resolve().parents[2]
Programs = Callable[..., Path]
VERSION = "1.21.0"


def fake_vault(version: str) -> str:
    """A vault that only knows its version, in the words of the real one."""
    return f"""[ "$1" = version ] && echo "Vault v{version} ('819b'), built 2025-10-21T19:33:18Z\""""


# A build from a module knows no commit, so the version is followed by a comma.
GO = FAKE_GO.replace("echo v3.250.0", f"echo Vault v{VERSION}, built 2025-10-21T19:33:18Z")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose go.mod pins the server."""
    module = tmp_path / "checkout" / "tools" / "vault"
    module.mkdir(parents=True)
    (module / "go.mod").write_text(
        f"module m\n\nrequire (\n\tgithub.com/hashicorp/vault/api v1.22.0\n\tgithub.com/hashicorp/vault v{VERSION}\n)\n"
    )
    return tmp_path / "checkout"


def test_the_committed_module_pins_a_server_and_names_it_as_its_tool() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", vault_server.pinned(ROOT)), "an exact version"
    module = (ROOT / "tools" / "vault" / "go.mod").read_text()
    assert f"tool {vault_server.PACKAGE}\n" in module, "so that `go mod tidy` keeps what the build needs"


@pytest.mark.parametrize("version", [VERSION, "1.22.0", "2.0.4", "1.21.1+ent"])
def test_a_server_on_path_that_is_new_enough_is_used(checkout: Path, programs: Programs, version: str) -> None:
    directory = programs(vault=fake_vault(version), go=GO)
    assert vault_server.find(checkout).binary == directory / "vault", "nothing is built where there is one"
    assert vault_server.ensure(checkout).binary == directory / "vault", "nor when a build is allowed"
    assert not (directory / "go.log").exists(), "Go was not asked"


@pytest.mark.parametrize("text", [fake_vault("1.20.9"), fake_vault("1.21.0-rc1"), "exit 1", "echo dev build"])
def test_a_server_on_path_that_does_not_fit_is_passed_over(checkout: Path, programs: Programs, text: str) -> None:
    programs(vault=text)
    with pytest.raises(UnavailableError, match=r"on PATH .*none in the cache; `make test-vault` builds it"):
        vault_server.find(checkout)


def test_a_missing_server_is_built_once_from_the_committed_module(checkout: Path, programs: Programs) -> None:
    directory = programs(go=GO)
    first = vault_server.ensure(checkout)
    assert "built with go1.26.8 from tools/vault/go.mod" in first.way, f"it must say so, not {first.way!r}"
    build = (directory / "go.log").read_text().splitlines()[-1]
    assert "-mod=readonly" in build, f"a build must not change go.mod: {build}"
    (directory / "go").unlink()
    second = vault_server.find(checkout)
    assert (second.binary, "taken from the cache" in second.way) == (first.binary, True), "the next run finds it"
    assert checkout not in second.binary.parents, "outside of the checkout, for every clone"


def test_a_kept_server_that_does_not_run_is_built_again(checkout: Path, programs: Programs) -> None:
    programs(go=GO)
    kept = vault_server.ensure(checkout).binary
    script(kept, "exit 1")
    assert "built with" in vault_server.ensure(checkout).way, "a broken one is no server"


def test_looking_for_a_server_builds_none(
    checkout: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = programs(go=GO)
    with pytest.raises(SystemExit, match="no vault server"):
        vault_server.main(["--find"], checkout)
    assert not (directory / "go.log").exists(), "a build takes a quarter of an hour; nobody wants it by accident"
    vault_server.main([], checkout)
    vault_server.main(["--find"], checkout)
    assert capsys.readouterr().out.count("vault 1.21.0 ") == 3, "one line each, and one before the build"


def test_without_go_the_reason_is_told(checkout: Path, programs: Programs) -> None:
    programs()
    with pytest.raises(SetupError, match="Go is not installed"):
        vault_server.ensure(checkout)
    with pytest.raises(SystemExit, match="Go is not installed"):
        vault_server.main([], checkout)


def test_a_module_without_the_server_is_refused(checkout: Path, programs: Programs) -> None:
    programs()
    (checkout / "tools" / "vault" / "go.mod").write_text("module m\n")
    with pytest.raises(SetupError, match=r"tools/vault/go\.mod does not require github.com/hashicorp/vault"):
        vault_server.find(checkout)
