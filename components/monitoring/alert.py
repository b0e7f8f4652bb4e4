"""What an alert is, and the rules of Prometheus that alerts become."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something that somebody should know.

    Attributes:
        name: As people know it, in capitals.
        expression: PromQL; every series that it gives is one alert.
        minutes: How long that must last.
        severity: critical: the platform does not do what it is for, or soon will not, or data are at risk.
        description: A sentence, with the labels of the series as `{{ $labels.name }}`.
        runbook: Page of docs/runbooks and heading.
        source: Where upstream says what the metric is.
    """

    name: str
    expression: str
    minutes: int
    severity: Literal["critical", "warning"]
    description: str
    runbook: str
    source: str


def rules(alerts: Sequence[Alert], runbooks: str | None = None) -> dict[str, Any]:
    """`spec` of a PrometheusRule, which is a file of rules, too; `runbooks` is where docs/runbooks is read."""
    return {"groups": [{"name": "home-cluster", "rules": [_rule(alert, runbooks) for alert in alerts]}]}


def _rule(alert: Alert, runbooks: str | None) -> dict[str, Any]:
    url = {"runbook_url": f"{runbooks.rstrip('/')}/{alert.runbook}"} if runbooks else {}
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": f"{alert.minutes}m",
        "labels": {"severity": alert.severity},
        "annotations": {
            "description": alert.description,
            "runbook": f"docs/runbooks/{alert.runbook}",
            **url,
        },
    }
