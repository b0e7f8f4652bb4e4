"""What something needs exists before it: namespaces, Secrets, ConfigMaps, definitions of its kind, its provider."""

import networkx as nx
import pytest
import yaml

from components.vault.access import TOKEN_SECONDS
from lab.providers.kubernetes.charts import CHARTS
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recorded, Recording
from tests.support.objects import RELEASE, key_of, objects, of_kind, releases
from tests.support.program import ROOT, record_program
from tests.support.references import origins, references

_BUILT_IN = {
    *("", "admissionregistration.k8s.io", "apps", "batch", "networking.k8s.io", "policy", "rbac.authorization.k8s.io"),
    "storage.k8s.io",
    "talos.dev",  # the control planes bring it (pkg/machinery/constants of Talos, ServiceAccountResourceGroup)
}
# Cilium's operator registers its definitions once it runs, so the Job that saw them stands for the chart.
_GATED_DEFINITIONS = {"cilium.io": "home-cluster:kubernetes/cilium:Cilium"}
# The engine's own; it has no provider.
STASH = "pulumi:index:Stash"
# What exists only with an option of the stack file; the one release has a place for it in any case.
_OPTIONAL_FEATURES = {("ConfigMap", "authentik", "authentik-blueprints-kubernetes"): "login to the Kubernetes API"}


def _definer(recording: Recording, group: str) -> Recorded:
    """What brings the definitions of an API group into the cluster."""
    if group in _GATED_DEFINITIONS:
        component = recording.one(_GATED_DEFINITIONS[group])
        (gate,) = [one for one in recording.below(component) if one.type == "kubernetes:batch/v1:Job"]
        return gate
    charts = {name for name, facts in CHARTS.items() if group in {one.name for one in facts.groups}}
    found = [one for one in releases(recording) if one.get("chart").rsplit("/", maxsplit=1)[-1] in charts]
    assert len(found) == 1, f"exactly one release defines {group}"
    return found[0]


def test_a_database_goes_while_its_server_is_there_to_remove_the_finalizer(program: Recording) -> None:
    """The instances remove it, not the operator (cloudnative-pg, internal/management/controller)."""
    server = program.one("kubernetes:postgresql.cnpg.io/v1:Cluster")
    databases = [one for kind in ("Database", "DatabaseRole") for one in of_kind(program, kind)]
    assert databases
    assert [str(one) for one in databases if not program.is_after(one, server)] == [], "a destroy goes the way back"


def _custom(program: Recording) -> list[Recorded]:
    return [one for one in objects(program) if key_of(one).group not in _BUILT_IN]


def _early(program: Recording) -> list[str]:
    """Objects that do not come after the definition of their kind."""
    return [str(one) for one in _custom(program) if not program.is_after(one, _definer(program, key_of(one).group))]


@pytest.mark.failure("definition-after-object")
def test_a_custom_resource_comes_after_the_definition_of_its_kind(program: Recording) -> None:
    assert len({key_of(one).group for one in _custom(program)}) >= 5, "the program uses several operators"
    early = _early(program)
    assert early == [], "the API server does not know the kind yet, and at a destroy its operator is gone already"


def test_so_does_one_that_only_a_longer_stack_file_has(update: Recording) -> None:
    longer = record_program(preview=False, stack_file=FIXTURES / "valid" / "every-key.yaml")
    groups = [{key_of(one).group for one in _custom(recording)} for recording in (longer, update)]
    assert "monitoring.coreos.com" in groups[0] - groups[1], "it has more of them"
    assert _early(longer) == []


def test_external_secrets_are_asked_for_in_the_served_version_only(update: Recording) -> None:
    versions = {one.get("apiVersion") for one in objects(update) if key_of(one).group == "external-secrets.io"}
    assert versions == {"external-secrets.io/v1"}, "v1beta1 is in the definitions but not served"


@pytest.mark.failure("stale-conditions")
def test_everything_named_by_name_is_made_by_the_program(program: Recording) -> None:
    made = origins(program)
    named = list(references(program))
    assert len(named) > 80, "the walk finds references"
    known = {*made, *_OPTIONAL_FEATURES}
    missing = [str(one) for one in named if (one.kind, one.namespace, one.name) not in known]
    missing += [
        str(one) for one in named if (one.kind, one.namespace, one.name) in _OPTIONAL_FEATURES and not one.optional
    ]
    assert missing == [], "a pod that names it would wait for ever"


def test_the_keys_that_are_used_exist(program: Recording) -> None:
    made = origins(program)
    missing = [
        f"{one} with key {key}"
        for one in references(program)
        if (origin := made.get((one.kind, one.namespace, one.name))) is not None and origin.keys is not None
        for key in one.keys
        if key not in origin.keys
    ]
    assert missing == [], "a container that names a missing key does not start"


