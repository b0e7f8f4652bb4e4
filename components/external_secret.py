"""The one way a secret reaches a pod: External Secrets copies it from Vault into a Kubernetes Secret."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.custom_resource import CustomResourceArgs, custom_resource, value_after
from components.namespace import Namespace
from components.platform_secrets import WrittenSecret
from lib.kubernetes import EXTERNAL_SECRETS_API
from lib.names import SECRET_STORE
from lib.reflection import reflected
from lib.secrets import SecretDeclaration


@dataclass(frozen=True)
class SecretKey:
    """A key of the Kubernetes Secret (or, with a template, a variable of it) and the field it comes from."""

    key: str
    secret: WrittenSecret
    field: str


@dataclass(frozen=True, kw_only=True)
class ExternalSecretArgs:
    """The Kubernetes Secret that is wanted.

    Attributes:
        secret_name: Name of the Secret.
        namespace: Where it is wanted.
        keys: Keys and where each comes from. The Secret must be a declared reader of every one.
        template: Text of each key of the Secret when it is composed of several (Go template of External Secrets,
            engine v2, with the `keys` as variables); None to take the keys as they are.
        secret_type: Type of the Secret, such as kubernetes.io/basic-auth.
        store_ready: Readiness of the ClusterSecretStore.
    """

    namespace: Namespace
    secret_name: str
    keys: Sequence[SecretKey]
    store_ready: Sequence[pulumi.Resource]
    template: Mapping[str, pulumi.Input[str]] | None = None
    secret_type: str = "Opaque"
    labels: Mapping[str, str] = field(default_factory=dict)


class ExternalSecret(pulumi.ComponentResource):
    """Creates `<name>`: an `external-secrets.io/v1` ExternalSecret, awaited until it is Ready, so that the Secret
    exists before anything uses `secret_name`. A new generation of a secret changes an annotation of the Secret's
    template, which makes External Secrets read again at once instead of at the next interval. The Secret carries
    Reflector's annotations for the namespaces that the declarations of all its secrets name, and for no others.

    Attributes:
        secret_name: Name of the Secret; using it as an input makes the order.
        resource: The ExternalSecret, as a gate.

    Raises:
        ValueError: when the Secret is no declared reader of one of the secrets, or one has no field of that name.
    """

    secret_name: pulumi.Output[str]
    resource: k8s.apiextensions.CustomResource

    def __init__(self, name: str, args: ExternalSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        _refuse_undeclared_reader(args)
        super().__init__("home-cluster:external_secret:ExternalSecret", name, None, opts)
        versions = [key.secret.version for key in args.keys]
        self.resource = custom_resource(
            name,
            CustomResourceArgs(
                api_version=EXTERNAL_SECRETS_API,
                kind="ExternalSecret",
                name=args.secret_name,
                namespace=args.namespace.namespace,
                spec=_spec(args),
            ),
            # The values travel through Vault, which no input shows: the store must serve and the version be written.
            pulumi.ResourceOptions(parent=self, depends_on=[*args.store_ready, *versions]),
        )
        self.secret_name = value_after(self.resource, args.secret_name)
        self.register_outputs({"secret_name": self.secret_name})


def _refuse_undeclared_reader(args: ExternalSecretArgs) -> None:
    for key in args.keys:
        declaration = key.secret.declaration
        if declaration.reader(args.namespace.literal, args.secret_name) is None:
            raise ValueError(
                f"{declaration.path}: {args.namespace.literal}/{args.secret_name} is no reader of it "
                f"({', '.join(map(str, declaration.readers)) or 'it has none'}); add it to the declaration"
            )
        if key.field not in declaration.field_names:
            raise ValueError(
                f"{declaration.path}: has no field {key.field}, which {args.namespace.literal}/{args.secret_name} asks "
                f"for as {key.key}; it has {', '.join(declaration.field_names)}"
            )


def _reflection(args: ExternalSecretArgs) -> dict[str, str]:
    """Annotations for the namespaces that may have every one of the secrets."""
    targets = [_targets(key.secret.declaration, args) for key in args.keys]
    return reflected(set.intersection(*targets)) if targets else {}


def _targets(declaration: SecretDeclaration, args: ExternalSecretArgs) -> set[str]:
    reader = declaration.reader(args.namespace.literal, args.secret_name)
    return set(reader.reflect_to) if reader is not None else set()


def _generations(keys: Sequence[SecretKey]) -> str:
    found = {key.secret.declaration.path: key.secret.declaration.generation for key in keys}
    return ",".join(f"{path}={generation}" for path, generation in sorted(found.items()))


def _spec(args: ExternalSecretArgs) -> dict[str, Any]:
    template: dict[str, Any] = {"engineVersion": "v2", "type": args.secret_type}
    # Not an annotation of the ExternalSecret itself, which leaves metadata.generation as it is: the provider could then
    # take an event from before the update for its end, and show a difference from then on (ObjectObserver in
    # pulumi-kubernetes, provider/pkg/await/condition/observer.go).
    annotations = {"home-cluster/generations": _generations(args.keys), **_reflection(args)}
    template["metadata"] = {"annotations": annotations, **({"labels": dict(args.labels)} if args.labels else {})}
    if args.template is not None:
        template["data"] = dict(args.template)
    return {
        "refreshInterval": "1h0m0s",
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": SECRET_STORE},
        "target": {
            "name": args.secret_name,
            "creationPolicy": "Owner",
            "deletionPolicy": "Retain",
            "template": template,
        },
        "data": [
            {
                "secretKey": key.key,
                "remoteRef": {"key": key.secret.declaration.vault_path, "property": key.field},
            }
            for key in args.keys
        ],
    }
