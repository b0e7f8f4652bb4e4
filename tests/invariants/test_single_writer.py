"""No object has two writers: each thing in the world is owned by exactly one resource of the program."""

import json
from collections import Counter
from collections.abc import Hashable, Iterable

import pytest

from lab.providers.kubernetes.charts import CHARTS, full_name
from tests.support.engine import Recording
from tests.support.objects import key_of, namespace_of, objects, of_kind, releases

_POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"


def _twice(keys: Iterable[Hashable]) -> list[Hashable]:
    return [key for key, count in Counter(keys).items() if count > 1]


@pytest.mark.failure("two-owners")
def test_no_two_resources_own_one_kubernetes_object(program: Recording) -> None:
    keys = [key_of(one) for one in objects(program)]
    assert len(keys) > 100, "the program creates objects"
    assert _twice(keys) == [], "the later one would overwrite the earlier at every update"


def test_what_others_wrote_into_an_object_does_not_fail_its_next_update(program: Recording) -> None:
    provider = program.one("pulumi:providers:kubernetes")
    assert str(provider.get("enablePatchForce")).lower() == "true", "docs/adr/0047-what-is-declared-is-taken-back.md"


def test_no_two_releases_have_one_name_in_one_namespace(program: Recording) -> None:
    assert _twice((namespace_of(one), one.get("name")) for one in releases(program)) == [], "Helm refuses the second"


def test_no_object_of_the_program_is_also_one_of_a_chart(program: Recording) -> None:
    own = {key_of(one) for one in objects(program)}
    clashes = []
    for one in releases(program):
        chart = one.get("chart").rsplit("/", maxsplit=1)[-1]
        fullname = full_name(chart, one.get("name"), one.get("values"))
        for kind, names in (("Service", CHARTS[chart].services), ("ServiceAccount", CHARTS[chart].accounts)):
            for template in names:
                name = template.format(fullname=fullname, release=one.get("name"))
                clashes += [
                    key for key in own if (key.kind, key.namespace, key.name) == (kind, namespace_of(one), name)
                ]
    assert clashes == [], "Helm refuses to adopt what Pulumi created"


@pytest.mark.failure("two-hands-one-secret")
def test_no_secret_is_made_by_two_hands(program: Recording) -> None:
    made = [(key_of(one).namespace, key_of(one).name) for one in of_kind(program, "Secret")]
    made += [(key_of(one).namespace, one.get("spec", "target", "name")) for one in of_kind(program, "ExternalSecret")]
    made += [(key_of(one).namespace, one.get("spec", "secretName")) for one in of_kind(program, "Certificate")]
    assert _twice(made) == [], "External Secrets, cert-manager and Pulumi would overwrite each other"


def test_flux_is_kept_out_of_every_namespace_of_the_program_but_its_own(program: Recording) -> None:
    policy = program.one(_POLICY).get("spec")
    closed = set(json.loads(policy["variables"][0]["expression"]))
    # Where applications of the stack file run, people bring the workloads.
    open_to_all = {
        "flux-system",
        *(namespace_of(one) for one in program.named("credentials-*") if "spec" in one.inputs),
    }
    made = {key_of(one).name for one in of_kind(program, "Namespace")}
    assert made - open_to_all <= closed, "a Deployment there could mount its Secrets"
    assert closed & open_to_all == set(), "but people's own are theirs"
    assert program.is_after(
        program.one("kubernetes:fluxcd.controlplane.io/v1:FluxInstance"), program.one(f"{_POLICY}Binding")
    ), "before anything is applied"


@pytest.mark.parametrize(
    ("pattern", "identity"),
    [
        ("vault:kv/secretV2:SecretV2", ("mount", "name")),
        ("vault:index/mount:Mount", ("path",)),
        ("vault:*uthBackend:AuthBackend", ("path",)),
        ("vault:index/policy:Policy", ("name",)),
        ("vault:kubernetes/authBackendRole:AuthBackendRole", ("backend", "roleName")),
        ("vault:jwt/authBackendRole:AuthBackendRole", ("backend", "roleName")),
        ("vault:identity/group:Group", ("name",)),
        ("vault:identity/groupAlias:GroupAlias", ("mountAccessor", "name")),
        ("authentik:index/blueprint:Blueprint", ("path",)),
        ("proxmoxve:index/vmLegacy:VmLegacy", ("vmId",)),
        ("proxmoxve:download/fileLegacy:FileLegacy", ("nodeName", "datastoreId", "fileName")),
        ("talos:machine/configurationApply:ConfigurationApply", ("node",)),
    ],
)
def test_no_two_resources_own_one_thing_outside_kubernetes(
    update: Recording, pattern: str, identity: tuple[str, ...]
) -> None:
    found = update.of_type(pattern)
    assert found, f"the program has {pattern}"
    assert _twice(tuple(one.get(key) for key in identity) for one in found) == [], "the later would undo the earlier"


def test_vault_is_bootstrapped_once_and_talos_too(update: Recording) -> None:
    for pattern in ("talos:machine/bootstrap:Bootstrap", "talos:machine/secrets:Secrets"):
        assert len(update.of_type(pattern)) == 1, f"{pattern}: a second one would begin a second cluster"
    assert len(update.named("vault-init-job")) == 1, "one Job initialises Vault"


def test_no_two_hosts_are_served_by_two_ingresses(update: Recording) -> None:
    hosts = [rule["host"] for one in of_kind(update, "Ingress") for rule in one.get("spec", "rules")]
    assert hosts, "the program has Ingresses of its own"
    assert _twice(hosts) == [], "which of the two answers would be chance"
