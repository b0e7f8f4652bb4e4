"""A secret reaches a namespace by External Secrets, only a declared one, and its user waits for it."""

from dataclasses import replace
from typing import Any

import pulumi
import pulumi_random as random
import pytest

from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.namespace import Namespace, NamespaceArgs
from components.platform_secrets import PlatformSecrets, PlatformSecretsArgs
from lib.kubernetes import PodSecurity
from lib.secrets import Reader, SecretDeclaration, literal, password
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording, Run

DECLARATION = SecretDeclaration(
    path="postgres/gitea",
    fields=(literal("username", "gitea"), password("password")),
    readers=(Reader(namespace="gitea", secret="database"),),
)


def _built(
    declaration: SecretDeclaration = DECLARATION, namespace: str = "gitea", preview: bool = False, **changes: Any
) -> Recording:
    def build(opts: pulumi.ResourceOptions) -> dict[str, Any]:
        store = random.RandomPassword("store", length=16, opts=opts)
        place = Namespace("place", NamespaceArgs(name=namespace, pod_security=PodSecurity.RESTRICTED), opts)
        secrets = PlatformSecrets("secrets", PlatformSecretsArgs(declarations=[declaration], mount="kv"), opts)
        arguments: dict[str, Any] = {
            "namespace": place,
            "secret_name": "database",
            "keys": [SecretKey("password", secrets["postgres/gitea"], "password")],
            "store_ready": [store],
        }
        copied = ExternalSecret("copy", ExternalSecretArgs(**arguments | changes), opts)
        return {"secret_name": copied.secret_name}

    return record_component(build, Run(preview=preview))


def _resource(recording: Recording) -> Recorded:
    return recording.one("kubernetes:external-secrets.io/v1:ExternalSecret")


def test_it_asks_for_the_field_at_the_declared_path_of_the_one_store() -> None:
    spec = _resource(_built()).get("spec")
    assert spec["data"] == [
        {"secretKey": "password", "remoteRef": {"key": "platform/postgres/gitea", "property": "password"}}
    ], "path and field of the declaration"


def test_the_secret_gets_the_name_and_namespace_that_were_asked_for() -> None:
    recording = _built()
    one = _resource(recording)
    assert one.get("spec", "target", "name") == "database", "the Secret"
    assert one.get("metadata", "namespace") == "gitea", "in the namespace of its user"
    assert recording.stack_outputs.values["secret_name"] == "database", "which the component gives on"


def test_it_waits_for_the_store_and_for_the_version_in_vault() -> None:
    recording = _built()
    for awaited in (recording.one("random:*", "store"), recording.one("vault:kv/secretV2:SecretV2")):
        assert recording.is_after(_resource(recording), awaited), f"{awaited}: no input comes from it"


def test_a_raised_generation_makes_external_secrets_read_at_once() -> None:
    newer = replace(DECLARATION, generation=2)
    one, other = _resource(_built()), _resource(_built(newer))
    assert one.get("spec", "target") != other.get("spec", "target"), "another version of the object for its controller"
    assert one.get("spec", "data") == other.get("spec", "data"), "that asks for the same"
    assert one.get("metadata") == other.get("metadata"), "which raises no generation: an event from before would do"


def test_a_template_composes_the_keys_of_the_secret() -> None:
    spec = _resource(_built(template={"url": "postgres://gitea:{{ .password }}@db"})).get("spec")
    template = spec["target"]["template"]
    assert template["data"] == {"url": "postgres://gitea:{{ .password }}@db"}, "text with the keys as variables"
    assert template["engineVersion"] == "v2", "the engine whose functions are documented"


def test_type_and_labels_of_the_secret_are_those_asked_for() -> None:
    built = _built(secret_type="kubernetes.io/basic-auth", labels={"cnpg.io/reload": "true"})
    template = _resource(built).get("spec", "target", "template")
    assert template["type"] == "kubernetes.io/basic-auth", "CloudNativePG accepts no other"
    assert template["metadata"]["labels"] == {"cnpg.io/reload": "true"}, "labels of the Secret, not of its request"


def test_the_name_is_known_in_a_preview() -> None:
    assert _built(preview=True).stack_outputs.values["secret_name"] == "database", "so plans can be read"


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"namespace": "harbor"}, "harbor/database"), ({"secret_name": "other"}, "gitea/other")],
)
def test_a_secret_that_is_no_declared_reader_is_refused_with_the_fix(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"postgres/gitea: {named} is no reader of it") as refused:
        _built(**changes)
    assert "(gitea/database); add it to the declaration" in str(refused.value), "who is, and the fix"


def _reflecting(*namespaces: str) -> SecretDeclaration:
    reader = Reader(namespace="gitea", secret="database", reflect_to=namespaces)
    return replace(DECLARATION, readers=(reader,))


def test_reflector_may_copy_the_secret_to_the_declared_namespaces_and_to_no_others() -> None:
    assert _for_reflector(_built(_reflecting("shop", "till"))) == {
        "reflection-allowed": "true",
        "reflection-allowed-namespaces": "shop,till",
        "reflection-auto-enabled": "true",
        "reflection-auto-namespaces": "shop,till",
    }, "an empty list of namespaces would mean all of them"


def test_a_field_that_the_secret_has_not_is_refused_with_those_it_has() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        place = Namespace("place", NamespaceArgs(name="gitea", pod_security=PodSecurity.RESTRICTED), opts)
        secrets = PlatformSecrets("secrets", PlatformSecretsArgs(declarations=[DECLARATION], mount="kv"), opts)
        keys = [SecretKey("pass", secrets["postgres/gitea"], "pasword")]
        ExternalSecret(
            "copy", ExternalSecretArgs(namespace=place, secret_name="database", keys=keys, store_ready=[]), opts
        )

    with pytest.raises(ValueError, match="postgres/gitea: has no field pasword, which gitea/database asks for as pass"):
        record_component(build, Run())


def _for_reflector(recording: Recording) -> dict[str, str]:
    annotations = _resource(recording).get("spec", "target", "template", "metadata", "annotations")
    return {key.rpartition("/")[2]: value for key, value in annotations.items() if key.startswith("reflector.")}


def test_a_secret_of_two_is_copied_only_where_both_may_be() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        store = random.RandomPassword("store", length=16, opts=opts)
        place = Namespace("place", NamespaceArgs(name="gitea", pod_security=PodSecurity.RESTRICTED), opts)
        other = replace(_reflecting("shop"), path="postgres/other")
        declarations = [_reflecting("shop", "till"), other]
        secrets = PlatformSecrets("secrets", PlatformSecretsArgs(declarations=declarations, mount="kv"), opts)
        keys = [SecretKey(path[-5:], secrets[path], "password") for path in ("postgres/gitea", "postgres/other")]
        arguments: dict[str, Any] = {
            "namespace": place,
            "secret_name": "database",
            "keys": keys,
            "store_ready": [store],
        }
        ExternalSecret("copy", ExternalSecretArgs(**arguments), opts)

    annotations = _resource(record_component(build, Run())).get("spec", "target", "template", "metadata", "annotations")
    copied = annotations["reflector.v1.k8s.emberstack.com/reflection-auto-namespaces"]
    assert copied == "shop", "the other secret must not reach till"
