"""A simulated Authentik on a bench: server, worker, one blueprint file and one client secret."""

from typing import Any

from lab.providers.authentik import identity
from tests.lab.bench import Bench
from tests.lab.platforms import with_addresses, with_ingress

ROW = "authentik:index/blueprint:Blueprint"
HOST = "auth.example"
ISSUER = f"https://{HOST}/application/o/web/"
PATH = "mounted/cm-web/web.yaml"
PROVIDER = """
  - model: authentik_providers_oauth2.oauth2provider
    id: provider
    identifiers: {name: web}
    attrs:
      authorization_flow: !Find [authentik_flows.flow, [slug, consent]]
      invalidation_flow: !Find [authentik_flows.flow, [slug, invalidation]]
      redirect_uris: [{matching_mode: strict, url: "https://web.example/callback"}]
      client_id: web
      client_secret: !File /secrets/web
      grant_types: [authorization_code]
      signing_key: !Find [authentik_crypto.certificatekeypair, [name, key]]
"""
APPLICATION = """
  - model: authentik_core.application
    identifiers: {slug: web}
    attrs: {name: Web, provider: !KeyOf provider}
"""
TEXT = f"version: 1\nentries:{PROVIDER}{APPLICATION}"


def with_authentik(kube: Bench) -> Bench:
    """Authentik behind its ingress, its worker quiet, with one blueprint file and one client secret in the worker."""
    with_addresses(kube)
    with_ingress(kube)
    kube.object("v1", "Secret", "bootstrap", "shop", stringData={"token": "the-token"})
    kube.object("v1", "Secret", "client", "shop", stringData={"web": "s3cret"})
    kube.object("v1", "ConfigMap", "web", "shop", data={"web.yaml": TEXT})
    token = {"name": "AUTHENTIK_BOOTSTRAP_TOKEN", "valueFrom": {"secretKeyRef": {"name": "bootstrap", "key": "token"}}}
    values: dict[str, Any] = {
        "blueprints": {"configMaps": ["web"]},
        "worker": {
            "env": [token],
            "volumes": [{"name": "secrets", "secret": {"secretName": "client"}}],
            "volumeMounts": [{"name": "secrets", "mountPath": "/secrets"}],
        },
        "server": {"ingress": {"enabled": True, "hosts": [HOST]}},
    }
    kube.release("authentik", "shop", values)
    with kube.world.transaction():
        identity.work(kube.cluster, identity.server(kube.cluster, f"https://{HOST}"))
    kube.configure("authentik", url=f"https://{HOST}", token="the-token")
    return kube
