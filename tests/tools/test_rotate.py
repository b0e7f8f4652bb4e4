"""`make rotate`: the stack file is edited, and what the next update will do is told."""

import shutil
from pathlib import Path

import pytest

from lib.secrets import SecretDeclaration
from register.secrets import declare
from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED
from tools import rotate


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copy(SHIPPED, tmp_path)
    return tmp_path


def _run(root: Path, secret: str, stack: str = "test-cluster") -> int:
    return rotate.main(["--secret", secret, "--stack", stack], root)


def _generation(root: Path, path: str) -> int:
    declared = {one.path: one for one in declare(load_stack_file(root / SHIPPED.name))}
    return declared[path].generation


def test_the_generation_is_raised_by_one_each_time(root: Path) -> None:
    assert _run(root, "gitea/admin") == 0, "a first rotation"
    assert _generation(root, "gitea/admin") == 2, "every secret is born at generation 1"
    assert _run(root, "gitea/admin") == 0, "and a second"
    assert _generation(root, "gitea/admin") == 3, "one more"
    assert _generation(root, "gitea/server") == 1, "no other secret"


def test_it_says_what_will_happen_in_order_and_how_to_start_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(root, "postgres/harbor")
    said = capsys.readouterr().out
    steps = [
        "is at generation 2 now",
        "new values of password (password)",
        "one new version of platform/postgres/harbor in Vault",
        "ExternalSecret databases/postgres-harbor reads it; CloudNativePG sets the password of the role",
        "ExternalSecret harbor/database reads it; Reloader restarts Deployment/harbor-core; Reloader restarts "
        "Deployment/harbor-jobservice",
        "meanwhile: open connections stay",
        "Nothing has run yet: make up STACK=test-cluster",
    ]
    places = [said.find(step) for step in steps]
    assert -1 not in places, f"{steps[places.index(-1)] if -1 in places else ''} is not in:\n{said}"
    assert places == sorted(places), f"in the order in which it happens:\n{said}"


def test_a_value_that_stays_is_told_and_how_to_drop_it(root: Path) -> None:
    stack = root / SHIPPED.name
    section = "extra: { shop/api: { fields: { token: { keepPrevious: true } }, reflectTo: [gitea] } }"
    stack.write_text(
        stack.read_text(encoding="utf-8") + f"\n  home-cluster:secrets:\n    {section}\n", encoding="utf-8"
    )
    declaration, generation = rotate.rotate(stack, "shop/api")
    told = "\n".join(rotate.chain(declaration, generation))
    assert "Reflector copies it to gitea" in told, f"where it goes: {told}"
    assert "generation 1 stay as token-previous; rotate once more to drop them" in told, f"what stays: {told}"


@pytest.mark.parametrize(
    ("secret", "stack", "said"),
    [
        ("gitea/admn", "test-cluster", "SECRET=gitea/admn: is no secret of this stack; did you mean gitea/admin"),
        ("", "test-cluster", "SECRET=: is no secret of this stack; its secrets are authentik/server"),
        ("gitea/encryption", "test-cluster", "can never be rotated (Gitea encrypts columns of its database with it)"),
        ("gitea/admin", "prod", "Pulumi.prod.yaml is not there, so stack prod has no settings; here are: test-cluster"),
        ("gitea/admin", "", "which stack? Say STACK=<name>"),
    ],
)
def test_what_cannot_be_rotated_is_refused_with_the_fix_and_the_file_stays(
    root: Path, capsys: pytest.CaptureFixture[str], secret: str, stack: str, said: str
) -> None:
    before = (root / SHIPPED.name).read_bytes()
    assert _run(root, secret, stack) == 1, "an error of the command"
    assert said in capsys.readouterr().err, "why, and what to do"
    assert (root / SHIPPED.name).read_bytes() == before, "nothing is written"


def test_a_defective_stack_file_is_not_edited(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = root / SHIPPED.name
    stack.write_text(stack.read_text(encoding="utf-8").replace("vip: 10.2.3.1 ", "vip: 10.9.3.1 "), encoding="utf-8")
    before = stack.read_bytes()
    assert _run(root, "gitea/admin") == 1, "the next update would be refused"
    assert "network.vip" in capsys.readouterr().err, "for this reason"
    assert stack.read_bytes() == before, "so nothing is raised"


@pytest.mark.parametrize("declaration", declare(load_stack_file(SHIPPED)), ids=lambda one: one.path)
def test_every_secret_that_can_be_rotated_has_a_chain_that_names_all_its_readers(
    declaration: SecretDeclaration,
) -> None:
    told = "\n".join(rotate.chain(declaration, 2))
    for reader in declaration.readers:
        assert f"ExternalSecret {reader} " in told, f"{reader}: {told}"
