"""Image pulls of the nodes from Harbor, and through it: what Talos is told of a registry that comes up long after them.

None of it is needed to boot: where a mirror does not answer, the image comes from its own registry. The documents are
those of Talos' pkg/machinery v1.13.0 (config/types/cri, config/types/network).
"""

from components.harbor.settings import HarborSettings
from components.talos.config import document, mirrors, static_host, to_yaml
from settings.model import Settings


def patch(settings: Settings, ca_certificate: str) -> str:
    """Patch of every node, of several documents: the registry's CA and address, and `harbor.nodeMirrors`.

    A kubelet that pulls an image of Harbor's own needs the first two as well: the node's resolvers need not know the
    platform, and its certificate is signed by our own CA.

    Args:
        ca_certificate: PEM of the CA that signed Harbor's certificate. The nodes trust it for this registry alone.
    """
    harbor = settings.section(HarborSettings)
    through = {host: [f"https://{harbor.host}/v2/{project}"] for host, project in harbor.node_mirrors.items()}
    documents = [
        *mirrors(through),
        document("RegistryTLSConfig", name=harbor.host, ca=ca_certificate),
        static_host(settings.network.load_balancers.ingress, harbor.host),
    ]
    return "---\n".join(map(to_yaml, documents))
