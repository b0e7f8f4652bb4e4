"""The alerts, as an object that the Prometheus operator hands to Prometheus."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.custom_resource import CustomResourceArgs, custom_resource
from components.monitoring.alert import Alert, rules
from lib.kubernetes import MONITORING_API


@dataclass(frozen=True, kw_only=True)
class AlertRulesArgs:
    """What is told of.

    Attributes:
        definitions: The kinds are served.
        runbooks: URL of the directory docs/runbooks, where people read it.
    """

    namespace: pulumi.Input[str]
    alerts: Sequence[Alert]
    definitions: pulumi.Resource
    runbooks: str | None


class AlertRules(pulumi.ComponentResource):
    """Creates `<name>-rules`: a PrometheusRule with all of them."""

    def __init__(self, name: str, args: AlertRulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:monitoring/alert_rules:AlertRules", name, None, opts)
        custom_resource(
            f"{name}-rules",
            CustomResourceArgs(
                api_version=MONITORING_API,
                kind="PrometheusRule",
                name="home-cluster",
                namespace=args.namespace,
                spec=rules(args.alerts, args.runbooks),
                wait_for=None,
            ),
            # The release brings the kind.
            pulumi.ResourceOptions(parent=self, depends_on=[args.definitions]),
        )
        self.register_outputs({})
