"""The engine's side of the protocol: answers every request and keeps what was asked."""

from collections.abc import Mapping
from typing import Any

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import Mocks, rpc
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import provider_pb2, resource_pb2

from tests.support.invokes import ANSWERS
from tests.support.outputs import COMPUTED, Issuer, identifier
from tests.support.recording import Call, Recorded, RegisteredOutputs
from tests.support.wire import Decoded, Secret, decode, encode, wrapped

STACK = "pulumi:pulumi:Stack"
_SECRET_TYPE = "kubernetes:core/v1:Secret"

# What SDK 3.250.0 asks for. Output values stay off, as in the SDK's own mocks: only remote components use them.
_FEATURES = frozenset(
    {
        *("secrets", "resourceReferences", "deletedWith", "replaceWith", "aliasSpecs", "parameterization"),
        *("resourceHooks", "errorHooks"),
    }
)


class _NoMocks(Mocks):
    """Required by the base class, never asked: this monitor answers itself."""

    def call(self, args: Any) -> Any:
        raise NotImplementedError(args)

    def new_resource(self, args: Any) -> Any:
        raise NotImplementedError(args)


class RecordingMonitor(MockMonitor):
    """Sees the requests themselves, so also dependencies, parents, providers and secret-ness.

    Inputs come back as outputs, secrets still secret, with what the provider computes beside them. In a preview
    nothing is computed and nothing has an id, as with a provider that is not configured yet. `skipping` answers that
    every resource was skipped, as an update that goes on after a failure does with what depends on the failed one.
    """

    def __init__(self, *, project: str, stack: str, preview: bool, issuer: Issuer, skipping: bool = False) -> None:
        super().__init__(_NoMocks())
        self._prefix = f"urn:pulumi:{stack}::{project}::"
        self._preview = preview
        self._issuer = issuer
        self._skipping = skipping
        self.recorded: dict[str, Recorded] = {}
        self.calls: list[Call] = []
        self.outputs: dict[str, RegisteredOutputs] = {}
        self.packages: list[str] = []
        self.hooks: dict[str, pulumi.ResourceHook] = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN as the engine builds it: with the types of all ancestors but the stack."""
        qualifier = "" if not parent else parent.split("::")[2]
        qualified = type_ if qualifier in ("", STACK) else f"{qualifier}${type_}"
        return f"{self._prefix}{qualified}::{name}"

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = decode(request.object)
        self._keep(_registered(urn, request, inputs, len(self.recorded)))
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if self._skipping:
            return resource_pb2.RegisterResourceResponse(urn=urn, result=resource_pb2.Result.SKIP)
        outputs = wrapped(inputs)
        if self._preview:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=encode(outputs))
        owner = f"{request.name} ({request.type})"
        outputs |= COMPUTED.get(request.type, _nothing)(inputs.value, owner, self._issuer)
        for name in request.additionalSecretOutputs:
            if name in outputs and not isinstance(outputs[name], Secret):
                outputs[name] = Secret(outputs[name])
        identity = str(outputs.pop("id", None) or _identity(request, inputs.value))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=encode(outputs))

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs = decode(request.properties)
        self._keep(_read(urn, request, inputs, len(self.recorded)))
        if self._preview or request.id == rpc.UNKNOWN:
            return resource_pb2.ReadResourceResponse(urn=urn)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=encode(self._existing(request)))

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Any:
        arguments = decode(request.args).value
        self.calls.append(Call(request.tok, arguments, _provider(request.provider)))
        if request.tok not in ANSWERS:
            raise AssertionError(f"{request.tok} is called and has no answer in tests/support/invokes.py: {arguments}")
        response = provider_pb2.InvokeResponse()
        # The field is called `return`, which Python cannot spell as an attribute.
        getattr(response, "return").CopyFrom(encode(ANSWERS[request.tok](arguments, self._issuer)))
        return response

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:
        decoded = decode(request.outputs)
        if request.urn in self.outputs:
            raise AssertionError(f"{request.urn} registers its outputs twice")
        self.outputs[request.urn] = RegisteredOutputs(decoded.value, decoded.secrets)
        return empty_pb2.Empty()

    def RegisterPackage(self, request: resource_pb2.RegisterPackageRequest) -> Any:
        reference = f"{request.parameterization.name}@{request.parameterization.version}"
        self.packages.append(reference)
        return resource_pb2.RegisterPackageResponse(ref=reference)

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        self.hooks[hook.name] = hook

    def register_error_hook(self, hook: pulumi.ErrorHook) -> None:
        """None is ever called here."""

    def SupportsFeature(self, request: resource_pb2.SupportsFeatureRequest) -> Any:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def _keep(self, resource: Recorded) -> None:
        if resource.urn in self.recorded:
            raise AssertionError(f"Duplicate resource URN '{resource.urn}'; try giving it a unique name")
        self.recorded[resource.urn] = resource

    def _existing(self, request: resource_pb2.ReadResourceRequest) -> Mapping[str, Any]:
        """State of an object that is there already; the provider marks the data of a Secret as secret."""
        namespace, _, name = request.id.rpartition("/")
        state: dict[str, Any] = {"metadata": {"name": name, "namespace": namespace, "uid": identifier(request.id)}}
        if request.type == _SECRET_TYPE:
            state["data"] = Secret(
                {key: self._issuer.encoded_pem(f"{request.id}#{key}", "DATA") for key in _KEYS.get(request.id, ())}
            )
        return state


# Keys of the Secrets that come into being at run time: bank-vaults writes these (lib/vault, reference/vault-unseal).
_KEYS: Mapping[str, tuple[str, ...]] = {"vault/vault-keys": ("vault-root", "vault-unseal-0")}


def _nothing(inputs: Mapping[str, Any], owner: str, issuer: Issuer) -> Mapping[str, Any]:
    del inputs, owner, issuer
    return {}


def _provider(reference: str) -> str:
    """URN of a provider reference, which is `<urn>::<id>`."""
    return reference.rpartition("::")[0]


def _parent(urn: str) -> str:
    """URN of a parent; empty for the stack, which is everybody's."""
    return "" if f"::{STACK}::" in urn else urn


