"""What runbooks tell people to type is there: targets, subcommands, kinds, names, secrets, keys of stacks."""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.providers.kubernetes import charts
from register.secrets import declare
from stack_file.load import load_stack_file
from stack_file.secrets import SECRET_NAMES
from tests.support.command_tables import CHARTS_MAKE, COMMANDS, GLOBAL, OPERATORS_MAKE
from tests.support.program import ROOT, record_program
from tests.support.runbook_commands import BUILT_IN, World, complaints
from tools.completion import targets
from tools.files import UnavailableError
from tools.real_programs import HELM, RESTIC, VAULT
from tools.real_servers import find

PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
OTHERS = sorted((ROOT / "docs").glob("*.md"))
FLUX = ("gitrepositories", "helmrepositories", "ocirepositories", "kustomizations", "helmreleases")
"""Kinds of Flux itself, which its operator brings: fluxcd/source-controller, kustomize-controller, helm-controller."""
BY_HAND = {"databases/clusters/aside", "databases/pods/aside"}
"""What a runbook has people make beside the program's own."""
PROGRAMS = {"vault": VAULT, "helm": HELM, "restic": RESTIC}
EXAMPLES = {"dns/vps", "gitea/flux"}
"""Secrets of what a page has people write into the stack file."""
STACKS = ("every-key", "applications", "chains")


@functools.cache
def world() -> World:
    """Of the shipped stack and of others that have what it leaves off."""
    valid = [ROOT / "tests" / "fixtures" / "stacks" / "valid" / f"{name}.yaml" for name in STACKS]
    files = [ROOT / "Pulumi.test-cluster.yaml", *valid]
    recordings = [record_program(preview=False), *(record_program(preview=False, stack_file=file) for file in valid)]
    objects = {*BY_HAND, *CHARTS_MAKE, *OPERATORS_MAKE}
    objects |= {one.replace("/statefulsets/", "/pods/") for one in CHARTS_MAKE}
    kinds = {one.lower() for group in _groups() for of in group.kinds.values() for one in of}
    known = {*BUILT_IN, *FLUX, *(_plural(kind) for kind in kinds)}
    for one in (one for recording in recordings for one in recording.custom if one.type.startswith("kubernetes:")):
        kind, metadata = one.type.rpartition(":")[2].lower(), one.inputs.get("metadata") or {}
        plural = _plural(kind)
        of = metadata.get("namespace") or ""
        objects |= {f"{of}/{plural}/{metadata.get('name')}", *(f"{of}/secrets/{name}" for name in _made_of(one.inputs))}
        if kind in ("statefulset", "cluster"):
            claims = (one.inputs.get("spec") or {}).get("volumeClaimTemplates") or ()
            name = metadata.get("name")
            objects |= {
                f"{of}/pods/{name}",
                *(f"{of}/persistentvolumeclaims/{c['metadata']['name']}-{name}" for c in claims),
            }
    modules = [
        file.read_text(encoding="utf-8") for room in ("tools", "lab", "smoke") for file in (ROOT / room).rglob("*.py")
    ]
    return World(
        targets=targets((ROOT / "Makefile").read_text(encoding="utf-8")),
        flags={flag for text in modules for flag in re.findall(r'"(--[a-z-]+)"', text)}
        | {"--help", "--diff", "--refresh", "--upgrade"},
        kinds=known,
        foreign=FLUX,
        objects=objects,
        namespaces={one.partition("/")[0] for one in objects}
        | {name.split("/")[2] for name in objects if "/namespaces/" in name},
        secrets=SECRET_NAMES,
        paths={*EXAMPLES, *(one.path for file in files for one in declare(load_stack_file(file)))},
    )


def _plural(kind: str) -> str:
    if kind.endswith("y") and kind != "gateway":
        return f"{kind[:-1]}ies"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def _groups() -> Iterator[Any]:
    yield from (group for chart in charts.CHARTS.values() for group in chart.groups)


