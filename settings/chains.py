"""Section `chains` of the stack file: what is brought up on the platform, stage by stage (docs/chains.md)."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from settings import rules
from settings.chain_types import (
    ApiVersion,
    ChartRepository,
    ConditionType,
    KubernetesObject,
    Manifests,
    Plural,
    Port,
    SecretField,
    SecretKey,
    StageReference,
    UserId,
)
from settings.types import ExactVersion, LabelKey, LabelValue, Name, ObjectName, Quantity, Strict

CONTAINER_ASKS = "128Mi"
"""Memory that a container asks for which says nothing of it."""


class ChainNamespace(Strict):
    """A namespace that is made for the chain."""

    memory: Quantity = Field(description="Memory that its pods may ask for together; the nodes must have room for it.")
    container_memory: Quantity = Field(
        default="1Gi", description="Limit of a container that states none; it asks for 128Mi when it says nothing."
    )
    pod_security: Literal["restricted", "baseline", "privileged"] = Field(
        default="restricted", description="Pod Security Standard that is enforced."
    )
    allow_from: tuple[Name, ...] = Field(
        default=(),
        description="Namespaces whose pods may connect, such as traefik for an Ingress, or cnpg-system for a database.",
    )
    open_ports: tuple[Port, ...] = Field(
        default=(), description="TCP ports of pods that anyone may connect to, such as those of webhooks."
    )
    metrics_ports: tuple[Port, ...] = Field(
        default=(), description="TCP ports of pods on which the namespace monitoring reads metrics."
    )


class ChainRelease(Strict):
    """A Helm release; the stage waits for its workloads."""

    name: Name = Field(description="Name of the release.")
    namespace: Annotated[Name, rules.CHAIN_RELEASE] = Field(description="One of the chain's namespaces.")
    chart: Annotated[Name, rules.CHAIN_RELEASE] = Field(
        description="Chart: one of the program's own table without repository and version, or any other with both."
    )
    repository: ChartRepository | None = Field(default=None, description="Where the chart is published.")
    version: ExactVersion | None = Field(default=None, description="Its release.")
    values: dict[str, Any] = Field(default_factory=dict, description="Values of the chart, without anything secret.")


class StageSecret(Strict):
    """A Secret made of values of the secret registry, which External Secrets writes."""

    namespace: Name = Field(description="One of the chain's namespaces.")
    values: dict[SecretKey, SecretField] = Field(
        min_length=1,
        description="Keys of the Secret, or variables of the template, and whence each comes: path and field of one of "
        "secrets.extra, or client-secret of oidc/<slug>.",
    )
    template: dict[SecretKey, str] = Field(
        default_factory=dict,
        description="Text of each key when it is composed of several; {{ .name }} stands for a variable.",
    )
    type: str = Field(default="Opaque", description="Type of the Secret, such as kubernetes.io/basic-auth.")
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict, description="Labels of the Secret.")


class StageCondition(Strict):
    """An object that nothing in the stack file makes, such as one of an operator, and what the stage waits for."""

    api_version: ApiVersion = Field(description="As the object has it.")
    resource: Plural = Field(description="Plural of its kind, as in its URL.")
    name: ObjectName = Field(description="Name of the object.")
    namespace: Name | None = Field(default=None, description="Its namespace; none for a cluster-scoped one.")
    condition: ConditionType = Field(description="Type of the condition that must be True.")


class Stage(Strict):
    """What comes up together, once the stage before is ready."""

    name: Name = Field(description="Name of the stage.")
    depends_on: tuple[StageReference, ...] = Field(
        default=(),
        description="What else must be ready first: a phase, a service as phase4-services/<slug>, a chain, or a stage "
        "of another one as <chain>/<stage>.",
    )
    secrets: dict[ObjectName, StageSecret] = Field(default_factory=dict, description="Secrets that it needs, by name.")
    logins: tuple[Name, ...] = Field(
        default=(),
        description="Slugs of identity.applications that it logs people in with; each of its namespaces gets the "
        "Secret oidc-<slug>.",
    )
    releases: tuple[ChainRelease, ...] = Field(default=(), description="Helm releases.")
    objects: tuple[KubernetesObject, ...] = Field(
        default=(), description="Objects of Kubernetes, as kubectl takes them."
    )
    files: tuple[Manifests, ...] = Field(default=(), description="Files with more of them, beside the stack file.")
    conditions: tuple[StageCondition, ...] = Field(
        default=(), description="What is waited for once all of that is there."
    )

    @property
    def manifests(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every object, with where it stands below the stage."""
        yield from ((f"objects[{place}]", one) for place, one in enumerate(self.objects))
        for file in self.files:
            yield from ((f"files[{file.path}][{place}]", one) for place, one in enumerate(file.objects))

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Namespaces that its releases and objects lie in."""
        placed = (one["metadata"].get("namespace") for _, one in self.manifests)
        return tuple(dict.fromkeys(name for name in (*(one.namespace for one in self.releases), *placed) if name))


class ChainVolume(Strict):
    """A claim whose volume is backed up, where the stack file asks for backups, and the one pod that writes to it."""

    namespace: Name = Field(description="One of the chain's namespaces.")
    claim: ObjectName = Field(description="PersistentVolumeClaim, as kubectl shows it.")
    kind: Literal["deployments", "statefulsets"] = Field(description="What writes to it, of one replica.")
    workload: ObjectName = Field(description="Its name.")
    labels: dict[LabelKey, LabelValue] = Field(
        min_length=1, description="Labels of its pod, beside which the backup runs."
    )
    user: UserId = Field(description="User ID of its process, to whom the files belong.")
    quiesce: bool = Field(
        default=True, description="Whether it is stopped while what has changed is copied, for a moment that holds."
    )


class Chain(Strict):
    """Stages in their order, and the namespaces that they lie in."""

    namespaces: dict[Name, ChainNamespace] = Field(min_length=1, description="Every namespace of the chain.")
    stages: tuple[Stage, ...] = Field(min_length=1, description="Stages; each waits for the one before.")
    volumes: dict[Name, ChainVolume] = Field(
        default_factory=dict,
        description="What `backup` copies besides the services' volumes, by the name to restore it by.",
    )


def phase_name(chain: str) -> str:
    """Name of the phase of a chain; none of the platform's begins so."""
    return f"chain-{chain}"


def stage_name(chain: str, stage: str) -> str:
    """Name of the component of a stage."""
    return f"{phase_name(chain)}-{stage}"
