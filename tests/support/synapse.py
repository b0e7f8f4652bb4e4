"""Synapse's own loader on the configuration that the program produces.

The chart writes homeserver.yaml from its proposals, the values' `synapse.additional` and what it insists on; its
renderer merges mappings and appends lists (matrix-tools/internal/pkg/renderer of element-hq/ess-helm 26.8.1). What it
insists on is said here in the words of Synapse's documentation, as far as the values decide it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from synapse.config.homeserver import HomeServerConfig

PROPOSED: Mapping[str, Any] = {
    "url_preview_enabled": True,
    "url_preview_ip_range_blacklist": ["192.168.0.0/16", "169.254.0.0/16", "::1/128", "fc00::/7"],
    "report_stats": False,
}
"""Proposals of the chart that the program departs from or adds to."""

SIGNING_KEY = "ed25519 a_test AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


class Watched(dict[str, Any]):
    """A mapping that remembers which of its keys were asked for."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__({key: watched(value) for key, value in document.items()})
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def unread(self, prefix: str = "") -> Iterator[str]:
        """Keys that nobody asked for, also in the mappings inside."""
        for key, value in self.items():
            if key not in self.asked:
                yield f"{prefix}{key}"
            elif isinstance(value, Watched):
                yield from value.unread(f"{prefix}{key}.")
            elif isinstance(value, list):
                for entry in value:
                    if isinstance(entry, Watched):
                        yield from entry.unread(f"{prefix}{key}[].")


def watched(value: Any) -> Any:
    """The value with each mapping in it watched."""
    if isinstance(value, Mapping):
        return Watched(value)
    return [watched(entry) for entry in value] if isinstance(value, list) else value


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """The two as the chart's renderer merges them."""
    found = dict(first)
    for key, value in second.items():
        before = found.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            found[key] = merged(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            found[key] = [*before, *value]
        else:
            found[key] = value
    return found


def homeserver_yaml(values: Mapping[str, Any], directory: Path, signing_key: str = SIGNING_KEY) -> dict[str, Any]:
    """The whole document under the values of a release. The files it names are written into `directory`."""
    document = dict(PROPOSED)
    for _, part in sorted(values["synapse"]["additional"].items()):
        document = merged(document, yaml.safe_load(part["config"]))
    return merged(document, _insisted(values, directory, signing_key))


def _insisted(values: Mapping[str, Any], directory: Path, signing_key: str) -> dict[str, Any]:
    synapse, files = values["synapse"], {}
    for name, text in (("signing-key", signing_key), ("macaroon", "m"), ("registration", "r"), ("shared", "s")):
        files[name] = str(directory / name)
        (directory / name).write_text(f"{text}\n", encoding="utf-8")
    postgres = synapse["postgres"]
    return {
        "server_name": values["serverName"],
        "public_baseurl": f"https://{synapse['ingress']['host']}/",
        "signing_key_path": files["signing-key"],
        "macaroon_secret_key_path": files["macaroon"],
        "registration_shared_secret_path": files["registration"],
        "database": {
            "name": "psycopg2",
            "args": {
                "user": postgres["user"],
                "dbname": postgres["database"],
                "host": postgres["host"],
                "port": postgres["port"],
                "sslmode": postgres["sslMode"],
            },
        },
        "matrix_authentication_service": {"enabled": True, "secret_path": files["shared"], "force_http2": True},
        "password_config": {"enabled": False, "localdb_enabled": False},
        "media_store_path": str(directory),
        "max_upload_size": synapse["media"]["maxUploadSize"],
        "listeners": [{"type": "http", "port": 8008, "resources": [{"names": ["client", "federation"]}]}],
    }


def load(document: Mapping[str, Any], directory: Path) -> HomeServerConfig:
    """The document as Synapse reads it, under its own rule that no secret stands in it (`--no-secrets-in-config`).

    Raises:
        ConfigError, TypeError, ValueError: what Synapse makes of a document that it cannot use.
    """
    config = HomeServerConfig()
    config.parse_config_dict(
        dict(document) if not isinstance(document, Watched) else document,
        config_dir_path=str(directory),
        data_dir_path=str(directory),
        allow_secrets_in_config=False,
    )
    return config
