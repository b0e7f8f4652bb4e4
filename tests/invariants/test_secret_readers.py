"""The registry of secrets and the program agree: who reads a secret, what restarts, and where copies go."""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lib.secrets import KV_MOUNT, PLATFORM_PREFIX, Reader
from register.secrets import declare
from stack_file.load import load_stack_file
from tests.stack_file.stacks import VALID
from tests.support.engine import Recorded, Recording
from tests.support.objects import key_of, namespace_of, of_kind
from tests.support.program import STACK_FILE, record_program
from tests.support.references import Reference, references
from tests.support.variants import changed, difference

_REFLECTOR = "reflector.v1.k8s.emberstack.com/reflection-"
_ANNOTATIONS = ("annotations", "podAnnotations", "workloadAnnotations", "deploymentAnnotations")
# Parts of the values whose Secrets a component elsewhere in the values reads.
_READ_BY = {("harbor", "existingSecretAdminPassword"): "core", ("harbor", "database"): "core"}

Readers = dict[tuple[str, str], set[str]]

every_stack = pytest.mark.parametrize("stack_file", [STACK_FILE, *VALID], ids=lambda path: path.stem)


def _declared(stack_file: Path) -> Readers:
    found: Readers = {}
    for declaration in declare(load_stack_file(stack_file)):
        for reader in declaration.readers:
            found.setdefault((reader.namespace, reader.secret), set()).add(declaration.path)
    return found


def _built(recording: Recording) -> Readers:
    prefix = f"{PLATFORM_PREFIX}/"
    return {
        (key_of(one).namespace, one.get("spec", "target", "name")): {
            entry["remoteRef"]["key"].removeprefix(prefix) for entry in one.get("spec", "data")
        }
        for one in of_kind(recording, "ExternalSecret")
    }


@every_stack
def test_every_declared_reader_is_built_and_no_other(stack_file: Path) -> None:
    declared, built = _declared(stack_file), _built(record_program(preview=False, stack_file=stack_file))
    assert set(declared) - set(built) == set(), "declared as a reader, and never read by an ExternalSecret"
    assert set(built) - set(declared) == set(), "an ExternalSecret that the registry does not know"
    assert built == declared, "each reads exactly the secrets that name it"


@every_stack
def test_every_declared_secret_is_written_to_vault_once(stack_file: Path) -> None:
    written = [
        (one.get("mount"), one.get("name"))
        for one in record_program(preview=False, stack_file=stack_file).of_type("vault:kv/secretV2:SecretV2")
    ]
    declared = [(KV_MOUNT, declaration.vault_path) for declaration in declare(load_stack_file(stack_file))]
    assert sorted(written) == sorted(declared), "one writer for one path, and no path outside the registry"


def _readers() -> Iterator[Reader]:
    """Those of secrets that can be rotated."""
    seen: set[str] = set()
    for declaration in declare(load_stack_file(STACK_FILE)):
        for reader in declaration.readers if not declaration.permanent else ():
            if str(reader) not in seen:
                seen.add(str(reader))
                yield reader


READERS = list(_readers())


def _users(update: Recording, reader: Reader) -> list[Reference]:
    return [
        one
        for one in references(update)
        if (one.kind, one.namespace, one.name) == ("Secret", reader.namespace, reader.secret)
    ]


@pytest.mark.parametrize("reader", [one for one in READERS if one.restarts], ids=str)
def test_reloader_restarts_what_reads_a_secret(update: Recording, reader: Reader) -> None:
    # Each run of a Job or CronJob reads it anew.
    workloads = [one for one in _users(update, reader) if one.user.get("kind") not in ("Job", "CronJob")]
    assert workloads, "a reader that nothing uses"
    silent = [str(one) for one in workloads if not any(map(_reloads(reader), _annotations(one)))]
    assert silent == [], "the old value would be used until somebody restarts it"


def test_what_a_release_reads_as_it_starts_is_restarted(update: Recording) -> None:
    still = {
        str(one) for one in READERS if not one.restarts and any(use.user.get("values") for use in _users(update, one))
    }
    assert {name for name in still if not name.startswith("authentik/authentik-oidc-")} == set(), (
        "of all releases, the worker of Authentik alone reads a Secret again, with each blueprint"
    )


