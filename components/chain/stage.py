"""A stage of a chain: what comes up together, once everything it depends on is ready."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.application_credentials import ApplicationCredentials, ApplicationCredentialsArgs
from components.barrier import barrier
from components.chain.manifest import manifest
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.helm import Release, ReleaseArgs, release
from components.kubernetes.conditions import Conditions, ConditionsArgs, Watched
from components.namespace import Namespace
from components.phase import handing_down
from components.platform_secrets import PlatformSecrets
from declarations.oidc import OidcApplication
from lib.charts import Catalogue
from settings import chains


@dataclass(frozen=True, kw_only=True)
class StageArgs:
    """The stage as the stack file has it, and what it stands on.

    Attributes:
        prefix: What the names of its releases and objects begin with: the name of the chain's phase, so that they stay
            what they are when they come to another stage.
        namespaces: Those of the chain, by name.
        logins: Its logins.
        after: Gates of all that it depends on.
    """

    prefix: str
    stage: chains.Stage
    charts: Catalogue
    namespaces: Mapping[str, Namespace]
    secrets: PlatformSecrets
    store_ready: Sequence[pulumi.Resource]
    logins: Sequence[OidcApplication]
    after: Sequence[pulumi.Resource]


class Stage(pulumi.ComponentResource):
    """Creates:

    - `<prefix>-<secret>`: ExternalSecret of each secret, and `<prefix>-oidc-<slug>` with the credentials of each login.
    - `<name>-gates`: barrier before everything else in the stage.
    - `<prefix>-<release>`: each release.
    - `<prefix>-<namespace>-<kind>-<object>`: each object.
    - `<name>-conditions`: the gate that waits for `conditions`, if there are any.
    - `<name>-ready`: barrier behind all of them.

    Attributes:
        ready: That barrier.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: StageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        gates: list[pulumi.Resource] = []
        super().__init__(
            "home-cluster:chain/stage:Stage", name, None, pulumi.ResourceOptions.merge(opts, handing_down(gates))
        )
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        secrets = [*self._secrets(), *self._credentials()]
        # What renews a secret waits for no gate, so those of the stage come first.
        gates.append(barrier(f"{name}-gates", [*args.after, *secrets], self))
        releases = self._releases()
        made = [*releases, *self._manifests()]
        self.ready = barrier(f"{name}-ready", [*secrets, *made, *self._conditions(name, made, releases)], self)
        self.register_outputs({})

    def _secrets(self) -> list[pulumi.Resource]:
        found: list[pulumi.Resource] = []
        for secret_name, secret in self._args.stage.secrets.items():
            fields = ((key, *field.rsplit(".", 1)) for key, field in secret.values.items())
            wanted = ExternalSecret(
                f"{self._args.prefix}-{secret_name}",
                ExternalSecretArgs(
                    namespace=self._args.namespaces[secret.namespace],
                    secret_name=secret_name,
                    keys=[SecretKey(key, self._args.secrets[path], field) for key, path, field in fields],
                    template=secret.template or None,
                    secret_type=secret.type,
                    labels=secret.labels,
                    store_ready=self._args.store_ready,
                ),
                self._child,
            )
            found.append(wanted.resource)
        return found

    def _credentials(self) -> list[pulumi.Resource]:
        credentials = (
            ApplicationCredentials(
                f"{self._args.prefix}-oidc-{application.slug}",
                ApplicationCredentialsArgs(
                    application=application,
                    client_secret=self._args.secrets[application.secret_path],
                    namespaces={name: self._args.namespaces[name] for name in self._args.stage.namespaces},
                    store_ready=self._args.store_ready,
                ),
                self._child,
            )
            for application in self._args.logins
        )
        return [gate for one in credentials for gate in one.ready]

    def _releases(self) -> list[Release]:
        return [
            release(
                f"{self._args.prefix}-{one.name}",
                ReleaseArgs(
                    chart=self._args.charts.chart(one.chart, one.repository, one.version),
                    release=one.name,
                    namespace=self._args.namespaces[one.namespace].namespace,
                    values=one.values,
                ),
                self._child,
            )
            for one in self._args.stage.releases
        ]

    def _manifests(self) -> list[pulumi.CustomResource]:
        made = []
        for _, obj in self._args.stage.manifests:
            metadata = obj["metadata"]
            namespace = metadata.get("namespace", "cluster")
            name = f"{self._args.prefix}-{namespace}-{obj['kind'].lower()}-{metadata['name']}"
            placed = self._args.namespaces.get(namespace)
            there = {} if placed is None else {"namespace": placed.namespace}
            made.append(manifest(name, {**obj, "metadata": {**metadata, **there}}, self._child))
        return made

    def _conditions(
        self, name: str, made: Sequence[pulumi.Resource], releases: Sequence[Release]
    ) -> list[pulumi.Resource]:
        watched = [_watched(one) for one in self._args.stage.conditions]
        if not watched:
            return []
        args = ConditionsArgs(
            objects=watched,
            after=made,
            proves=[one.digest for one in releases],
            runbook="chains.md#a-stage-does-not-become-ready",
        )
        return [Conditions(f"{name}-conditions", args, self._child).gate]


def _watched(one: chains.StageCondition) -> Watched:
    group, _, version = one.api_version.rpartition("/")
    return Watched(group, version, one.resource, one.name, one.condition, one.namespace or "")
