"""Configuration of the Vault server (HCL), and where its servers are reached."""

from lib.names import SERVICES_DOMAIN, VAULT_PORT

RELEASE = "vault"
"""Name of the Helm release; the chart names the StatefulSet, its ServiceAccount and its Services after it."""
API_PORT, CLUSTER_PORT = VAULT_PORT, 8201
METRICS_PORT = 8204
_METRICS_CLUSTER_PORT = 8205
TLS_DIRECTORY = "/vault/userconfig/tls"

_MOST_SERVERS = 3
_DOMAIN = f"{RELEASE}-internal"
"""Headless Service of the chart; it resolves pods that are not ready, too."""


def server_name(pod: str) -> str:
    """Host of one server, for pods of its namespace."""
    return f"{pod}.{_DOMAIN}"


def replica_addresses(replicas: int) -> tuple[str, ...]:
    """URL of each server, for pods of its namespace."""
    return tuple(f"https://{server_name(f'{RELEASE}-{number}')}:{API_PORT}" for number in range(replicas))


def api_address(pod: str, namespace: str) -> str:
    """URL of one server for every pod of the cluster: what it tells clients and other servers."""
    return f"https://{server_name(pod)}.{namespace}.{SERVICES_DOMAIN}:{API_PORT}"


def certificate_hosts(namespace: str) -> tuple[str, ...]:
    """Names of the certificate: the loopback, the Services, and every server by either name.

    The short names are written out: OpenSSL, and so the probes, take no wildcard with a single label behind it.
    """
    services = [RELEASE, f"{RELEASE}-api"]
    forms = ["", f".{namespace}", f".{namespace}.svc", f".{namespace}.{SERVICES_DOMAIN}"]
    named = [f"{service}{form}" for service in services for form in forms]
    servers = [server_name(f"{RELEASE}-{number}") for number in range(_MOST_SERVERS)]
    return ("localhost", *named, *servers, f"*.{_DOMAIN}.{namespace}.{SERVICES_DOMAIN}")


def server_config(replicas: int) -> str:
    """The configuration of every server; the chart stores it in a ConfigMap, so nothing in it is secret.

    `tls_disable = 0` is the default of a listener that has certificate files. Raft and not file storage: only it has
    snapshots. The second listener serves metrics without a token (a scraper has none); network policy lets nobody but
    the monitoring reach it. No memory lock: the container has no capability for it, and Talos has no swap.
    The chart's entry point would substitute the words HOST_IP, POD_IP, HOSTNAME and API_ADDR.
    """
    return f"""ui = true
disable_mlock = true

{_listener(API_PORT, f"[::]:{CLUSTER_PORT}")}
{_listener(METRICS_PORT, f"127.0.0.1:{_METRICS_CLUSTER_PORT}", _METRICS_WITHOUT_TOKEN)}
telemetry {{
  prometheus_retention_time = "10m"
  disable_hostname          = true
}}

{_storage(replicas)}"""


_METRICS_WITHOUT_TOKEN = """
  telemetry {
    unauthenticated_metrics_access = true
  }
"""


def _listener(port: int, cluster_address: str, extra: str = "") -> str:
    return f"""listener "tcp" {{
  address         = "[::]:{port}"
  cluster_address = "{cluster_address}"
  tls_cert_file   = "{TLS_DIRECTORY}/tls.crt"
  tls_key_file    = "{TLS_DIRECTORY}/tls.key"
{extra}}}
"""


def _storage(replicas: int) -> str:
    """One server names itself as its pod is named, so that it can become the first of several."""
    if replicas == 1:
        return f"""storage "raft" {{
  path    = "/vault/data"
  node_id = "{RELEASE}-0"
}}
"""
    joins = "".join(
        f"""
  retry_join {{
    leader_api_addr     = "{address}"
    leader_ca_cert_file = "{TLS_DIRECTORY}/ca.crt"
  }}
"""
        for address in replica_addresses(replicas)
    )
    return f"""storage "raft" {{
  path = "/vault/data"
{joins}}}

service_registration "kubernetes" {{}}
"""