def _reloads(reader: Reader) -> Any:
    def judge(annotations: Mapping[str, str]) -> bool:
        named = annotations.get("secret.reloader.stakater.com/reload", "").split(",")
        return annotations.get("reloader.stakater.com/auto") == "true" or reader.secret in named

    return judge


def _annotations(reference: Reference) -> Iterator[Mapping[str, str]]:
    """Annotations of the workload that a reference belongs to: of the object, or in the values next to it or above."""
    user = reference.user
    if user.get("kind"):
        yield user.get("metadata", "annotations") or {}
        return
    values, path = user.get("values"), reference.path
    component = _READ_BY.get((user.get("name"), str(path[0])))
    for depth in range(len(path), -1, -1):
        yield from _in(_at(values, path[:depth]))
    yield from _in(values.get("deployment")) if component is None else _in(values.get(component))
    yield from _in(values.get("global"))


def _at(values: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        values = values[step]
    return values


def _in(part: Any) -> Iterator[Mapping[str, str]]:
    if isinstance(part, dict):
        yield from (part[key] for key in _ANNOTATIONS if isinstance(part.get(key), dict))


@pytest.mark.parametrize(
    ("reader", "annotated"),
    [
        ("gitea/server", ("deployment", "annotations")),
        ("harbor/oidc", ("core", "podAnnotations")),
        ("databases/valkey-users", ("workloadAnnotations",)),
        ("matrix/mas", ("matrixAuthenticationService", "annotations")),
    ],
)
def test_a_workload_without_the_annotation_is_noticed(
    update: Recording, reader: str, annotated: tuple[str, ...]
) -> None:
    declared = next(one for one in READERS if str(one) == reader)
    reference = next(one for one in _users(update, declared) if one.user.get("values"))
    assert any(map(_reloads(declared), _annotations(reference))), "as it is"
    inputs = copy.deepcopy(reference.user.inputs)
    del _at(inputs["values"], annotated[:-1])[annotated[-1]]
    silent = replace(reference, user=replace(reference.user, inputs=inputs))
    assert not any(map(_reloads(declared), _annotations(silent))), "without the annotation nothing restarts it"


def test_copies_go_only_where_the_registry_says(update: Recording) -> None:
    wanted = {
        (reader.namespace, reader.secret): set(reader.reflect_to)
        for declaration in declare(load_stack_file(STACK_FILE))
        for reader in declaration.readers
    }
    for one in of_kind(update, "ExternalSecret"):
        annotations = {
            key: value
            for key, value in (one.get("spec", "target", "template", "metadata", "annotations") or {}).items()
            if _REFLECTOR in key
        }
        listed = {key: set(value.split(",")) for key, value in annotations.items() if key.endswith("-namespaces")}
        place = (namespace_of(one), one.get("spec", "target", "name"))
        for key, namespaces in listed.items():
            assert namespaces <= wanted[place], f"{one}: {key} names more namespaces than the registry"
        assert bool(listed) == bool(wanted[place]), f"{one}: Reflector's annotations, exactly where copies are wanted"


def test_composed_secrets_use_only_variables_that_they_declare(update: Recording) -> None:
    for one in of_kind(update, "ExternalSecret"):
        variables = {entry["secretKey"] for entry in one.get("spec", "data")}
        for key, text in (one.get("spec", "target", "template", "data") or {}).items():
            expressions = [part.split("}}")[0] for part in text.split("{{")[1:]]
            used = {name for expression in expressions for name in re.findall(r"\.(\w+)", expression)}
            assert used <= variables, f"{one}: {key} uses {used - variables}, which External Secrets would leave empty"


def test_nothing_else_asks_reflector_for_copies(update: Recording) -> None:
    asking: list[str] = []
    for one in update.custom:
        if one.get("kind") == "ExternalSecret":
            continue
        asking += [str(one) for path, _, _ in one.strings() if any(_REFLECTOR in str(step) for step in path)]
    assert asking == [], "a copy that the registry does not know"


def test_the_generations_are_a_stack_output_in_plain_numbers(update: Recording) -> None:
    shown: Any = update.stack_outputs.values["secretGenerations"]
    declared = declare(load_stack_file(STACK_FILE))
    assert shown == {declaration.path: declaration.generation for declaration in declared}, "what was applied"
    assert not update.stack_outputs.is_secret("secretGenerations"), "read before the next update, without a passphrase"


ROTATING = {one.path: one for one in declare(load_stack_file(STACK_FILE)) if not one.permanent}
GENERATIONS = {path: number for number, path in enumerate(ROTATING, start=1001)}
"""One of its own for each, which tells whose a change is."""
JOBS = {
    "authentik/server": {"authentik-api"},
    "valkey/harbor": {"harbor-content"},
    "harbor/robot-puller": {"harbor-content"},
    "dns/acme": {"dns-internet-zones"},
    "dns/vps": {"dns-internet-zones"},
    "oidc/gitea": {"login-gitea-blueprint-apply", "gitea-login"},
    "oidc/harbor": {"login-harbor-blueprint-apply", "harbor-login"},
    "oidc/matrix": {"login-matrix-blueprint-apply", "matrix-login"},
    "oidc/vault": {"login-vault-blueprint-apply", "vault-oidc-gate"},
}
"""Secret -> Jobs that bring a new value to where it is kept, or prove that it is there."""


@pytest.mark.failure("reader-without-the-new-value")
@pytest.mark.parametrize("path", ROTATING)
def test_a_rotation_of_each_secret_reaches_its_readers_and_what_they_keep(update: Recording, path: str) -> None:
    generations = json.dumps(GENERATIONS)
    gitops = "  home-cluster:gitops:\n"
    rotated = changed(gitops, f"  home-cluster:rotation: {{ generations: {generations} }}\n{gitops}")
    moved, mark = difference(update, rotated).changed, f"{path}={GENERATIONS[path]}"
    for reader in ROTATING[path].readers:
        one = _of(rotated, reader.secret, reader.namespace)
        annotations = one.get("spec", "target", "template", "metadata", "annotations")
        assert mark in annotations["home-cluster/generations"].split(","), f"{reader} is read anew"
        assert (one.type, one.name) in moved, "by this update"
    for name in JOBS.get(path, set()):
        job = json.dumps(rotated.one("kubernetes:batch/v1:Job", name).get("spec"))
        assert re.search(rf"\b{GENERATIONS[path]}\b", job), (
            f"{name} runs again, or the old value stays where it is kept"
        )
    if path.startswith("oidc/"):
        blueprint = {name for _, name in moved if name.startswith(f"login-{path.removeprefix('oidc/')}-blueprint")}
        assert {name.rpartition("-")[2] for name in blueprint} >= {"file", "visible", "row", "apply"}, "each takes part"
    by_job = [str(one) for one in ROTATING[path].readers if " Job" in one.keeps + one.follows]
    assert not by_job or path in JOBS, f"say which Job renews what {by_job} keep"


def _of(recording: Recording, name: str, namespace: str | None = None) -> Recorded:
    found = [one for one in of_kind(recording, "ExternalSecret") if one.get("spec", "target", "name") == name]
    (only,) = [one for one in found if namespace in (None, namespace_of(one))]
    return only


def test_an_added_secret_goes_the_same_way_as_all_others() -> None:
    recording = record_program(preview=False, stack_file=_every_key())
    one = _of(recording, "extra-shop-api")
    assert namespace_of(one) == "external-secrets", "where Reflector finds it"
    assert [entry["remoteRef"] for entry in one.get("spec", "data")] == [
        {"key": "platform/shop/api", "property": "token"},
        {"key": "platform/shop/api", "property": "token-previous"},
    ], "from Vault, with the value before the rotation"
    annotations = one.get("spec", "target", "template", "metadata", "annotations")
    assert annotations[f"{_REFLECTOR}auto-namespaces"] == "gitea,shop", "to the namespaces of the stack file"


def _every_key() -> Path:
    return next(path for path in VALID if path.stem == "every-key")
