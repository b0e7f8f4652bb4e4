"""The platform, phase by phase: read this first."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_random as random
import pulumi_tls as tls

from lib import last_update
from lib.charts import Catalogue
from lib.secret_registry import declare
from settings import Settings, StackSecrets
from stacks import cluster, gitops, identity, infrastructure, integration, services
from stacks.contracts import Site


@dataclass(frozen=True, kw_only=True)
class Platform:
    """What a stack gives to its user, by the name of the stack output."""

    outputs: dict[str, Any]


def build(settings: Settings, secrets: StackSecrets) -> Platform:
    """Declares every phase. Each waits for the gates of what it builds on, and for nothing else."""
    site = Site(
        settings=settings,
        secrets=secrets,
        # Before the first resource: a defect in the declarations is refused before anything runs.
        declarations=declare(settings),
        charts=Catalogue(mirror=settings.charts.mirror, versions=settings.charts.versions),
        generators=(random.Provider("random"), tls.Provider("tls")),
    )
    the_cluster = cluster.build(site)
    base = infrastructure.build(site, the_cluster)
    login = identity.build(site, the_cluster, base)
    joint = integration.build(site, the_cluster, base, login)
    apps = services.build(site, the_cluster, base, joint)
    gitops.build(site, the_cluster)

    outputs: dict[str, Any] = {
        "urls": {**login.urls, **base.urls, **apps.urls},
        "caCertificate": the_cluster.ca_certificate,
        # What lib.secrets.lowered compares with, before the next operation.
        "secretGenerations": {declaration.path: declaration.generation for declaration in site.declarations},
        "kubeconfig": pulumi.Output.secret(the_cluster.kubeconfig),
    }
    if the_cluster.talosconfig is not None:
        outputs["talosconfig"] = pulumi.Output.secret(the_cluster.talosconfig)
    if the_cluster.credentials_expire is not None:
        outputs[last_update.EXPIRY] = the_cluster.credentials_expire
    return Platform(outputs=outputs)
