"""One way to install a chart."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from lib.charts import Chart
from lib.kubernetes import digest

INSTALL_SECONDS = 900
"""How long Helm waits for the workloads of a chart; Pulumi itself waits five minutes longer."""


@dataclass(frozen=True, kw_only=True)
class ReleaseArgs:
    """A chart and its values.

    Attributes:
        release: Name of the Helm release. Never generated: Services and ServiceAccounts are named after it.
        await_workloads: False only where readiness is the business of a gate behind the release.
    """

    chart: Chart
    release: str
    namespace: pulumi.Input[str]
    values: Mapping[str, Any]
    await_workloads: bool = True


class Release(k8s.helm.v3.Release):
    """An installed chart.

    Attributes:
        digest: Fingerprint of the chart's version and of the values, known in a preview as soon as they are. What
            proves the release works anew when it changes takes it in (`ScriptJobArgs.proves`).
    """

    digest: pulumi.Output[str]


def release(name: str, args: ReleaseArgs, opts: pulumi.ResourceOptions) -> Release:
    """A `helm.v3.Release` (not `helm.v4.Chart`, which never runs hooks) that waits for workloads and hook Jobs.

    The timeout nests: Helm's is shorter than Pulumi's, so that it is Helm that says which workload was not ready.
    """
    pulumi_timeout = f"{INSTALL_SECONDS + 300}s"
    installed = Release(
        name,
        **args.chart.release_inputs,
        name=args.release,
        namespace=args.namespace,
        values=args.values,
        timeout=INSTALL_SECONDS,
        skip_await=not args.await_workloads,
        wait_for_jobs=args.await_workloads,
        max_history=5,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=pulumi_timeout, update=pulumi_timeout)),
        ),
    )
    installed.digest = pulumi.Output.from_input(args.values).apply(
        lambda values: digest(args.chart.name, args.chart.version, json.dumps(values, sort_keys=True))
    )
    return installed
