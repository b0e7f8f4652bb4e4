"""Vault's server, its initialisation and the way to it."""

import itertools
from typing import Any

import pulumi
import pytest
from pulumi.runtime import rpc

from components.namespace import Namespace, NamespaceArgs
from components.vault.access import VaultAccess, VaultAccessArgs, _root_token
from components.vault.server import VaultServer, VaultServerArgs
from components.vault.values import ROOT_KEY, UNSEAL_KEY
from lib.charts import Catalogue
from lib.kubernetes import PodSecurity, digest
from tests.support.components import record_component
from tests.support.engine import Recording, Run

JOB = "kubernetes:batch/v1:Job"
RELEASE = "kubernetes:helm.sh/v3:Release"
ADDRESS = "10.9.3.4"


def build(opts: pulumi.ResourceOptions, root_token: pulumi.Output[str] | None = None, *, replicas: int = 1) -> None:
    namespace = Namespace(
        "namespace",
        NamespaceArgs(name="vault", pod_security=PodSecurity.RESTRICTED, ca_certificate="-----BEGIN CERTIFICATE-----"),
        opts,
    )
    server = VaultServer(
        "vault",
        VaultServerArgs(
            chart=Catalogue()["vault"],
            namespace=namespace,
            load_balancer_ip=ADDRESS,
            annotations={"lbipam.cilium.io/ips": ADDRESS},
            address=None,
            ca_config_map="cluster-ca",
            issuer_ready=namespace,
            storage_class="fast",
            replicas=replicas,
            data_size="10Gi",
            audit_size="5Gi",
            stored_keys=(ROOT_KEY, UNSEAL_KEY),
        ),
        opts,
    )
    args = VaultAccessArgs(server=server, namespace="vault", ca_file="ca.pem", root_token=root_token)
    VaultAccess("access", args, opts)


@pytest.fixture(scope="module")
def vault() -> Recording:
    return record_component(build)


@pytest.fixture(scope="module")
def cluster() -> Recording:
    """Three servers."""
    return record_component(lambda opts: build(opts, replicas=3))


@pytest.fixture(params=["vault", "cluster"])
def either(request: pytest.FixtureRequest) -> Recording:
    """One server, and three."""
    recording: Recording = request.getfixturevalue(request.param)
    return recording


def sidecar_of(recording: Recording, name: str) -> Any:
    sidecars = recording.one(RELEASE).get("values", "server", "extraContainers")
    return next(sidecar for sidecar in sidecars if sidecar["name"] == name)


def test_the_sidecar_can_only_unseal(either: Recording) -> None:
    sidecar = sidecar_of(either, "unseal")
    assert sidecar["args"][0] == "unseal", "a sidecar that may initialise replaces a lost Vault by an empty one"
    assert not [flag for flag in sidecar["args"] if "init" in flag or "raft" in flag], "no flag may allow it either"


def test_only_the_first_server_is_initialised(cluster: Recording) -> None:
    (container,) = cluster.one(JOB, "vault-init-job").get("spec", "template", "spec", "containers")
    address = next(item["value"] for item in container["env"] if item["name"] == "VAULT_ADDR")
    assert address == "https://vault-0.vault-internal:8200", "two initialised servers could never become one cluster"


def test_the_gate_looks_at_every_server(either: Recording) -> None:
    (container,) = either.one(JOB, "vault-gate").get("spec", "template", "spec", "containers")
    asked = next(item["value"] for item in container["env"] if item["name"] == "VAULT_ADDRS").split(",")
    servers = either.one(RELEASE).get("values", "server", "ha").get("replicas", 1)
    assert asked == [f"https://vault-{number}.vault-internal:8200" for number in range(servers)], (
        "a server that never joined would be noticed at the first failure of another"
    )


