"""Vault's engine and login for the platform."""

import re

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.vault.configuration import VaultConfiguration, VaultConfigurationArgs
from tests.support.components import record_component
from tests.support.engine import Recording


def build(opts: pulumi.ResourceOptions) -> None:
    gate = k8s.core.v1.ConfigMap("gate", opts=pulumi.ResourceOptions(provider=_kubernetes(opts)))
    args = VaultConfigurationArgs(gate=gate, reader_account="reader", reader_namespace="readers")
    VaultConfiguration("configuration", args, opts)


def _kubernetes(opts: pulumi.ResourceOptions) -> pulumi.ProviderResource:
    assert isinstance(opts.providers, list), "record_component gives a list"
    providers: list[pulumi.ProviderResource] = opts.providers
    return next(provider for provider in providers if provider.package == "kubernetes")


@pytest.fixture(scope="module")
def vault() -> Recording:
    return record_component(build)


def test_only_the_one_account_with_a_token_made_for_vault_may_log_in(vault: Recording) -> None:
    role = vault.one("vault:kubernetes/authBackendRole:AuthBackendRole")
    assert role.get("boundServiceAccountNames") == ["reader"], "one account"
    assert role.get("boundServiceAccountNamespaces") == ["readers"], "in one namespace"
    assert role.get("audience") == "vault", "with a token for this audience"
    assert role.get("tokenPolicies") == ["external-secrets"], "and one policy"
    assert role.get("tokenNoDefaultPolicy") is True, "the default policy allows what nobody asked for"


def test_the_reader_may_read_platform_secrets_and_nothing_else(vault: Recording) -> None:
    policy = vault.one("vault:index/policy:Policy").get("policy")
    granted = dict(re.findall(r'path "([^"]+)" \{\s*capabilities = \[([^\]]*)\]', policy))
    assert granted.pop("kv/data/platform/*") == '"read"', "the platform's folder: not list, not write"
    assert granted == {"auth/token/lookup-self": '"read"', "auth/token/revoke-self": '"update"'}, (
        "besides, only what the operator does with its own token to be Ready and to leave none behind"
    )


def test_everything_waits_for_the_unsealed_vault_and_not_only_its_provider(vault: Recording) -> None:
    gate = vault.one("kubernetes:core/v1:ConfigMap", "gate")
    for resource in vault.of_type("vault:*"):
        assert gate.urn in resource.dependencies or vault.is_after(resource, gate), f"{resource} ignores the gate"


def test_a_full_audit_volume_takes_nothing_down(vault: Recording) -> None:
    devices = {device.get("path"): device for device in vault.of_type("vault:index/audit:Audit")}
    files = {path: device.get("options", "file_path") for path, device in devices.items()}
    assert files == {"log": "stdout", "file": "/vault/audit/audit.log"}, "Vault serves while one of them can be written"
    assert vault.is_after(devices["file"], devices["log"]), "the one that can fill up is never the only one"