def test_secrets_and_config_maps_exist_before_their_users(program: Recording) -> None:
    made = origins(program)
    early = [
        f"{one}, which {origin.maker} makes"
        for one in references(program)
        if not one.optional
        and (origin := made.get((one.kind, one.namespace, one.name))) is not None
        and origin.maker is not one.user
        and not program.is_after(one.user, origin.maker)
    ]
    assert early == [], "by data, so that nobody has to remember it"


def test_a_certificate_comes_after_the_issuer_that_it_names(program: Recording) -> None:
    issuers = {key_of(one).name: one for one in of_kind(program, "ClusterIssuer")}
    certificates = of_kind(program, "Certificate")
    assert {one.get("spec", "issuerRef", "name") for one in certificates} >= {"internal-ca", "vault-pki"}
    early = [one for one in certificates if not program.is_after(one, issuers[one.get("spec", "issuerRef", "name")])]
    assert early == [], "nobody would sign, and what waits for it would give up"


@pytest.mark.failure("class-that-binds-nothing")
def test_the_default_storage_class_is_proven_before_anything_needs_a_volume(program: Recording) -> None:
    gate = program.one("kubernetes:batch/v1:Job", "storage-gate")
    users = [*of_kind(program, "StatefulSet"), *of_kind(program, "Cluster")]
    users += [one for one in releases(program) if program.phase_of(one) in ("phase1-infrastructure", "phase4-services")]
    assert [str(one) for one in users if not program.is_after(one, gate)] == [], "a claim would stay pending"


@pytest.mark.parametrize(
    ("package", "gate"),
    [("kubernetes", "kubernetes-api*"), ("vault", "vault-gate"), ("authentik", "authentik-api")],
)
def test_the_provider_of_an_api_waits_until_the_api_answers(program: Recording, package: str, gate: str) -> None:
    provider = program.one(f"pulumi:providers:{package}")
    gates = [one for one in program.named(gate) if one.type in ("kubernetes:batch/v1:Job", "command:local:Command")]
    assert len(gates) == 1, f"one gate stands before the API of {package}"
    users = [one for one in program.custom if one.provider == provider.urn]
    assert users, f"{package} is used"
    early = [str(one) for one in users if not program.is_after(one, gates[0])]
    assert early == [], "the provider would fail, or mark the API as unreachable for good"


def test_default_providers_are_switched_off_for_every_stack() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert project["config"]["pulumi:disable-default-providers"] == {"value": ["*"]}, "under `config`, where it works"


def test_releases_wait_for_their_workloads_or_have_a_gate_behind_them(program: Recording) -> None:
    for one in releases(program):
        if one.get("skipAwait"):
            behind = [job for job in of_kind(program, "Job") if program.is_after(job, one)]
            assert behind, f"{one} is not awaited, so a Job must look"


def test_only_kubernetes_objects_and_releases_are_in_the_walk(program: Recording) -> None:
    assert {one.type for one in releases(program)} == {RELEASE}, "releases"
    assert all(one.get("apiVersion") and one.get("kind") for one in objects(program)), "objects say what they are"


AWAITED = ("Deployment", "StatefulSet", "Service", "Ingress", "PersistentVolumeClaim", "Pod", "Job")
AWAIT_SECONDS = 600
"""How long pulumi-kubernetes awaits what says nothing else (provider/pkg/await/await.go)."""


def _patience(one: Recorded) -> int:
    """The most that creating it may take, in seconds."""
    if "create" in one.timeouts:
        return int(one.timeouts["create"].removesuffix("s"))
    kubernetes, kind = one.type.startswith("kubernetes:"), one.type.rpartition(":")[2]
    return AWAIT_SECONDS if kubernetes and kind in AWAITED else 0


def test_the_token_for_vault_outlasts_everything_that_comes_before_its_last_use(update: Recording) -> None:
    provider = update.one("pulumi:providers:vault")
    spent = {provider.urn: 0}
    for urn in nx.topological_sort(update.graph.reverse()):
        before = [spent[one] for one in update.graph.successors(urn) if one in spent]
        if before:
            one = update.by_urn[urn]
            spent[urn] = max(before) + (_patience(one) if one.custom else 0)
    longest = max(spent[one.urn] for one in update.of_type("vault:*"))
    assert 1200 < longest < TOKEN_SECONDS == int(provider.get("maxLeaseTtlSeconds")), (
        "from one gate to the next, each taking all its time, and then Vault answers 403"
    )
    assert TOKEN_SECONDS < 768 * 3600, "the most that Vault gives out (max_lease_ttl of the system)"
