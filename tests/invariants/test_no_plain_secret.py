"""No secret is readable in state, preview, Helm values, ConfigMaps or outputs; and the scan that says so finds one."""

import base64
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
import pytest

from components.helm import ReleaseArgs, release
from lib.charts import Catalogue
from tests.support.engine import Recording, record
from tests.support.leaks import Scanner, leaks
from tests.support.program import record_program, secret_values

# Where secret values may go at all, each for its reason.
_SINKS = {
    "vault:kv/secretV2:SecretV2": "Vault is where secrets live",
    "vault:jwt/authBackend:AuthBackend": "Vault is a client of Authentik",
    "kubernetes:core/v1:Secret": "what must be there before Vault is: the CA's key and the token of the CSI plugin",
    "pulumi:providers:proxmoxve": "credentials of the API",
    "pulumi:providers:kubernetes": "credentials of the API",
    "pulumi:providers:vault": "credentials of the API",
    "pulumi:providers:authentik": "credentials of the API",
    "talos:machine/configurationApply:ConfigurationApply": "a node is given its keys",
    "talos:machine/bootstrap:Bootstrap": "credentials of the node's API",
    "talos:cluster/kubeconfig:Kubeconfig": "credentials of the node's API",
    "command:local:Command": "the gate of the API server authenticates itself",
    "tls:index/certRequest:CertRequest": "signed with the key",
    "tls:index/selfSignedCert:SelfSignedCert": "signed with the key",
    "tls:index/locallySignedCert:LocallySignedCert": "signed with the key of the CA",
}


def test_the_program_generates_secrets_to_look_for(update: Recording) -> None:
    assert len(update.issued) > 80, "a scan for nothing finds nothing"
    origins = set(update.issued.values())
    assert any("RandomPassword" in origin for origin in origins), "passwords"
    assert any("talos:machine/secrets" in origin for origin in origins), "keys of Talos"
    assert any("stack configuration" in origin for origin in origins), "secrets of the stack file"


@pytest.mark.failure("secret-in-clear")
def test_no_secret_is_readable(program: Recording) -> None:
    assert [str(leak) for leak in leaks(program)] == [], "state, previews and logs show what is not marked secret"


def test_no_secret_is_readable_with_every_optional_secret_configured() -> None:
    recording = record_program(preview=False, optional_secrets=("vaultRootToken", "gitToken", "gitUsername"))
    given = secret_values()["gitToken"]
    assert given in recording.issued, "the optional secrets are among those looked for"
    assert [str(leak) for leak in leaks(recording)] == [], "the token of Git and the root token of Vault"


def test_secrets_go_only_where_they_are_needed(update: Recording) -> None:
    scanner = Scanner(update.issued)
    strange = {
        str(one) for one in update.resources if one.type not in _SINKS and list(scanner.inputs(one, also_secret=True))
    }
    assert strange == set(), "say in _SINKS why a new kind of resource is given a secret"


def test_what_provider_and_program_keep_of_a_secret_output_is_secret(update: Recording) -> None:
    exported = update.stack_outputs
    scanner = Scanner(update.issued)
    carrying = [name for name, value in exported.values.items() if isinstance(value, str) and scanner.origins(value)]
    assert carrying, "kubeconfig and talosconfig hold keys"
    assert [name for name in carrying if not exported.is_secret(name)] == [], "`pulumi stack output` hides them"


Leaky = Callable[[pulumi.Output[str]], Any]


def _config_map(data: Any) -> None:
    k8s.core.v1.ConfigMap("leak", metadata={"name": "leak"}, data=data)


def _release(values: Any) -> None:
    arguments = ReleaseArgs(chart=Catalogue()["vault"], release="leak", namespace="vault", values=values)
    release("leak", arguments, pulumi.ResourceOptions())


class _Component(pulumi.ComponentResource):
    """Registers a value as it is."""

    def __init__(self, value: Any) -> None:
        super().__init__("test:leak:Component", "leak", None, None)
        self.register_outputs({"deep": {"value": value}})


@pytest.mark.parametrize(
    "leaky",
    [
        pytest.param(lambda value: _config_map({"password": pulumi.Output.unsecret(value)}), id="an unwrapped value"),
        pytest.param(
            lambda value: _config_map(
                {"url": pulumi.Output.unsecret(value).apply(lambda text: f"postgres://user:{text}@host/db")}
            ),
            id="inside another text",
        ),
        pytest.param(
            lambda value: _config_map(
                {"auth": pulumi.Output.unsecret(value).apply(lambda t: base64.b64encode(f"u:{t}".encode()).decode())}
            ),
            id="inside base64",
        ),
        pytest.param(
            lambda value: _release({"auth": [{"password": pulumi.Output.unsecret(value)}]}), id="deep in Helm values"
        ),
        pytest.param(lambda value: pulumi.export("leak", pulumi.Output.unsecret(value)), id="an output of the stack"),
        pytest.param(lambda value: _Component(pulumi.Output.unsecret(value)), id="an output of a component"),
    ],
)
def test_a_planted_leak_is_found(leaky: Leaky) -> None:
    def build() -> None:
        leaky(random.RandomPassword("planted", length=32).result)

    found = leaks(record(build))
    assert found, "the scan above would notice"
    assert "planted" in found[0].origin, "and says whose secret it is"


def test_a_secret_that_stays_secret_is_no_leak() -> None:
    recording = record(lambda: _config_map({"password": random.RandomPassword("kept", length=32).result}))
    assert leaks(recording) == [], "the state keeps it encrypted"
    scanner = Scanner(recording.issued)
    assert list(scanner.inputs(recording.one("*ConfigMap"), also_secret=True)), "yet it is no place for it"