def _identity(request: resource_pb2.RegisterResourceRequest, inputs: Mapping[str, Any]) -> str:
    """Ids as the providers form them: namespace/name for Kubernetes, something stable otherwise."""
    metadata = inputs.get("metadata") if request.type.startswith("kubernetes:") else None
    if isinstance(metadata, dict):
        return "/".join(str(metadata[key]) for key in ("namespace", "name") if key in metadata)
    return identifier(f"{request.type}::{request.name}")


def _registered(urn: str, request: resource_pb2.RegisterResourceRequest, inputs: Decoded, order: int) -> Recorded:
    timeouts = request.customTimeouts
    trigger = request.replacement_trigger
    return Recorded(
        urn=urn,
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=_parent(request.parent),
        provider=_provider(request.provider),
        providers={package: _provider(reference) for package, reference in request.providers.items()},
        inputs=inputs.value,
        secrets=inputs.secrets,
        dependencies=frozenset(request.dependencies),
        property_dependencies={
            name: frozenset(dependencies.urns) for name, dependencies in request.propertyDependencies.items()
        },
        order=order,
        protect=request.protect,
        aliases=tuple(alias.urn or alias.spec.name for alias in request.aliases),
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        timeouts={key: value for key in ("create", "update", "delete") if (value := getattr(timeouts, key))},
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith,
        replace_with=tuple(request.replace_with),
        replacement_trigger=str(trigger.string_value or trigger) if trigger.WhichOneof("kind") else None,
        hooks={field.name: tuple(names) for field, names in request.hooks.ListFields()},
        import_id=request.importId,
        version=request.version,
        package_ref=request.packageRef,
    )


def _read(urn: str, request: resource_pb2.ReadResourceRequest, inputs: Decoded, order: int) -> Recorded:
    return Recorded(
        urn=urn,
        type=request.type,
        name=request.name,
        custom=True,
        parent=_parent(request.parent),
        provider=_provider(request.provider),
        providers={},
        inputs=inputs.value,
        secrets=inputs.secrets,
        dependencies=frozenset(request.dependencies),
        property_dependencies={},
        order=order,
        read=request.id,
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        version=request.version,
        package_ref=request.packageRef,
    )
