"""Secrets are made once, written to Vault by one writer, and nowhere readable on the way."""

import base64
import json
from typing import Any

import pulumi
import pytest

from components.platform_secrets import PlatformSecrets, PlatformSecretsArgs
from lib.secrets import Field, Kind, Reader, SecretDeclaration, literal, password
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording, Run

GITEA = SecretDeclaration(
    path="gitea/server",
    fields=(
        literal("username", "git"),
        password("secret-key", 64),
        Field(name="jwt", kind=Kind.BASE64URL, size=32),
        Field(name="hex", kind=Kind.HEX, size=16),
    ),
    readers=(Reader(namespace="gitea", secret="server"),),
)
HARBOR = SecretDeclaration(
    path="harbor/registry",
    fields=(
        password("password"),
        Field(name="htpasswd", kind=Kind.HTPASSWD, of="password", literal="robot"),
        Field(name="key", kind=Kind.RSA_PRIVATE_KEY, size=4096),
        Field(name="certificate", kind=Kind.RSA_CERTIFICATE, of="key"),
        Field(name="signing", kind=Kind.SYNAPSE_SIGNING_KEY),
    ),
    readers=(Reader(namespace="harbor", secret="server"),),
    generation=3,
)


def _built(*declarations: SecretDeclaration, preview: bool = False) -> Recording:
    def build(opts: pulumi.ResourceOptions) -> dict[str, Any]:
        secrets = PlatformSecrets("secrets", PlatformSecretsArgs(declarations=declarations, mount="kv"), opts)
        return {path: dict(written.values) for path, written in secrets.secrets.items()}

    return record_component(build, Run(preview=preview))


def _written(recording: Recording, name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(recording.one("vault:kv/secretV2:SecretV2", name).get("dataJson"))
    return found


def test_every_field_of_the_declaration_is_written_and_no_other() -> None:
    recording = _built(GITEA, HARBOR)
    for declaration in (GITEA, HARBOR):
        written = _written(recording, f"{declaration.name}-kv")
        assert sorted(written) == sorted(field.name for field in declaration.fields), f"fields of {declaration.path}"


def test_what_is_written_is_secret() -> None:
    recording = _built(GITEA, HARBOR)
    for one in recording.of_type("vault:kv/secretV2:SecretV2"):
        assert one.is_secret("dataJson"), f"{one} carries values"
    for path in recording.stack_outputs.values:
        for field in recording.stack_outputs.values[path]:
            assert recording.stack_outputs.is_secret(path, field), f"{path} {field}, also a literal beside a secret"


def test_values_have_the_form_that_their_kind_promises() -> None:
    recording = _built(GITEA, HARBOR)
    gitea, harbor = _written(recording, "gitea-server-kv"), _written(recording, "harbor-registry-kv")
    assert gitea["username"] == "git", "LITERAL is the literal"
    assert len(gitea["secret-key"]) == 64, "PASSWORD has its number of characters"
    assert len(bytes.fromhex(gitea["hex"])) == 16, "HEX has its number of bytes"
    assert not set(gitea["jwt"]) & set("+/="), "BASE64URL has the URL's alphabet and no padding"
    assert len(base64.urlsafe_b64decode(gitea["jwt"] + "=")) == 32, "BASE64URL has its number of bytes"
    assert harbor["htpasswd"].startswith("robot:$2a$"), "HTPASSWD is user and bcrypt hash"
    kind, key, seed = harbor["signing"].split(" ")
    assert (kind, key) == ("ed25519", "g3"), "SYNAPSE_SIGNING_KEY names its algorithm and its generation"
    assert len(base64.b64decode(seed + "=")) == 32, "and holds a seed of 32 bytes without padding"
    assert "PRIVATE KEY" in harbor["key"], "RSA_PRIVATE_KEY is PEM"
    assert "BEGIN CERTIFICATE" in harbor["certificate"], "RSA_CERTIFICATE is PEM"


def _generation(resource: Recorded) -> Any:
    return resource.get("keepers", "generation") or resource.replacement_trigger


@pytest.mark.failure("rotates-by-itself")
def test_only_the_generation_of_a_secret_replaces_its_values() -> None:
    recording = _built(GITEA, HARBOR)
    random_ones = [*recording.of_type("random:*"), *recording.of_type("tls:*PrivateKey")]
    assert random_ones, "the declarations have random fields"
    for one in random_ones:
        wanted = "3" if one.name.startswith("harbor") else "1"
        assert _generation(one) == wanted, f"{one} is remade when its generation is raised"


def test_a_certificate_is_of_the_key_it_belongs_to() -> None:
    recording = _built(HARBOR)
    certificate, key = recording.one("tls:*SelfSignedCert"), recording.one("tls:*PrivateKey")
    assert certificate.property_dependencies["privateKeyPem"] == {key.urn}, "field `of`"
    assert certificate.is_secret("privateKeyPem"), "and the key stays secret on the way"


def test_a_preview_does_not_know_the_values_and_goes_through() -> None:
    recording = _built(GITEA, HARBOR, preview=True)
    assert recording.unknown_paths(recording.one("vault:kv/*", "gitea-server-kv")) == [("dataJson",)], (
        "nothing is generated in a preview"
    )


def test_a_field_that_refers_to_an_absent_one_is_an_error() -> None:
    broken = SecretDeclaration(
        path="x/y", fields=(Field(name="htpasswd", kind=Kind.HTPASSWD, of="password"),), readers=()
    )
    with pytest.raises(KeyError, match="password"):
        _built(broken)


def _overlapping(generation: int) -> SecretDeclaration:
    return SecretDeclaration(
        path="shop/api", fields=(password("token", overlap=True),), readers=(), generation=generation
    )


def test_the_value_before_a_rotation_stays_beside_the_new_one_where_two_are_taken() -> None:
    first, second = _built(_overlapping(1)), _built(_overlapping(2))
    assert sorted(_written(first, "*-kv")) == ["token"], "before the first rotation there is nothing to keep"
    assert sorted(_written(second, "*-kv")) == ["token", "token-previous"], "and afterwards one value more"
    assert _written(second, "*-kv")["token-previous"] == _written(first, "*-kv")["token"], "the one that was in use"


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_a_value_that_is_kept_belongs_to_the_same_resource_as_while_it_was_in_use(generation: int) -> None:
    def made(number: int) -> dict[str, Any]:
        return {one.name: one.inputs for one in _built(_overlapping(number)).of_type("random:*")}

    now, next_time = made(generation), made(generation + 1)
    name = f"shop-api-token-{generation}"
    assert next_time[name] == now[name], "unchanged inputs: the engine leaves it and its value alone"
    assert set(next_time) == {name, f"shop-api-token-{generation + 1}"}, "no older one is left"


def test_a_value_without_overlap_keeps_no_previous_one() -> None:
    written = _written(_built(HARBOR), "harbor-registry-kv")
    assert not [name for name in written if name.endswith("-previous")], "a value that was rotated is worthless"
