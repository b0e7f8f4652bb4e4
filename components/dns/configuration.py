"""Configuration of PowerDNS Authoritative (docs/settings.rst of 5.1, whose names 4.7 knows as well)."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.dns.names import API_PORT, POD_PORT
from lib.names import CA_DIRECTORY, POSTGRES_HOST, POSTGRES_PORT

CONFIG_FOLDER = "/etc/powerdns-configuration"
"""With `pdns.conf` and the policy of updates; `--config-dir` of the server."""
SECRET_FOLDER = "/etc/powerdns-secrets"
"""With a file that ends in `.conf`: keys of `secret_conf`."""
CA_FILE = f"{CA_DIRECTORY}/ca.crt"
SOCKET_FOLDER = "/run/powerdns"
EVERYWHERE = "0.0.0.0"  # noqa: S104 — every address of the pod, which has but one
POLICY = "updates.lua"
"""Name of the file with the text of scripts/dns_updates.lua."""


def postgres(database: str) -> Mapping[str, str]:
    """Backend that keeps zones in a database of the platform; `gpgsql-password` is a secret.

    libpq reads the CA from the connection's parameters (modules/gpgsqlbackend/spgsql.cc passes them on).
    """
    return {
        "launch": "gpgsql",
        "gpgsql-host": POSTGRES_HOST,
        "gpgsql-port": str(POSTGRES_PORT),
        "gpgsql-dbname": database,
        "gpgsql-user": database,
        "gpgsql-extra-connection-parameters": f"sslmode=verify-full sslrootcert={CA_FILE}",
        # Keys of zones are in it.
        "gpgsql-dnssec": "yes",
    }


@dataclass(frozen=True, kw_only=True)
class PdnsConf:
    """What differs from one server to another.

    Attributes:
        backend: Settings of the backend, `launch` among them.
        policy: Path of the Lua script that judges updates.
        secrets: Folder with the settings that are secret.
        sockets: Folder for the control socket.
        dns: Address and port of DNS, TCP and UDP.
        api: Address and port of the API.
        watches: Whether records may say which addresses answer (ifportup).
    """

    backend: Mapping[str, str]
    policy: str = f"{CONFIG_FOLDER}/{POLICY}"
    secrets: str = SECRET_FOLDER
    sockets: str = SOCKET_FOLDER
    dns: tuple[str, int] = (EVERYWHERE, POD_PORT)
    api: tuple[str, int] = (EVERYWHERE, API_PORT)
    watches: bool = False


def pdns_conf(args: PdnsConf) -> str:
    """Text of pdns.conf. It holds no secret."""
    lines = {
        **args.backend,
        "include-dir": args.secrets,
        "socket-dir": args.sockets,
        "local-address": args.dns[0],
        "local-port": str(args.dns[1]),
        "primary": "yes",
        # Those who are to be told of changes are in each zone; the nameservers of its NS records are this server.
        "only-notify": "",
        # By key alone: behind a load balancer each question comes from a node.
        "allow-axfr-ips": "",
        "dnsupdate": "yes",
        "allow-dnsupdate-from": "",
        # In place of all other permissions to update (docs/dnsupdate.rst).
        "lua-dnsupdate-policy-script": args.policy,
        "api": "yes",
        "webserver": "yes",
        "webserver-address": args.api[0],
        "webserver-port": str(args.api[1]),
        # NetworkPolicies say who connects.
        "webserver-allow-from": "0.0.0.0/0",
        "webserver-loglevel": "none",
        # Programs in records come from the stack file alone: an update may not bring one (enable-lua-record-updates).
        **({"enable-lua-records": "yes"} if args.watches else {}),
        **_TWO_SERVERS,
        "version-string": "anonymous",
        "security-poll-suffix": "",
        "disable-syslog": "yes",
        "log-timestamp": "no",
    }
    return "".join(f"{key}={value}\n" for key, value in lines.items())


_TWO_SERVERS: Mapping[str, str] = {
    # Two servers share a database, and what the one was told, the other finds only when it looks: a challenge must be
    # seen at once, a new zone soon.
    "zone-cache-refresh-interval": "15",
    "zone-metadata-cache-ttl": "15",
    "cache-ttl": "5",
    "query-cache-ttl": "5",
    "negquery-cache-ttl": "5",
}


def secret_conf(api_key: str, password: str = "") -> str:
    """Text of the file with what is secret; the values may be variables of a template."""
    database = f"gpgsql-password={password}\n" if password else ""
    return f"api-key={api_key}\n{database}"
