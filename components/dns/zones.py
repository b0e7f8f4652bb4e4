"""What PowerDNS holds: zones, records and keys of the stack file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.dns import names, secrets
from components.dns.declared import document
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from components.script_job import ScriptJob, ScriptJobArgs
from lib.images import POWERDNS
from lib.kubernetes import digest
from lib.pod_scripts import script
from settings.dns import Side
from settings.model import Settings

_SECONDS = 900
_EVERY_HOUR = {Side.LAN: "11 * * * *", Side.INTERNET: "47 * * * *"}
_FOLDERS = {secrets.TSIG: "/keys/tsig", secrets.SIGNING: "/keys/signing"}
"""Where each Secret is mounted."""


@dataclass(frozen=True, kw_only=True)
class DnsZonesArgs:
    """What a side is to hold.

    Attributes:
        api_secret: Secret whose key `api-key` is that of the API.
        api_url: Root of the API; depending on it is depending on its being served.
        secrets: The written secrets, among them those of DNS.
        store_ready: Readiness of the ClusterSecretStore.
    """

    settings: Settings
    side: Side
    namespace: Namespace
    api_secret: pulumi.Input[str]
    api_url: pulumi.Input[str]
    secrets: PlatformSecrets
    store_ready: Sequence[pulumi.Resource]


class DnsZones(pulumi.ComponentResource):
    """Creates:

    - `<name>-tsig`: an ExternalSecret with the keys that sign messages, where the side has any.
    - `<name>-signing`: an ExternalSecret with the keys of signed zones, where there are any.
    - `<name>`: a ScriptJob that makes PowerDNS hold what the stack file says, and does so again every hour.

    The Job runs anew when the section `dns` or the generation of a key changes: its variable ZONES shows in a preview
    what the zones are to be. What somebody changed by hand comes back with the hourly run (docs/adr/0037).

    Attributes:
        ready: Gate: every zone is there, with its records, keys and rights.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: DnsZonesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:dns/zones:DnsZones", name, None, opts)
        self._name, self._args = name, args
        dns, side = args.settings.dns, args.side
        tsig = {key: names.tsig_path(key) for key in dns.keys(side)}
        signing = {zone: names.signing_path(zone) for zone, declared in dns.on(side).items() if declared.dnssec}
        mounted = {secrets.TSIG: tsig, secrets.SIGNING: signing}
        wanted = document(args.settings, side, self._generations(tsig))
        self.ready = ScriptJob(
            name,
            ScriptJobArgs(
                namespace=args.namespace.namespace,
                source=script("powerdns_zones"),
                runbook="dns.md#diagnose",
                environment={
                    "POWERDNS_URL": args.api_url,
                    "ZONES": json.dumps(wanted, sort_keys=True),
                    "TSIG": _FOLDERS[secrets.TSIG],
                    "SIGNING": _FOLDERS[secrets.SIGNING],
                },
                secrets={"POWERDNS_KEY": (args.api_secret, "api-key")},
                volumes=[self._volume(secret, paths) for secret, paths in mounted.items() if paths],
                proves=[digest(POWERDNS)],
                seconds=_SECONDS,
                again=_EVERY_HOUR[side],
            ),
            pulumi.ResourceOptions(parent=self),
        ).job
        self.register_outputs({})

    def _generations(self, paths: Mapping[str, str]) -> dict[str, int]:
        return {key: self._args.secrets[path].declaration.generation for key, path in paths.items()}

    def _volume(self, secret: str, paths: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Volume and mount of a Secret with a file for each key, and one that says of which generations they are."""
        template = {key: f'{{{{ index . "{key}" }}}}' for key in paths}
        template["generations"] = json.dumps(self._generations(paths), sort_keys=True)
        name = ExternalSecret(
            f"{self._name}-{secret}",
            ExternalSecretArgs(
                namespace=self._args.namespace,
                secret_name=secret,
                keys=[SecretKey(key, self._args.secrets[path], "key") for key, path in paths.items()],
                template=template,
                store_ready=self._args.store_ready,
            ),
            pulumi.ResourceOptions(parent=self),
        ).secret_name
        mount = {"name": secret, "mountPath": _FOLDERS[secret], "readOnly": True}
        return {"name": secret, "secret": {"secretName": name}}, mount
