"""The platform, phase by phase: read this first."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_random as random
import pulumi_tls as tls

from components.applied_settings import AppliedSettings, AppliedSettingsArgs
from components.matrix import signing_key
from components.matrix.settings import MatrixSettings
from lib import last_update
from lib.charts import Catalogue
from register.secrets import declare
from settings import changes
from settings.model import Settings
from settings.rules import SIGNING_KEY
from stack_file.secrets import StackSecrets
from stacks import (
    backup,
    certificates,
    chains,
    cluster,
    dns,
    edge,
    gitops,
    identity,
    infrastructure,
    integration,
    monitoring,
    services,
)
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
    # First of all, so that nothing is touched before it is certain that no setting changes which cannot.
    applied = AppliedSettings("applied-settings", _applied(site))
    the_cluster = cluster.build(site, after=(applied.record,))
    base = infrastructure.build(site, the_cluster)
    served = dns.build(site, the_cluster, base)
    public = certificates.build(site, the_cluster, base, served)
    login = identity.build(site, the_cluster, base, public)
    joint = integration.build(site, the_cluster, base, login)
    apps = services.build(site, the_cluster, base, joint, public)
    flux = gitops.build(site, the_cluster)
    edge.build(site, the_cluster)
    watched = monitoring.build(site, the_cluster)
    saved = backup.build(site, the_cluster, base)
    gates = {
        "cluster": the_cluster.ready,
        "phase1-infrastructure": base.ready,
        "phase2-identity": login.ready,
        "phase3-integration": joint.ready,
        "phase4-services": apps.ready,
        "dns": served,
        "gitops": flux,
        "monitoring": watched,
        "backup": saved,
        **{f"phase4-services/{slug}": (gate,) for slug, gate in apps.gates.items()},
    }
    chains.build(site, the_cluster, base, chains.Reached(gates=gates, logins=login.logins))

    outputs: dict[str, Any] = {
        "urls": {**login.urls, **base.urls, **apps.urls},
        "caCertificate": the_cluster.ca_certificate,
        # That one, and the roots of Let's Encrypt where it signs: for tools, which trust nobody else.
        "trustedCertificates": the_cluster.trusted,
        # What lib.secrets.skipped compares with, before the next operation.
        "secretGenerations": {declaration.path: declaration.generation for declaration in site.declarations},
        "kubeconfig": pulumi.Output.secret(the_cluster.kubeconfig),
    }
    if the_cluster.talosconfig is not None:
        outputs["talosconfig"] = pulumi.Output.secret(the_cluster.talosconfig)
    if the_cluster.credentials_expire is not None:
        outputs[last_update.EXPIRY] = the_cluster.credentials_expire
    return Platform(outputs=outputs)


def _applied(site: Site) -> AppliedSettingsArgs:
    """What later updates are compared with: of the stack file, of the secrets, and whose key chat is known by."""
    settings = [*changes.declared(site.settings), *changes.generations(site.declarations)]
    key, computed = site.secrets.matrix_signing_key, {}
    if site.settings.section(MatrixSettings).kept:
        settings.append(changes.Setting(key="matrixSigningKey", rule=SIGNING_KEY, value="a generated one"))
        if key is not None:
            # The name of a key is public; as a secret, the record would be unreadable to those who compare.
            computed["matrixSigningKey"] = pulumi.Output.unsecret(key.apply(signing_key.fingerprint))
    return AppliedSettingsArgs(settings=settings, computed=computed)
