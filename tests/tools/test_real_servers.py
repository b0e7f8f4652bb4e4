"""The servers of the tests: found, or built once and kept."""

import re
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from stack_file.load import load_stack_file
from tests.support.program import STACK_FILE
from tests.tools.conftest import FAKE_GO, script
from tools import binaries, real_servers
from tools.files import SetupError, UnavailableError
from tools.real_programs import ACTIONLINT, API_SERVER, GITLEAKS, GOVULNCHECK, HELM, SUITES, VAULT, Program

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


@pytest.mark.parametrize(
    "program", [ACTIONLINT, GITLEAKS, GOVULNCHECK, *chain.from_iterable(SUITES.values())], ids=lambda one: one.name
)
def test_the_committed_module_pins_a_program_and_names_it_as_its_tool(program: Program) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(-\d{14}-[0-9a-f]{12})?", program.pinned(ROOT)), "an exact version, or commit"
    module = (ROOT / "tools" / program.suite / "go.mod").read_text()
    named = re.search(rf"^(tool |\t){re.escape(program.package)}$", module, re.MULTILINE)
    assert named, "so that `go mod tidy` keeps what the build needs"


def test_the_api_server_of_the_tests_is_the_release_of_the_shipped_cluster() -> None:
    talos = load_stack_file(STACK_FILE).talos
    assert talos is not None, "the shipped cluster is made of machines"
    release = talos.kubernetes_version
    minor, _, _ = release.rpartition(".")
    assert API_SERVER.pinned(ROOT).startswith(f"{minor}."), "what the tests accept, the cluster has to accept"
    version = f"v0.{API_SERVER.pinned(ROOT).partition('.')[2]}"
    replaced = re.findall(r"^\tk8s\.io/\S+ => k8s\.io/\S+ (\S+)$", _module(), re.MULTILINE)
    assert set(replaced) == {version}, "the modules of a release of Kubernetes belong together"


@pytest.mark.parametrize("version", [VERSION, "1.22.0", "2.0.4", "1.21.1+ent"])
def test_a_server_on_path_that_is_new_enough_is_used(checkout: Path, programs: Programs, version: str) -> None:
    directory = programs(vault=fake_vault(version), go=GO)
    assert real_servers.find(VAULT, checkout).binary == directory / "vault", "nothing is built where there is one"
    assert real_servers.ensure(VAULT, checkout).binary == directory / "vault", "nor when a build is allowed"
    assert not (directory / "go.log").exists(), "Go was not asked"


@pytest.mark.parametrize("text", [fake_vault("1.20.9"), fake_vault("1.21.0-rc1"), "exit 1", "echo dev build"])
def test_a_server_on_path_that_does_not_fit_is_passed_over(checkout: Path, programs: Programs, text: str) -> None:
    programs(vault=text)
    with pytest.raises(UnavailableError, match=r"on PATH .*none in the cache; `make test-vault` builds it"):
        real_servers.find(VAULT, checkout)


def test_a_missing_server_is_built_once_from_the_committed_module(checkout: Path, programs: Programs) -> None:
    directory = programs(go=GO)
    first = real_servers.ensure(VAULT, checkout)
    assert "built with go1.26.8 from tools/vault/go.mod" in first.way, f"it must say so, not {first.way!r}"
    build = (directory / "go.log").read_text().splitlines()[-1]
    assert "-mod=readonly" in build, f"a build must not change go.mod: {build}"
    (directory / "go").unlink()
    second = real_servers.find(VAULT, checkout)
    assert (second.binary, "taken from the cache" in second.way) == (first.binary, True), "the next run finds it"
    assert checkout not in second.binary.parents, "outside of the checkout, for every clone"


def test_a_kept_server_that_does_not_run_is_built_again(checkout: Path, programs: Programs) -> None:
    programs(go=GO)
    kept = real_servers.ensure(VAULT, checkout).binary
    script(kept, "exit 1")
    assert "built with" in real_servers.ensure(VAULT, checkout).way, "a broken one is no server"


