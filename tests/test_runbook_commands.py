"""What runbooks tell people to type is there: targets, subcommands, kinds, names, secrets, keys of stacks."""

import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.providers.kubernetes import charts
from register.secrets import declare
from stack_file import schema
from stack_file.load import load_stack_file
from stack_file.secrets import SECRET_NAMES
from tests.support.program import ROOT, record_program
from tests.support.runbook_commands import BUILT_IN, World, complaints
from tools.completion import targets

PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
FLUX = ("gitrepositories", "helmrepositories", "ocirepositories", "kustomizations", "helmreleases")
"""Kinds of Flux itself, which its operator brings: fluxcd/source-controller, kustomize-controller, helm-controller."""
BY_HAND = {"databases/clusters/aside"}
"""What a runbook has people make beside the program's own."""
STACKS = ("every-key", "applications", "chains")
_SECTION = "home-cluster:"


@functools.cache
def world() -> World:
    """Of the shipped stack and of others that have what it leaves off."""
    valid = [ROOT / "tests" / "fixtures" / "stacks" / "valid" / f"{name}.yaml" for name in STACKS]
    files = [ROOT / "Pulumi.test-cluster.yaml", *valid]
    recordings = [record_program(preview=False), *(record_program(preview=False, stack_file=file) for file in valid)]
    objects, kinds = set(BY_HAND), {one.lower() for group in _groups() for of in group.kinds.values() for one in of}
    known = {*BUILT_IN, *FLUX, *(_plural(kind) for kind in kinds)}
    for one in (one for recording in recordings for one in recording.custom if one.type.startswith("kubernetes:")):
        kind, metadata = one.type.rpartition(":")[2].lower(), one.inputs.get("metadata") or {}
        plural = _plural(kind)
        for name in (metadata.get("name"), *_made_of(one.inputs)):
            objects.add(
                f"{metadata.get('namespace') or ''}/{plural if name == metadata.get('name') else 'secrets'}/{name}"
            )
    modules = [
        file.read_text(encoding="utf-8") for room in ("tools", "lab", "smoke") for file in (ROOT / room).rglob("*.py")
    ]
    return World(
        targets=targets((ROOT / "Makefile").read_text(encoding="utf-8")),
        flags={flag for text in modules for flag in re.findall(r'"(--[a-z-]+)"', text)}
        | {"--help", "--diff", "--refresh"},
        kinds=known,
        workloads={*World.workloads, *FLUX},
        objects=objects,
        namespaces={one.partition("/")[0] for one in objects}
        | {name.split("/")[2] for name in objects if "/namespaces/" in name},
        secrets=SECRET_NAMES,
        paths={one.path for file in files for one in declare(load_stack_file(file))},
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
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
    ],
)
def test_a_slip_is_found(command: str, complaint: str) -> None:
    for text in (f"# Page\n\n```console\n{command}   # why\n```\n", f"Do `{command}`.\n"):
        found = [one.rpartition(": ")[2] for one in complaints(text, world())]
        assert found == [complaint] * bool(complaint), "in a block and in a line"


def _settings(text: str) -> Iterator[str]:
    """Keys of the stack file that a page names which are none."""
    whole, sections = schema.model_schema(), set(schema.model_schema()["properties"])
    for span in re.findall(r"`([a-z]\w+(?:\.[\w*<>-]+)+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        head, *rest = span.split(".")
        if (
            head in sections
            and rest[-1] not in ("md", "py", "json", "pem", "yaml", "sh")
            and not _leads(whole, whole["properties"][head], rest)
        ):
            yield span
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    for block in (part for one in blocks for part in re.split(r"(?m)^(?=  home-cluster:)", one) if part.strip()):
        read = yaml.safe_load(block)
        for key, value in (read if isinstance(read, dict) else {}).items():
            if key.startswith(_SECTION):
                section = key.removeprefix(_SECTION)
                yield from (
                    f"{section}.{path}" for path in _wrong(whole, whole["properties"].get(section, False), value)
                )
            elif (
                "apiVersion" not in read
                and not any(not [*_wrong(whole, place, {key: value})] for place in _places(whole))
                and "annotations" not in block
                and "traefik" not in key
            ):
                yield key


def _choices(whole: Mapping[str, Any], node: Any) -> list[Mapping[str, Any]]:
    if not isinstance(node, dict):
        return []
    if "$ref" in node:
        return _choices(whole, whole["$defs"][node["$ref"].rpartition("/")[2]])
    several = [one for key in ("anyOf", "oneOf", "allOf") for one in node.get(key, ())]
    return [node, *(found for one in several for found in _choices(whole, one))]


def _below(whole: Mapping[str, Any], node: Any, key: str) -> list[Any]:
    found = []
    for one in _choices(whole, node):
        free = one.get("additionalProperties") if isinstance(one.get("additionalProperties"), dict) else None
        found += [one["properties"][key]] if key in one.get("properties", {}) else [free] if free else []
        found += [*one.get("patternProperties", {}).values()]
        found += _below(whole, one["items"], key) if isinstance(one.get("items"), dict) else []
    return found


def _leads(whole: Mapping[str, Any], node: Any, keys: list[str]) -> bool:
    if not keys:
        return True
    if keys[0] in ("*", "nodes") or keys[0].startswith("<"):
        return True
    return any(_leads(whole, one, keys[1:]) for one in _below(whole, node, keys[0]))


def _wrong(whole: Mapping[str, Any], node: Any, value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            found = _below(whole, node, str(key))
            if not found:
                yield f"{path}{key}"
            elif not any(not [*_wrong(whole, one, inner)] for one in found):
                yield from _wrong(whole, found[0], inner, f"{path}{key}.")


def _places(whole: Mapping[str, Any]) -> Iterator[Any]:
    yield whole
    yield from whole["$defs"].values()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_settings_that_a_runbook_names_are_there(page: Path) -> None:
    assert list(_settings(page.read_text(encoding="utf-8"))) == []


def test_a_setting_that_is_none_is_found() -> None:
    assert list(_settings("Set `gitea.hosts`, `talos.version` and `harbor.projects.<name>.quota`.")) == ["gitea.hosts"]
    assert list(_settings("```yaml\n  home-cluster:gitea:\n    organisation: {}\n```")) == ["gitea.organisation"]
