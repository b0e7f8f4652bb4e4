"""What the demo ends with: where everything is, and whether the platform does what it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.endpoints import UnreachableError, locate
from lab.success.evidence import Metric
from settings.model import Settings


@dataclass(frozen=True)
class Host:
    """A name of the platform, and the chart whose simulated release stands behind it."""

    name: str
    release: str


def served(settings: Settings, cluster: Cluster) -> Mapping[str, Host]:
    """Every host by its key in the stack file, other names that lead to the ingress included."""
    names = dict(settings.hosts)
    for service, section in settings.enabled_services.items():
        names |= {f"{service}.{key}": name for key, name in section.delegated.items()}
    return {key: Host(name, _answers(cluster, name)) for key, name in names.items()}


def _answers(cluster: Cluster, host: str) -> str:
    try:
        return locate(cluster, f"https://{host}/").chart
    except UnreachableError as error:
        return str(error)


def hosts(found: Mapping[str, Host]) -> Table:
    """The hosts as a table."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("host of", "address", "simulated release of"):
        shown.add_column(heading, overflow="fold")
    for key, host in found.items():
        shown.add_row(key, f"https://{host.name}", host.release)
    return shown


def metrics(found: Sequence[Metric]) -> Table:
    """The metrics of success as a table."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column("success metric", no_wrap=True)
    shown.add_column("held", no_wrap=True)
    shown.add_column("evidence", overflow="fold")
    for metric in found:
        style = "dim" if not metric.judged else "green" if metric.ok else "bold red"
        shown.add_row(metric.name, Text(metric.result, style=style), Text(metric.proof))
    return shown