def test_a_kept_server_that_is_slow_to_answer_is_not_taken_for_a_broken_one(
    checkout: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(go=GO)
    kept = real_servers.ensure(VAULT, checkout).binary
    script(kept, "exec sleep 600")
    monkeypatch.setattr(binaries, "_SECONDS", 0.05)
    assert real_servers.find(VAULT, checkout).binary == kept, "the machine is busy"
    assert kept.exists(), "what took minutes to build stays"


def test_looking_for_a_server_builds_none(
    checkout: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = programs(go=GO)
    with pytest.raises(SystemExit, match="no vault, so the tests with a real vault do not run"):
        real_servers.main(["vault", "--find"], checkout)
    assert not (directory / "go.log").exists(), "a build takes a quarter of an hour; nobody wants it by accident"
    real_servers.main(["vault"], checkout)
    real_servers.main(["vault", "--find"], checkout)
    said = capsys.readouterr()
    assert said.out.count("vault 1.21.0 ") == 2, "one line each"
    assert said.err.count("vault 1.21.0 ") == 1, "and one before the build"


def test_without_go_the_reason_is_told(checkout: Path, programs: Programs) -> None:
    programs()
    with pytest.raises(SetupError, match="Go is not installed"):
        real_servers.ensure(VAULT, checkout)
    with pytest.raises(SystemExit, match="Go is not installed"):
        real_servers.main(["vault"], checkout)


def test_a_module_without_the_server_is_refused(checkout: Path, programs: Programs) -> None:
    programs()
    (checkout / "tools" / "vault" / "go.mod").write_text("module m\n")
    with pytest.raises(SetupError, match=r"tools/vault/go\.mod does not require github.com/hashicorp/vault"):
        real_servers.find(VAULT, checkout)


def test_a_program_is_asked_for_its_version_in_its_own_words(checkout: Path, programs: Programs) -> None:
    module = checkout / "tools" / "kubernetes"
    module.mkdir()
    (module / "go.mod").write_text("module m\n\nrequire (\n\tk8s.io/kubernetes v1.36.3\n\thelm.sh/helm/v3 v3.21.4\n)\n")
    directory = programs(
        **{"kube-apiserver": '[ "$*" = --version ] && echo Kubernetes v1.36.3'},
        helm='[ "$*" = "version --short" ] && echo v3.21.4+gabcdef0',
    )
    assert real_servers.find(API_SERVER, checkout).binary == directory / "kube-apiserver", "`kube-apiserver --version`"
    assert real_servers.find(HELM, checkout).binary == directory / "helm", "`helm version --short`"


def test_a_build_is_told_the_version_that_it_cannot_know() -> None:
    flags = API_SERVER.source(ROOT).flags
    version = f"-X k8s.io/component-base/version.gitVersion=v{API_SERVER.pinned(ROOT)}"
    assert any(version in flag for flag in flags), "a build from a module says v0.0.0-master"


def test_one_line_names_every_program_of_a_suite_or_the_first_that_is_missing(
    tmp_path: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    module = tmp_path / "tools" / "kubernetes"
    module.mkdir(parents=True)
    (module / "go.mod").write_text(_module())
    version = {one.name: one.pinned(ROOT) for one in SUITES["kubernetes"]}
    programs(etcd=f"echo etcd Version: {version['etcd']}", helm=f"echo v{version['helm']}")
    programs(etcdutl=f"echo etcdutl version: {version['etcdutl']}")
    with pytest.raises(SystemExit, match="no kube-apiserver, so the tests with a real kubernetes do not run"):
        real_servers.main(["kubernetes", "--find"], tmp_path)
    programs(**{"kube-apiserver": f"echo Kubernetes v{version['kube-apiserver']}"})
    real_servers.main(["kubernetes", "--find"], tmp_path)
    (line,) = capsys.readouterr().out.splitlines()
    assert all(name in line for name in version), f"all of them: {line}"


def _module() -> str:
    return (ROOT / "tools" / "kubernetes" / "go.mod").read_text()
