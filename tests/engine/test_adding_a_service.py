"""docs/adding-a-service.md, word by word: a service from one folder and one entry comes up with all that follows."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.checkout import Stack
from lab.providers.kubernetes.cluster import OBJECTS
from tests.engine.platform import edit, world_of
from tests.stack_file.stacks import FIXTURES
from tests.support.program import ROOT, copy_program

pytestmark = pytest.mark.engine

FOLDER = ROOT / "tests" / "fixtures" / "notes"
PAGE = (ROOT / "docs" / "adding-a-service.md").read_text(encoding="utf-8")
_CHECKS = """
from smoke.checks import suite
from smoke.site import Site
from stack_file.load import load_stack_file
from tools.secret_listing import STACK_FILE
print(*(one.name for one in suite(Site(load_stack_file(STACK_FILE), None))), sep="\\n")
"""

_GENERATE = """
import runpy
for module in ("tools.secret_listing", "stack_file.schema", "stack_file.docs"):
    try:
        runpy.run_module(module, run_name="__main__")
    except SystemExit as ended:
        assert not ended.code, module
"""


def _run(root: Path, *arguments: str) -> str:
    # Nobody kills it, so the state need not be written at every step.
    environment = os.environ | {"PULUMI_SKIP_CHECKPOINTS": "true"}
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with the service, and its stack, which has no other."""
    root = tmp_path_factory.mktemp("notes")
    copy_program(root, FOLDER)
    register = root / "register" / "services.py"
    line, names = re.findall(r"```python\n(from components\.notes.*)\n\n(SERVICES.*)\n```", PAGE)[0]
    text = re.sub(r"^SERVICES.*$", names, register.read_text(encoding="utf-8"), flags=re.M)
    register.write_text(text.replace("from declarations", f"{line}\nfrom declarations", 1), encoding="utf-8")
    (section,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.S)
    stack = Stack(root, "test-cluster", root / "build" / "demo")
    stack.file.write_text((FIXTURES / "valid" / "minimal.yaml").read_text(encoding="utf-8") + section, encoding="utf-8")
    edit(stack, _without_the_others)
    return root


def _without_the_others(sections: dict[str, Any]) -> None:
    for name in ("gitea", "harbor", "matrix", "gitops"):
        sections[name]["enabled"] = False


@pytest.fixture(scope="module")
def shown(root: Path) -> str:
    """What the demo prints."""
    return _run(root, "-m", "lab", "demo")


@pytest.fixture(scope="module")
def objects(root: Path, shown: str) -> Iterator[Mapping[str, Mapping[str, Any]]]:
    """What is in the cluster afterwards, by `<kind>/<namespace>/<name>`."""
    assert shown, "the demo ran"
    with world_of(Stack(root, "test-cluster", root / "build" / "demo")) as world:
        yield dict(world.view(OBJECTS))


def test_the_page_shows_the_files_as_they_are_tried_here() -> None:
    shown = dict(re.findall(r"^`(\w+\.py)`:\n\n```python\n(.*?)```", PAGE, flags=re.S | re.M))
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py")}
    assert kept.pop("__init__.py") == "", "of which the page says that it is empty"
    assert shown == kept, "a reader copies what was tried"


def test_it_comes_up_and_every_metric_of_success_holds(root: Path, shown: str) -> None:
    report = json.loads((root / "build" / "demo" / "report.json").read_text(encoding="utf-8"))
    assert report["result"] == "succeeded", shown
    assert report["urls"]["notes"] == "https://notes.home.example.com", "where people find it"
    assert set(report["urls"]) == {"identity", "notes", "vault"}, "and no other service"
    assert re.search(r"^ *notes +https://notes\.home\.example\.com", shown, flags=re.M), "among the hosts"


def test_every_part_that_the_page_promises_is_there(objects: Mapping[str, Mapping[str, Any]]) -> None:
    for key in (
        "/Namespace//notes",
        "postgresql.cnpg.io/Database/databases/notes",
        "/Secret/databases/postgres-notes",
        *(f"/Secret/notes/{name}" for name in ("database", "oidc", "sessions", "tls")),
        "/ConfigMap/notes/cluster-ca",
        "/Secret/authentik/authentik-oidc-notes",
        "/ConfigMap/authentik/authentik-blueprints-notes",
        "cert-manager.io/Certificate/notes/tls",
    ):
        assert key in objects, sorted(one for one in objects if "notes" in one)
    gates = {"batch/Job/notes/notes-login", "batch/Job/authentik/login-notes-discovery"}
    assert {key for key in gates if objects[key]["status"].get("succeeded")} == gates, "its login was proven"
    assert " notes.home.example.com" in objects["/ConfigMap/kube-system/coredns"]["data"]["Corefile"], "inside, too"


def test_the_suite_asks_about_it(root: Path) -> None:
    asked = _run(root, "-c", _CHECKS).splitlines()
    assert {
        "notes.home.example.com has a certificate of the CA",
        "issuer of notes",
        "notes leads to Authentik",
        "notes lets a person in and knows them",
        "notes keeps out who lacks its groups",
    } <= set(asked), "make smoke, and the end of the demo"


def test_what_is_generated_names_it(root: Path) -> None:
    _run(root, "-c", _GENERATE)
    secrets = (root / "docs" / "secrets.md").read_text(encoding="utf-8")
    assert all(f"`{path}`" in secrets for path in ("notes/sessions", "postgres/notes", "oidc/notes")), "who reads what"
    schema = json.loads((root / "docs" / "stack.schema.json").read_text(encoding="utf-8"))
    assert "home-cluster:notes" in json.dumps(schema), "an editor knows the section"
    assert "\n## notes\n" in (root / "docs" / "configuration.md").read_text(encoding="utf-8"), "and a reader"
