"""Every invariant holds of the program under every stack file, and is broken by what is planted to break it."""

import copy
import dataclasses
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from invariants import catalogue
from invariants.view import UNKNOWN
from tests.invariants import __main__ as command
from tests.stack_file.stacks import VALID
from tests.support.program import record_program
from tests.support.recording import Recorded, Recording

_POD = ("spec", "template", "spec")
_CONTAINER = (*_POD, "containers", 0)
_COREDNS = ("kubernetes:apps/v1:Deployment", "coredns")
_SECRET = "(a secret)"
Change = Callable[[Recording, Recorded], Sequence[Recorded]]


@pytest.mark.failure(
    "pod-that-is-not-admitted", "two-owners", "two-hands-one-secret", "namespace-missing", "wrong-image"
)
def test_every_invariant_holds(program: Recording) -> None:
    assert broken(program) == [], "make invariants says the same"


@pytest.mark.parametrize("stack_file", VALID, ids=lambda path: path.stem)
def test_every_invariant_holds_under_every_stack_file(stack_file: Path) -> None:
    assert broken(record_program(preview=False, stack_file=stack_file)) == [], "whatever it asks for"


def broken(recording: Recording) -> list[str]:
    return [f"{one.id}: {found.urn}: {found.what}; {found.fix}" for one, found in catalogue.violations(recording)]


def put(*path: str | int, value: Any) -> Change:
    """Another value at a place, which is made where it is missing; a secret of the run for _SECRET."""

    def changed(recording: Recording, one: Recorded) -> Sequence[Recorded]:
        inputs = copy.deepcopy(one.inputs)
        holder: Any = inputs
        for step in path[:-1]:
            holder = holder.setdefault(step, {}) if isinstance(holder, dict) else holder[step]
        holder[path[-1]] = next(iter(recording.issued)) if value is _SECRET else value
        return [dataclasses.replace(one, inputs=inputs)]

    return changed


def drop(*path: str | int) -> Change:
    """Nothing at a place."""

    def changed(recording: Recording, one: Recorded) -> Sequence[Recorded]:
        del recording
        inputs = copy.deepcopy(one.inputs)
        holder: Any = inputs
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
        return [dataclasses.replace(one, inputs=inputs)]

    return changed


def twin(recording: Recording, one: Recorded) -> Sequence[Recorded]:
    """The same thing once more."""
    del recording
    return [one, dataclasses.replace(one, urn=f"{one.urn}-twin")]


def gone(recording: Recording, one: Recorded) -> Sequence[Recorded]:
    """The resource is not there."""
    del recording, one
    return []


def option(**options: Any) -> Change:
    """Other options."""
    return lambda _, one: [dataclasses.replace(one, **options)]


_ANY = "kubernetes:core/v1:ConfigMap", "coredns-corefile"
_GITEA = "kubernetes:helm.sh/v3:Release", "gitea-release"
_JOB = "kubernetes:batch/v1:Job", "vault-gate"
_SYNCED = "kubernetes:external-secrets.io/v1:ExternalSecret", "gitea-server"
_VAULT = "*:NetworkPolicy", "vault-network-policy"
_STRANGER = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gitea"}}}
_ALONE = option(dependencies=frozenset(), provider="", parent="")
PLANTED: Sequence[tuple[str, tuple[str, str], Change]] = (
    ("image-pinned", _COREDNS, put(*_CONTAINER, "image", value="docker.io/library/busybox:latest")),
    ("image-maintained", _GITEA, put("values", "image", "registry", value="docker.io/bitnami")),
    ("container-bounded", _COREDNS, drop(*_CONTAINER, "resources", "limits")),
    ("container-bounded", _COREDNS, put(*_CONTAINER, "resources", "limits", "cpu", value="1")),
    ("workload-probed", _COREDNS, drop(*_CONTAINER, "readinessProbe")),
    ("job-ends", _JOB, drop("spec", "activeDeadlineSeconds")),
    ("job-ends", _JOB, option(timeouts={"create": "10s"})),
    ("old-pod-first", _COREDNS, put(*_POD, "volumes", value=[{"name": "x", "persistentVolumeClaim": {}}])),
    ("claims-stay", _GITEA, put("values", "x", "whenDeleted", value="Delete")),
    ("namespace-enforces", ("kubernetes:core/v1:Namespace", "gitea-namespace"), drop("metadata", "labels")),
    ("pod-admitted", _JOB, put(*_POD, "hostNetwork", value=True)),
    ("pod-admitted", _JOB, put(*_POD, "volumes", value=[{"name": "host", "hostPath": {"path": "/"}}])),
    ("pod-admitted", _JOB, put(*_POD, "securityContext", value={})),
    ("namespace-closed", ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "gitea-namespace-ingress"), gone),
    ("secret-marked", _ANY, put("data", "x", value=_SECRET)),
    ("secret-not-in-values", _GITEA, put("values", "x", value=_SECRET)),
    ("secret-not-in-config-map", _ANY, put("data", "x", value=_SECRET)),
    ("secret-not-in-pod", _COREDNS, put(*_CONTAINER, "workingDir", value=_SECRET)),
    ("secret-one-writer", _SYNCED, twin),
    ("secret-in-vault-once", ("vault:kv/secretV2:SecretV2", "gitea-server-kv"), twin),
    ("secret-in-vault-once", ("vault:kv/secretV2:SecretV2", "gitea-server-kv"), put("name", value="apps/gitea")),
    ("secret-from-register", ("random:index/randomPassword:RandomPassword", "gitea-admin-*"), option(parent="")),
    (
        "vault-for-few",
        ("*:NetworkPolicy", "vault-network-policy"),
        put("spec", "ingress", 0, "from", 0, value=_STRANGER),
    ),
    ("object-one-owner", _ANY, twin),
    ("release-one-name", _GITEA, twin),
    ("thing-one-owner", ("vault:index/policy:Policy", "*"), twin),
    ("thing-one-owner", ("talos:machine/bootstrap:Bootstrap", "*"), twin),
    ("host-one-ingress", ("kubernetes:networking.k8s.io/v1:Ingress", "vault-ui"), twin),
    ("in-one-phase", _JOB, option(parent="")),
    ("provider-named", _ANY, option(provider="")),
    ("provider-named", ("vault:index/policy:Policy", "*"), lambda r, one: [_of(r, one, "pulumi:providers:kubernetes")]),
    ("namespace-first", _GITEA, put("namespace", value="nobody")),
    ("namespace-first", _ANY, put("metadata", "namespace", value="gitea")),
    ("secret-after-store", _SYNCED, _ALONE),
    ("secret-after-store", ("vault:kv/secretV2:SecretV2", "gitea-server-kv"), gone),
    (
        "certificate-after-issuer",
        ("kubernetes:*:Certificate", "*"),
        option(dependencies=frozenset(), provider="", parent=""),
    ),
    ("certificate-after-issuer", ("*:ClusterIssuer", "*"), drop("metadata", "annotations")),
    ("gate-needed", _JOB, twin),
    ("host-over-tls", ("kubernetes:networking.k8s.io/v1:Ingress", "vault-ui"), drop("spec", "tls")),
    ("login-registered", ("authentik:index/blueprint:Blueprint", "login-gitea-blueprint*"), gone),
    ("right-named", ("*:ClusterRole", "*"), put("rules", 0, "verbs", value=["*"])),
    ("token-where-needed", _COREDNS, put(*_POD, "serviceAccountName", value="default")),
    (
        "one-default-class",
        _GITEA,
        put("values", "storageClass", "storageclass.kubernetes.io/is-default-class", value="true"),
    ),
)