def _made_of(inputs: Mapping[str, Any]) -> Iterator[str]:
    """Secrets that an operator makes of the object."""
    spec = inputs.get("spec") or {}
    yield from filter(None, [(spec.get("target") or {}).get("name"), spec.get("secretName")])


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_what_a_runbook_tells_to_type_is_there(page: Path) -> None:
    assert list(complaints(page.read_text(encoding="utf-8"), world())) == []


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("make upp STACK=x", "upp is no target"),
        ("make access PHASE=dns", "access takes no PHASE"),
        ("make up ARGS=--cluster-lost", "--cluster-lost is a flag of nobody"),
        ("make rotate SECRET=gitea/root STACK=x", "gitea/root is no secret"),
        ("kubectl -n vaults get pods", "there is no namespace vaults"),
        ("kubectl -n vault logs job/vault-initialise", "nobody makes job vault-initialise in vault"),
        ("kubectl -n vault get secret vault-key -o yaml", "nobody makes secret vault-key in vault"),
        ("kubectl -n harbor get externalsecret ca", "nobody makes externalsecret ca in harbor"),
        ("kubectl get gateways -A", "gateways is a kind of nobody"),
        ("kubectl -n vault watch pods", "kubectl has no watch pods"),
        ("kubectl -n dns create job --from=x now", ""),
        (
            "kubectl -n cert-manager debug deploy/cert-manager --image=busybox",
            "kubectl debug takes pods and nodes alone",
        ),
        ("talosctl -n <address> etcd restart", "talosctl has no etcd restart"),
        ("vault operator unlock", "vault has no operator unlock"),
        ("vault kv get -mount=kv platform/gitea/root", "platform/gitea/root is no path in Vault"),
        ("pulumi config set --secret gitPassword", "gitPassword is no secret of a stack"),
        ("pulumi stack forget", "pulumi has no stack forget"),
        ("helm -n <namespace> undo <release>", "helm has no undo X"),
        ("kubectl -n vault logs vault-0 --sinse=1h", "kubectl logs has no --sinse"),
        ("kubectl -n vault exec -iq vault-0 -- sh", "kubectl exec has no -q"),
        ("talosctl -n <address> reset --gracefully", "talosctl reset has no --gracefully"),
        ("kubectl cnpg destroy postgres 2 -n databases --purge", "kubectl cnpg destroy has no --purge"),
        ("kubectl -n harbor logs deployment/harbor-kore", "nobody makes deployment harbor-kore in harbor"),
        ("kubectl -n vault delete pvc log-vault-2", "nobody makes pvc log-vault-2 in vault"),
        ("kubectl -n databases logs postgress-1 -c postgres", "nobody makes pods postgress-1 in databases"),
        ("kubectl -n vault exec vault-0 -- vault status -json", "vault status has no -json"),
    ],
)
def test_a_slip_is_found(command: str, complaint: str) -> None:
    for text in (f"# Page\n\n```console\n{command}   # why\n```\n", f"Do `{command}`.\n"):
        found = [one.rpartition(": ")[2] for one in complaints(text, world())]
        assert found == [complaint] * bool(complaint), "in a block and in a line"


@pytest.mark.real
@pytest.mark.parametrize("program", ["kubectl", "vault", "pulumi", "helm", "restic"])
def test_a_program_that_is_here_has_what_the_table_says(program: str) -> None:
    try:
        binary = shutil.which(program, path=f"{ROOT / '.tools'}:{os.environ['PATH']}")
        binary = binary or str(find(PROGRAMS[program]).binary)
    except (KeyError, UnavailableError) as error:
        pytest.skip(f"{program} is not here: {error}")
    lacking = []
    for name, flags in COMMANDS[program].items():
        run = subprocess.run([binary, *name.split(), "--help"], capture_output=True, text=True, check=False)
        common = subprocess.run([binary, "options"], capture_output=True, text=True, check=False).stdout
        said = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", f"{run.stdout} {run.stderr} {common}"))
        lacking += [f"{name} {flag}" for flag in (*flags.split(), *GLOBAL[program].split()) if flag not in said]
    assert lacking == []
