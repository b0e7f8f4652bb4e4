"""The `kubernetes` package: any kind of object, and Helm releases."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

import pulumi_kubernetes

from lab.providers import schema, wire
from lab.providers.base import Resource
from lab.providers.errors import RefusedError
from lab.providers.kubernetes.objects import ObjectResource
from lab.providers.kubernetes.release import Release
from lab.providers.package import Package

# Types of the SDK that are no objects of the API server.
_COMPONENTS: Final = tuple(f"kubernetes:{one}{end}" for one in ("yaml", "helm.sh", "kustomize") for end in ":/")


_IDENTITY: Final = "clusterIdentifier"


class KubernetesPackage(Package):
    """The package; a resource type is a kind, so handlers are made as they are asked for."""

    def check_config(self, config: Any) -> list[schema.Problem]:
        """Unknown properties of the provider."""
        return schema.unknown_keys(pulumi_kubernetes.ProviderArgs, config)

    def replacing_config(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
        """Another identity is another cluster, and everything in it with it; the same one is the same cluster.

        Where one of the two has no identity, a kubeconfig or context that is unknown in a preview counts as another
        cluster (pulumi-kubernetes, `DiffConfig` in provider/pkg/provider/provider.go).
        """
        before, after = olds.get(_IDENTITY), news.get(_IDENTITY)
        if before and after:
            return [_IDENTITY] if before != after else []
        return [key for key in ("kubeconfig", "context") if news.get(key) is wire.UNKNOWN]

    def resource(self, token: str) -> Resource:
        """The handler of a kind or of the release; raises RefusedError for anything else."""
        if token in self.resources:
            return self.resources[token]
        if token.startswith(_COMPONENTS) or token.endswith(("Patch", "List")):
            raise RefusedError(f"unrecognized resource type: {token} (the lab does not simulate it: add a handler)")
        group_version = token.split(":")[1]
        known = token in schema.tokens(self.module)
        built_in = "." not in group_version or group_version.split("/")[0].endswith(".k8s.io")
        if built_in and not known:
            raise RefusedError(f"unrecognized resource type: {token} (the package has no such kind)")
        self.resources[token] = ObjectResource(token)
        return self.resources[token]


def package() -> Package:
    """The package."""
    release = Release()
    return KubernetesPackage("kubernetes", "pulumi_kubernetes", version("pulumi_kubernetes"), {release.token: release})
