"""Vault's server, its initialisation and the way to it."""

import itertools
from typing import Any

import pulumi
import pytest
from pulumi.runtime import rpc

from components.vault.access import _root_token
from lib.kubernetes import digest
from tests.support.engine import Recording
from tests.support.objects import environment
from tests.support.profiles import profile_file
from tests.support.program import record_program, secret_values

JOB = "kubernetes:batch/v1:Job"
RELEASE = "kubernetes:helm.sh/v3:Release"


@pytest.fixture
def cluster() -> Recording:
    """Three servers."""
    return record_program(preview=False, stack_file=profile_file("ha"))


@pytest.fixture(params=["update", "cluster"])
def either(request: pytest.FixtureRequest) -> Recording:
    """One server, and three."""
    recording: Recording = request.getfixturevalue(request.param)
    return recording


def sidecar_of(recording: Recording, name: str) -> Any:
    sidecars = recording.one(RELEASE, "vault-release").get("values", "server", "extraContainers")
    return next(sidecar for sidecar in sidecars if sidecar["name"] == name)


def test_the_sidecar_can_only_unseal(either: Recording) -> None:
    sidecar = sidecar_of(either, "unseal")
    assert sidecar["args"][0] == "unseal", "a sidecar that may initialise replaces a lost Vault by an empty one"
    assert not [flag for flag in sidecar["args"] if "init" in flag or "raft" in flag], "no flag may allow it either"


def test_only_the_first_server_is_initialised(cluster: Recording) -> None:
    address = environment(cluster.one(JOB, "vault-init-job"))["VAULT_ADDR"]
    assert address == "https://vault-0.vault-internal:8200", "two initialised servers could never become one cluster"


def test_the_gate_looks_at_every_server(either: Recording) -> None:
    asked = environment(either.one(JOB, "vault-gate"))["VAULT_ADDRS"].split(",")
    servers = either.one(RELEASE, "vault-release").get("values", "server", "ha").get("replicas", 1)
    assert asked == [f"https://vault-{number}.vault-internal:8200" for number in range(servers)], (
        "a server that never joined would be noticed at the first failure of another"
    )


def test_the_certificate_names_every_address_that_is_called(either: Recording) -> None:
    spec = either.one("kubernetes:cert-manager.io/v1:Certificate", "vault-tls").get("spec")
    hosts = spec["dnsNames"]
    servers = either.one(RELEASE, "vault-release").get("values", "server", "ha").get("replicas", 1)
    called = {"localhost", "vault-api.vault.svc.cluster.local"}
    called |= {f"vault-{number}.vault-internal" for number in range(servers)}
    assert called <= set(hosts), "a name that is missing ends in a TLS error"
    service = either.one("kubernetes:core/v1:Service", "vault-api")
    address = service.get("metadata", "annotations", "lbipam.cilium.io/ips")
    told = either.one(RELEASE, "vault-release").get("values", "server", "ha", "apiAddr")
    assert told == "https://$(VAULT_K8S_POD_NAME).vault-internal.vault.svc.cluster.local:8200", "what a server tells"
    assert "*.vault-internal.vault.svc.cluster.local" in hosts, "is in its certificate"
    assert spec["ipAddresses"] == ["127.0.0.1", address], "the sidecar and this program call by address"


def test_the_script_of_the_caretaker_restarts_the_pods_when_it_changes(update: Recording) -> None:
    text = update.one("kubernetes:core/v1:ConfigMap", "vault-caretaker").get("data", "caretaker.py")
    annotations = update.one(RELEASE, "vault-release").get("values", "server", "annotations")
    assert digest(text) in annotations.values(), "a running Python does not read its file again"
    volumes = {item["name"]: item for item in update.one(RELEASE, "vault-release").get("values", "server", "volumes")}
    assert volumes["caretaker"]["configMap"]["name"] == "vault-caretaker", "the script comes from there"


def test_the_order_is_keys_then_release_then_init_then_gate_then_service_then_provider(update: Recording) -> None:
    chain = [
        update.one("kubernetes:core/v1:Secret", "vault-init-keys"),
        update.one("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "vault-init-reader-binding"),
        update.one(RELEASE, "vault-release"),
        update.one(JOB, "vault-init-job"),
        update.one(JOB, "vault-gate"),
        update.one("kubernetes:core/v1:Service", "vault-api"),
        update.one("pulumi:providers:vault", "vault-access-provider"),
    ]
    for earlier, later in itertools.pairwise(chain):
        assert update.is_after(later, earlier), f"{later} would run against a Vault that is not there yet"


def test_the_server_may_only_read_and_the_job_only_write_the_one_secret(update: Recording) -> None:
    kind = "kubernetes:rbac.authorization.k8s.io/v1:Role"
    roles = [one for one in update.of_type(kind) if one.name.startswith("vault-init")]
    rules = {role.get("metadata", "name"): role.get("rules", 0) for role in roles}
    found = {name: (rule["verbs"], rule["resourceNames"]) for name, rule in rules.items()}
    assert found == {
        "vault-init": (["get", "update"], ["vault-keys"]),
        "vault-unseal": (["get"], ["vault-keys"]),
    }, "these are the verbs that bank-vaults was tested with; any more is a way to the root token"


def test_of_several_servers_the_api_service_leads_to_the_active_one(cluster: Recording) -> None:
    selector = cluster.one("kubernetes:core/v1:Service", "vault-api").get("spec", "selector")
    assert selector["vault-active"] == "true", "a standby would hand every request on"
    config = cluster.one(RELEASE, "vault-release").get("values", "server", "ha", "raft", "config")
    assert 'service_registration "kubernetes"' in config, "it is Vault that sets the label"


def test_the_ingress_finds_the_transport_that_the_service_names(update: Recording) -> None:
    transport = update.one("kubernetes:traefik.io/v1alpha1:ServersTransport", "vault-ui-transport")
    place = transport.get("metadata", "namespace"), transport.get("metadata", "name")
    service = update.one("kubernetes:core/v1:Service", "vault-api")
    named = service.get("metadata", "annotations", "traefik.ingress.kubernetes.io/service.serverstransport")
    assert named == "{}-{}@kubernetescrd".format(*place), "as Traefik writes it"
    assert update.is_after(update.one("kubernetes:networking.k8s.io/v1:Ingress", "vault-ui"), transport), (
        "Traefik would answer for Vault with an error until it is there"
    )


@pytest.mark.failure("read-at-planning")
def test_a_preview_before_vault_exists_reads_nothing(preview: Recording) -> None:
    assert preview.one("kubernetes:core/v1:Secret", "vault-access-keys").read == rpc.UNKNOWN, (
        "a known id would fail the preview"
    )


def test_a_configured_root_token_takes_the_place_of_the_stored_one() -> None:
    offline = record_program(preview=False, optional_secrets=("vaultRootToken", "gitToken", "gitUsername"))
    assert not offline.named("vault-access-keys"), "the Secret may have lost the token by now; nothing may read it"
    provider = offline.one("pulumi:providers:vault", "vault-access-provider")
    assert provider.get("token") == secret_values()["vaultRootToken"], "the configured token is the one to use"


@pytest.mark.parametrize("data", [None, {}, {"vault-unseal-0": "eA=="}])
def test_without_the_root_token_the_update_fails_with_the_remedy_and_goes_on(
    data: dict[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", lambda message, resource: told.append(message))
    assert _root_token(data, None) is pulumi.output.UNKNOWN, "an exception would end what needs no Vault, too"
    assert ["pulumi config set --secret vaultRootToken" in message for message in told] == [True], (
        "an error that is logged fails the update, and says where the token belongs"
    )
