"""What a component test needs around the component: explicit providers, as the program gives them."""

from collections.abc import Callable

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
import pulumi_tls as tls
import pulumi_vault as vault

from tests.support.engine import Recording, Run, record


def record_component(build: Callable[[pulumi.ResourceOptions], object], run: Run | None = None) -> Recording:
    """Run `build` with options that carry a provider for each package the platform's components use.

    A mapping that `build` returns is exported, so that a test can look at outputs.
    """
    return record(lambda: build(_options()), run)


def _options() -> pulumi.ResourceOptions:
    providers: list[pulumi.ProviderResource] = [
        k8s.Provider("kubernetes", kubeconfig=pulumi.Output.secret("{}")),
        random.Provider("random"),
        tls.Provider("tls"),
        vault.Provider("vault", address="https://vault.test", token=pulumi.Output.secret("hvs.test")),
    ]
    return pulumi.ResourceOptions(providers=providers)