def test_the_certificate_names_every_address_that_is_called(either: Recording) -> None:
    spec = either.one("kubernetes:cert-manager.io/v1:Certificate", "vault-tls").get("spec")
    hosts = spec["dnsNames"]
    servers = either.one(RELEASE).get("values", "server", "ha").get("replicas", 1)
    called = {"localhost", "vault-api.vault.svc.cluster.local"}
    called |= {f"vault-{number}.vault-internal" for number in range(servers)}
    assert called <= set(hosts), "a name that is missing ends in a TLS error"
    told = either.one(RELEASE).get("values", "server", "ha", "apiAddr")
    assert told == "https://$(VAULT_K8S_POD_NAME).vault-internal.vault.svc.cluster.local:8200", "what a server tells"
    assert "*.vault-internal.vault.svc.cluster.local" in hosts, "is in its certificate"
    assert spec["ipAddresses"] == ["127.0.0.1", ADDRESS], "the sidecar and this program call by address"


def test_the_script_of_the_caretaker_restarts_the_pods_when_it_changes(vault: Recording) -> None:
    text = vault.one("kubernetes:core/v1:ConfigMap", "vault-caretaker").get("data", "caretaker.py")
    annotations = vault.one(RELEASE).get("values", "server", "annotations")
    assert digest(text) in annotations.values(), "a running Python does not read its file again"
    (volume,) = [item for item in vault.one(RELEASE).get("values", "server", "volumes") if item["name"] == "caretaker"]
    assert volume["configMap"]["name"] == "vault-caretaker", "the script comes from there"


def test_the_order_is_release_then_init_then_gate_then_service_then_provider(vault: Recording) -> None:
    chain = [
        vault.one(RELEASE),
        vault.one(JOB, "vault-init-job"),
        vault.one(JOB, "vault-gate"),
        vault.one("kubernetes:core/v1:Service", "vault-api"),
        vault.one("pulumi:providers:vault", "access-provider"),
    ]
    for earlier, later in itertools.pairwise(chain):
        assert vault.is_after(later, earlier), f"{later} would run against a Vault that is not there yet"


def test_the_server_may_only_read_and_the_job_only_write_the_one_secret(vault: Recording) -> None:
    roles = vault.of_type("kubernetes:rbac.authorization.k8s.io/v1:Role")
    rules = {role.get("metadata", "name"): role.get("rules", 0) for role in roles}
    found = {name: (rule["verbs"], rule["resourceNames"]) for name, rule in rules.items()}
    assert found == {
        "vault-init": (["get", "update"], ["vault-keys"]),
        "vault-unseal": (["get"], ["vault-keys"]),
    }, "these are the verbs that bank-vaults was tested with; any more is a way to the root token"


def test_the_api_service_has_the_fixed_address(vault: Recording) -> None:
    service = vault.one("kubernetes:core/v1:Service", "vault-api")
    assert service.get("metadata", "annotations", "lbipam.cilium.io/ips") == ADDRESS, "the certificate carries it"


def test_of_several_servers_the_api_service_leads_to_the_active_one(cluster: Recording) -> None:
    selector = cluster.one("kubernetes:core/v1:Service", "vault-api").get("spec", "selector")
    assert selector["vault-active"] == "true", "a standby would hand every request on"
    config = cluster.one(RELEASE).get("values", "server", "ha", "raft", "config")
    assert 'service_registration "kubernetes"' in config, "it is Vault that sets the label"


def test_a_preview_before_vault_exists_reads_nothing(vault: Recording) -> None:
    preview = record_component(build, Run(preview=True))
    assert preview.one("kubernetes:core/v1:Secret", "access-keys").read == rpc.UNKNOWN, (
        "a known id would fail the preview"
    )


def test_a_configured_root_token_takes_the_place_of_the_stored_one() -> None:
    offline = record_component(lambda opts: build(opts, pulumi.Output.secret("hvs.offline")))
    assert not offline.named("access-keys"), "the Secret may have lost the token by now; nothing may read it"
    provider = offline.one("pulumi:providers:vault", "access-provider")
    assert provider.get("token") == "hvs.offline", "the configured token is the one to use"


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
