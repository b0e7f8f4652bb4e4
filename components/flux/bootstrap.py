"""GitOps: Flux, whose whole bootstrap is one resource."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.custom_resource import CustomResourceArgs, custom_resource
from components.flux.boundary import Boundary, BoundaryArgs
from components.flux.values import CONTROLLERS, METRICS_PORT, instance, values
from components.helm import ReleaseArgs, release
from components.kubernetes.conditions import Conditions, ConditionsArgs, deployment
from components.namespace import Namespace, NamespaceArgs
from lib.charts import Chart
from lib.kubernetes import PodSecurity
from lib.names import SystemNamespace
from settings.platform import GitOpsSettings


@dataclass(frozen=True, kw_only=True)
class FluxArgs:
    """Section `gitops` of the stack file.

    Attributes:
        platform: Namespaces in which nobody but this program puts anything.
        repository: URL of what Flux applies; None where that is nothing.
        git_username: User name for a private Git repository; `git` when only a token is given.
        git_token: Password or token for it; None for a public repository.
        git_key: Private key in place of these, for a URL that begins with ssh://.
        ca_certificate: PEM of the cluster's CA, where it signed the certificate of the repository's host; None where
            everybody trusts that.
        pull_secret: Name of a Secret that somebody else makes, with all of these; Flux tries again until it is there.
    """

    chart: Chart
    settings: GitOpsSettings
    platform: Collection[str]
    repository: str | None = None
    git_username: pulumi.Output[str] | None = None
    git_token: pulumi.Output[str] | None = None
    git_key: pulumi.Output[str] | None = None
    ca_certificate: pulumi.Input[str] | None = None
    pull_secret: str | None = None


class Flux(pulumi.ComponentResource):
    """Creates:

    - `<name>-namespace`: the namespace, closed from outside.
    - `<name>-git`: Secret with the credentials of the repository, where a token or a key is given, and with the CA of
      its host, where that is the cluster's; none without a repository, or where there is a Secret for it. The
      credentials are the user's, not the registry's, so Pulumi writes them.
    - `<name>-boundary`: Boundary: what Flux may not touch.
    - `<name>-operator`: Release of the operator with its CRDs.
    - `<name>`: the FluxInstance, awaited until the operator has applied Flux.
    - `<name>-gate`: Conditions: every controller of Flux runs. What lies in the repository is not this program's, so
      neither waits for it (docs/adr/0025-a-commit-holds-back-no-update.md).

    Destroying it removes Flux, its custom resources' finalizers and the credentials, and leaves what Flux had applied
    as well as the CRDs of the operator (`helm.sh/resource-policy: keep`).

    Attributes:
        ready: Gate: Flux runs.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: FluxArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:flux/bootstrap:Flux", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = Namespace(
            f"{name}-namespace",
            NamespaceArgs(
                name=SystemNamespace.FLUX, pod_security=PodSecurity.RESTRICTED, metrics_ports=(METRICS_PORT,)
            ),
            child,
        ).namespace
        operator = release(
            f"{name}-operator",
            ReleaseArgs(chart=args.chart, release="flux-operator", namespace=namespace, values=values()),
            child,
        )
        sync, access = _sync(args), _access(args)
        if sync and args.pull_secret is not None:
            sync["pullSecret"] = args.pull_secret
        elif sync and access:
            sync["pullSecret"] = _git_secret(f"{name}-git", access, namespace, child)
        boundary = Boundary(f"{name}-boundary", BoundaryArgs(namespaces=args.platform), child)
        applied = custom_resource(
            name,
            CustomResourceArgs(
                api_version="fluxcd.controlplane.io/v1",
                kind="FluxInstance",
                name="flux",  # the only name that the CRD accepts
                namespace=namespace,
                spec=instance(version=args.settings.flux_version, sync=sync),
            ),
            # The release brings the CRD; its operator, which the release awaits, starts only once that is served. And
            # nothing is applied before there is something that it may not touch.
            pulumi.ResourceOptions(parent=self, depends_on=[operator, boundary.holds]),
        )
        self.ready = Conditions(
            f"{name}-gate",
            ConditionsArgs(
                objects=[deployment(SystemNamespace.FLUX, controller) for controller in CONTROLLERS],
                after=[applied],
                proves=[operator.digest, args.settings.flux_version],
                runbook="flux.md#flux-does-not-come-up",
            ),
            child,
        ).gate
        self.register_outputs({})


def _sync(args: FluxArgs) -> dict[str, Any]:
    sync = args.settings.sync
    if sync is None or args.repository is None:
        return {}
    fields = {"ref": sync.ref, "path": sync.path, "interval": sync.interval}
    return {"kind": "GitRepository", "url": args.repository, **fields}


def _access(args: FluxArgs) -> dict[str, pulumi.Input[str]]:
    """Keys of the Secret: `identity` and `known_hosts` over SSH, else `username`, `password` and `ca.crt`, as Flux
    reads them of the Secret that the GitRepository names (NewAuthOptions in fluxcd/pkg, git/options.go); the operator
    passes its name on.
    """
    access: dict[str, pulumi.Input[str]] = {}
    sync = args.settings.sync
    if sync is not None and args.repository is not None and args.repository.startswith("ssh://"):
        known = "".join(f"{line}\n" for line in sync.known_hosts)
        return {"identity": args.git_key, "known_hosts": known} if args.git_key is not None else {}
    if args.git_token is not None:
        access["username"] = args.git_username if args.git_username is not None else "git"
        access["password"] = args.git_token
    if args.ca_certificate is not None:
        access["ca.crt"] = args.ca_certificate
    return access


def _git_secret(
    name: str,
    access: dict[str, pulumi.Input[str]],
    namespace: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    secret = k8s.core.v1.Secret(name, metadata={"name": "git", "namespace": namespace}, string_data=access, opts=opts)
    return secret.metadata.name
