"""Metrics of Gitea and of its runners."""

from collections.abc import Sequence

from components.gitea.names import NAMESPACE, RUNNER_NAMESPACE
from components.gitea.runner_objects import LABELS as RUNNER_LABELS
from components.gitea.runner_objects import NAME as RUNNER
from components.gitea.secrets import METRICS_SECRET
from components.gitea.settings import GiteaSettings
from components.gitea.values import LABELS
from declarations.monitors import Monitor, Token
from settings.model import Settings


def monitors(settings: Settings) -> Sequence[Monitor]:
    """Gitea serves metrics on the port of its pages, which the ingress leads to, so it asks for a token."""
    token = Token(secret=METRICS_SECRET, key="token")
    gitea = Monitor(name="gitea", namespace=NAMESPACE, labels=LABELS, port="http", token=token)
    runner = Monitor(name=RUNNER, namespace=RUNNER_NAMESPACE, labels=RUNNER_LABELS, port="metrics")
    return (gitea, runner) if settings.section(GiteaSettings).actions.enabled else (gitea,)
