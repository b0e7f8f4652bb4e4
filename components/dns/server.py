"""PowerDNS Authoritative: the nameservers of one side, and the zones that they answer for."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.dns import configuration, external_dns, names, objects, secrets
from components.dns.zones import DnsZones, DnsZonesArgs
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.helm import ReleaseArgs, release
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from lib.charts import Chart
from lib.kubernetes import RELOADER_AUTO, one_at_a_time
from lib.pod_scripts import SCRIPTS, script
from settings.dns import Side
from settings.model import Settings


@dataclass(frozen=True, kw_only=True)
class PowerDnsArgs:
    """One side, whose database is there.

    Attributes:
        address: Where it answers.
        namespace: Its own.
        secrets: The written secrets, among them those of DNS.
        store_ready: Readiness of the ClusterSecretStore.
    """

    settings: Settings
    side: Side
    address: IPv4Address
    namespace: Namespace
    external_dns: Chart
    secrets: PlatformSecrets
    store_ready: Sequence[pulumi.Resource]


class PowerDns(pulumi.ComponentResource):
    """Creates in the namespace of the side:

    - `<name>-powerdns`: an ExternalSecret for the server, and for those who talk to its API.
    - `<name>-configuration`: ConfigMap with pdns.conf, the policy of updates and the script of the schema.
    - `<name>-server`: Deployment of two pods (one on a single node), awaited; each brings the schema along.
    - `<name>-disruption`: PodDisruptionBudget: while nodes are drained, one pod answers.
    - `<name>-address`, `<name>-api`: Services: DNS on the address, and the API inside the cluster.
    - `<name>-zones`: DnsZones, what the stack file declares.
    - `<name>-hosts`: Release of external-dns, which adds the hosts of Ingresses; none where edge servers are watched.

    Attributes:
        ready: Gates: the zones are there, and DNS is answered on its address.
    """

    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: PowerDnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:dns/server:PowerDns", name, None, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        secret = self._secret()
        server = self._server(secret)
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption",
            metadata=self._metadata(names.WORKLOAD),
            spec=one_at_a_time(objects.LABELS),
            opts=child,
        )
        # Pulumi waits for endpoints, which the Deployment makes.
        behind = pulumi.ResourceOptions(parent=self, depends_on=[server])
        address = k8s.core.v1.Service(
            f"{name}-address",
            metadata=self._metadata(names.SERVICES[args.side], args.settings.asking_for(args.address)),
            spec=objects.dns_service(),
            opts=behind,
        )
        api = k8s.core.v1.Service(
            f"{name}-api", metadata=self._metadata(f"{names.WORKLOAD}-api"), spec=objects.api_service(), opts=behind
        )
        zones = DnsZones(
            f"{name}-zones",
            DnsZonesArgs(
                settings=args.settings,
                side=args.side,
                namespace=args.namespace,
                api_secret=secret,
                api_url=pulumi.Output.concat(
                    "http://", api.metadata.name, ".", args.namespace.namespace, f".svc:{names.API_PORT}"
                ),
                secrets=args.secrets,
                store_ready=args.store_ready,
            ),
            child,
        ).ready
        if not self._watches:
            self._hosts(secret, zones)
        self.ready = (zones, address)
        self.register_outputs({})

    @property
    def _watches(self) -> bool:
        """Whether records say which of several edge servers answer; then they stand for every host (declared.py)."""
        zones = self._args.settings.dns.zones.values()
        return self._args.side is Side.INTERNET and any(zone.watched for zone in zones)

    def _metadata(self, name: str, annotations: dict[str, str] | None = None) -> Any:
        metadata = {"name": name, "namespace": self._args.namespace.namespace, "labels": dict(objects.LABELS)}
        return {**metadata, "annotations": annotations} if annotations else metadata

    def _secret(self) -> pulumi.Output[str]:
        """Name of the Secret with what the server must know, and those who talk to its API."""
        args, api_key = self._args, '{{ index . "api-key" }}'
        password = args.secrets[f"postgres/{names.DATABASES[args.side]}"]
        return ExternalSecret(
            f"{self._name}-{secrets.SERVER}",
            ExternalSecretArgs(
                namespace=args.namespace,
                secret_name=secrets.SERVER,
                keys=[
                    SecretKey("password", password, "password"),
                    SecretKey("api-key", args.secrets[names.API_KEYS[args.side]], "api-key"),
                ],
                template={
                    "password": "{{ .password }}",
                    "api-key": api_key,
                    objects.SECRET_FILE: configuration.secret_conf(api_key, "{{ .password }}"),
                },
                store_ready=args.store_ready,
            ),
            pulumi.ResourceOptions(parent=self),
        ).secret_name

    def _server(self, secret: pulumi.Input[str]) -> k8s.apps.v1.Deployment:
        args, database = self._args, names.DATABASES[self._args.side]
        backend = configuration.postgres(database)
        config = k8s.core.v1.ConfigMap(
            f"{self._name}-configuration",
            metadata=self._metadata(f"{names.WORKLOAD}-configuration"),
            data={
                "pdns.conf": configuration.pdns_conf(configuration.PdnsConf(backend=backend, watches=self._watches)),
                configuration.POLICY: (SCRIPTS / "dns_updates.lua").read_text(encoding="utf-8"),
                objects.SCHEMA_SCRIPT: script("powerdns_schema"),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        pod = objects.PodArgs(
            replicas=args.settings.system_replicas,
            database=database,
            configuration=config.metadata.name,
            secret=secret,
            ca_config_map=args.namespace.ca_bundle,
        )
        return k8s.apps.v1.Deployment(
            f"{self._name}-server",
            metadata=self._metadata(names.WORKLOAD, dict(RELOADER_AUTO)),
            spec=objects.deployment(pod),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _hosts(self, secret: pulumi.Input[str], zones: pulumi.Resource) -> None:
        args, dns = self._args, self._args.settings.dns
        targets = next((zone.edge for zone in dns.zones.values() if zone.edge), ())
        release(
            f"{self._name}-hosts",
            ReleaseArgs(
                chart=args.external_dns,
                release=names.EXTERNAL_DNS[args.side],
                namespace=args.namespace.namespace,
                values=external_dns.values(
                    external_dns.ExternalDnsValues(
                        side=args.side,
                        owner=args.settings.cluster.name,
                        zones=tuple(dns.on(args.side)),
                        targets=tuple(map(str, targets)) if args.side is Side.INTERNET else (),
                        secret=secret,
                    )
                ),
            ),
            # It ends when there is no zone that it may write to.
            pulumi.ResourceOptions(parent=self, depends_on=[zones]),
        )
