"""Image pulls of the nodes through Harbor: what Talos is told of a registry that comes up long after the nodes.

None of it is needed to boot: where Harbor does not answer, the image comes from its own registry. The Talos documents
are those of pkg/machinery v1.13.0 (config/types/cri, config/types/network).
"""

from lib.talos.config import document, mirrors, static_host, to_yaml
from settings import Settings


def patch(settings: Settings, ca_certificate: str) -> str:
    """Patch of every node, of several documents, for `harbor.nodeMirrors`.

    Args:
        ca_certificate: PEM of the CA that signed Harbor's certificate. The nodes trust it for this registry alone.
    """
    harbor = settings.harbor
    through = {host: [f"https://{harbor.host}/v2/{project}"] for host, project in harbor.node_mirrors.items()}
    documents = [
        *mirrors(through),
        document("RegistryTLSConfig", name=harbor.host, ca=ca_certificate),
        static_host(settings.network.load_balancers.ingress, harbor.host),
    ]
    return "---\n".join(map(to_yaml, documents))