def _of(recording: Recording, one: Recorded, kind: str) -> Recorded:
    return dataclasses.replace(one, provider=recording.one(kind).urn)


@pytest.mark.parametrize(("identity", "at", "change"), PLANTED, ids=[f"{row[0]}-{n}" for n, row in enumerate(PLANTED)])
def test_what_is_planted_breaks_the_invariant(
    update: Recording, identity: str, at: tuple[str, str], change: Change
) -> None:
    kind, name = at
    found = [one for one in update.resources if fnmatchcase(one.type, kind) and fnmatchcase(one.name, name)]
    assert found, f"the program has {kind} {name}"
    resources = list(update.resources)
    for one in found if change is gone else found[:1]:
        place = resources.index(one)
        resources[place : place + 1] = change(update, one)
    planted = dataclasses.replace(update, resources=resources)
    (asked,) = [one for one in catalogue.ALL if one.id == identity]
    assert list(asked.check(update)) == [], "as it is"
    said = list(asked.check(planted))
    assert said, f"{asked.statement} - and now it does not"
    assert all(one.urn and one.what and one.fix for one in said), "which, how, and what to do"


def _hidden(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _hidden(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner) for inner in value]
    return value if key in ("kind", "apiVersion") else UNKNOWN


def test_what_a_preview_does_not_know_breaks_nothing(update: Recording) -> None:
    unseen = [dataclasses.replace(one, inputs=_hidden(one.inputs)) for one in update.resources]
    assert broken(dataclasses.replace(update, resources=unseen)) == [], "as when the engine knows no name yet"


def test_each_invariant_is_planted_against_and_says_why() -> None:
    assert {row[0] for row in PLANTED} == {one.id for one in catalogue.ALL}, "one that cannot fail proves nothing"
    assert len({one.id for one in catalogue.ALL}) == len(catalogue.ALL), "ids are names"
    assert [one.id for one in catalogue.ALL if not (one.statement.endswith(".") and one.why)] == [], "docs list them"


def test_the_command_says_what_is_broken_in_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], update: Recording
) -> None:
    (job,) = [one for one in update.resources if one.name == "vault-gate" and one.type == _JOB[0]]
    others = [one for one in update.resources if one is not job]
    spoilt = dataclasses.replace(update, resources=[*others, *drop("spec", "activeDeadlineSeconds")(update, job)])
    monkeypatch.setattr(command, "record_program", lambda **_: update)
    assert command.main(["--stack", "test-cluster"]) == 0, "nothing is broken"
    monkeypatch.setattr(command, "record_program", lambda **_: spoilt)
    assert command.main(["--stack", "test-cluster"]) == 1, "one is"
    said = capsys.readouterr().out
    assert "vault-gate (kubernetes:batch/v1:Job): has no activeDeadlineSeconds" in said, "which, and how"
    assert max(map(len, said.splitlines())) <= 80, "a table for a terminal"
    assert command.main(["--stack", "absent"]) == 2, "no program to ask"
