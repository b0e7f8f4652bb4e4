"""The side of phase 4 that applications of the stack file see: a namespace, and their credentials in it."""

import pulumi

from components.application_credentials import ApplicationCredentials, ApplicationCredentialsArgs
from components.namespace import Namespace, NamespaceArgs
from declarations import oidc
from lib import names
from lib.kubernetes import PodSecurity
from stacks.contracts import Cluster, Gates, Infrastructure, Site


def build(site: Site, cluster: Cluster, infrastructure: Infrastructure, in_phase: pulumi.ResourceOptions) -> Gates:
    """Gates of every application that runs in this cluster. Two applications may share a namespace."""
    declared = site.settings.identity.applications
    applications = [one for one in oidc.declared_applications(site.settings) if declared[one.slug].namespaces]
    namespaces = {
        name: Namespace(
            f"{name}-namespace",
            NamespaceArgs(
                name=name,
                # Not restricted: what runs here is not chosen by this program.
                pod_security=PodSecurity.BASELINE,
                ca_certificate=cluster.trusted,
                from_namespaces=(names.SystemNamespace.TRAEFIK,),
            ),
            in_phase,
        )
        for name in dict.fromkeys(name for one in applications for name in declared[one.slug].namespaces)
    }
    credentials = [
        ApplicationCredentials(
            f"credentials-{application.slug}",
            ApplicationCredentialsArgs(
                application=application,
                client_secret=infrastructure.secrets[application.secret_path],
                namespaces={name: namespaces[name] for name in declared[application.slug].namespaces},
                store_ready=[infrastructure.store],
            ),
            in_phase,
        )
        for application in applications
    ]
    return tuple(gate for one in credentials for gate in one.ready)
