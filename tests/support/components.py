"""What a component test needs around the component: explicit providers, as the program gives them."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
import pulumi_tls as tls
import pulumi_vault as vault

from tests.support.engine import Recording, Run, record

Build = Callable[[pulumi.ResourceOptions], Mapping[str, Any] | object]


def record_component(build: Build, run: Run | None = None) -> Recording:
    """Run `build` with options that carry a provider for each package the platform's components use.

    A mapping that `build` returns is exported, so that a test can look at outputs.
    """

    def program() -> Mapping[str, Any] | None:
        returned = build(_options())
        return returned if isinstance(returned, Mapping) else None

    return record(program, run)


def _options() -> pulumi.ResourceOptions:
    providers: list[pulumi.ProviderResource] = [
        k8s.Provider("kubernetes", kubeconfig=pulumi.Output.secret("{}")),
        random.Provider("random"),
        tls.Provider("tls"),
        vault.Provider("vault", address="https://vault.test", token=pulumi.Output.secret("hvs.test")),
    ]
    return pulumi.ResourceOptions(providers=providers)
