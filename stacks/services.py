"""Phase 4: the services that people use. Each stands alone; a failing one does not touch the others."""

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any

import pulumi

from components.namespace import Namespace
from components.phase import Phase, PhaseArgs
from components.service import service_namespace
from declarations.service import Service
from lib.names import CLUSTER_ISSUER, VAULT_ISSUER
from register.services import SERVICES
from register.volumes import of_services
from stacks import applications, backup
from stacks.contracts import Cluster, Infrastructure, Integration, PublicHosts, Services, Site


def build(
    site: Site, cluster: Cluster, infrastructure: Infrastructure, integration: Integration, public: PublicHosts
) -> Services:
    """Brings up the enabled services on working logins."""
    settings = site.settings
    phase = Phase(
        "phase4-services",
        PhaseArgs(after=integration.ready),
        pulumi.ResourceOptions(providers=[cluster.kubernetes]),
    )
    in_phase = pulumi.ResourceOptions(parent=phase)
    given = {**_given(site, cluster, infrastructure), "public": public}
    namespaces = {
        service.slug: service_namespace(service.namespace, cluster.trusted, service.openings(settings), in_phase)
        for service in SERVICES
        if settings.section(service.section).kept
    }
    services = {
        service.slug: _component(service, site, namespaces[service.slug], given, in_phase)
        for service in SERVICES
        if service.enabled(settings)
    }
    backup.of_volumes(
        site, infrastructure, of_services(settings), {one.literal: one for one in namespaces.values()}, in_phase
    )
    return Services(
        urls={slug: component.url for slug, component in services.items()},
        gates={slug: component.ready for slug, component in services.items()},
        ready=(
            *(component.ready for component in services.values()),
            *applications.build(site, cluster, infrastructure, in_phase),
        ),
    )


def _component(
    service: Service, site: Site, namespace: Namespace, given: Mapping[str, Any], opts: pulumi.ResourceOptions
) -> Any:
    """The component that the service names, with the arguments that stand beside it."""
    component, args = resolve_name(service.component), resolve_name(f"{service.component}Args")
    application = service.application(site.settings)
    return component(service.slug, args(namespace=namespace, application=application, **given), opts)


def _given(site: Site, cluster: Cluster, infrastructure: Infrastructure) -> Mapping[str, Any]:
    """What every service gets (`ServiceArgs`)."""
    return {
        "settings": site.settings,
        "charts": site.charts,
        "secrets": infrastructure.secrets,
        "store_ready": [infrastructure.store],
        "ca_certificate": cluster.trusted,
        "storage_class": cluster.storage_class,
        "issuers": {CLUSTER_ISSUER: cluster.issuer, VAULT_ISSUER: infrastructure.certificate_issuer},
        "ingress": cluster.ingress,
    }
