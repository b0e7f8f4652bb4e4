"""Every script of a Job, run as it is mounted where nobody answers: it waits, and ends with what it last saw."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from components.script_job import ScriptJobArgs
from doubles.loopback import Reply, Request
from lab.scripts.network import Tls
from lab.scripts.sandbox import Pod, run
from lib.pod_scripts import SCRIPTS, script

MAINS = sorted(path.stem for path in SCRIPTS.glob("*.py") if "__main__" in path.read_text("utf-8"))
OTHERS = {"api_server", "authentik_worker", "caretaker", "powerdns_schema", "storage", "talos_upgrade", "volumes"}
"""Those that run elsewhere than in a Job, and the one that asks nobody."""
TEXT = "-----BEGIN CERTIFICATE-----"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
DOCUMENTS = {
    "CHECKS": [{"url": "https://git/", "body": "login"}],
    "CONTENT": {},
    "ORGANISATIONS": {},
    "PEOPLE": [],
    "REMOVED": [],
    "REPOSITORY": None,
    "SETTINGS": {},
    "ZONES": {"algorithm": "hmac-sha256", "generations": {}, "zones": []},
}
"""Variables in JSON."""
URLS = ("ACCOUNT_URL", "AUTHENTIK_URL", "DISCOVERY_URL", "FORWARD_AUTH_URL", "GITEA_URL", "HARBOR_URL", "ISSUER")
MORE_URLS = ("POWERDNS_URL", "REDIRECT_URIS", "VAULT_ADDR", "VAULT_ADDRS")
FILES = ("BLUEPRINT_FILE", "SECRET_FILE", "SSL_CERT_FILE", "TOKEN_FILE")
NAMES = ("AUTHENTIK_TOKEN", "BLUEPRINT_ID", "BLUEPRINT_PATH", "CLIENT_ID", "CLIENT_SECRET", "FORWARDED_HOST")
MORE = (
    "HARBOR_PASSWORD",
    "LOGINS",
    "MOUNT",
    "PASSWORD",
    "POWERDNS_KEY",
    "PROVIDER_ID",
    "READER",
    "REDIRECT_URI",
    "ROLE",
    "USERNAME",
)
VARIABLES = {
    **{name: json.dumps(value) for name, value in DOCUMENTS.items()},
    **dict.fromkeys((*URLS, *MORE_URLS), "https://host"),
    **dict.fromkeys(FILES, "/text"),
    **dict.fromkeys(
        (*NAMES, *MORE, "SIGNING", "TSIG", "AUTH_HOST", "CORE_PODS", "VALKEY_GENERATIONS", "VALKEY_SECRET"), "name"
    ),
    **dict.fromkeys(("TOKEN_GENERATION_FILE", "SECRET_GENERATION_FILE"), "/generation"),
    **dict.fromkeys(("TOKEN_GENERATION", "SECRET_GENERATION"), "1"),
    **{"KEPT_FILE": "/kept", "NAMESPACE": "name"},
    **dict.fromkeys(("SECONDS", "STEADY_SECONDS"), "60"),
    **{"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443", "OBJECTS": "/api/v1/nodes/a=Ready"},
    **{"BLUEPRINT_SHA512": hashlib.sha512(TEXT.encode()).hexdigest(), "KEYS_DIRECTORY": "/keys", "KEYS": "root"},
}


class Nobody:
    """A network on which nobody answers."""

    def respond(self, url: str, request: Request, tls: Tls | None) -> Reply:
        raise OSError("connection refused")

    def greeting(self, host: str, port: int) -> bytes:
        raise OSError("connection refused")


@pytest.mark.parametrize("name", [name for name in MAINS if name not in OTHERS])
def test_a_gate_waits_and_gives_up_with_a_failure(name: str) -> None:
    texts = ScriptJobArgs(namespace="shop", source=script(name), runbook="dns.md").files
    mounted = {f"/script/{key if key == 'main.py' else f'scripts/{key}'}": text for key, text in texts.items()}
    account = {f"{ACCOUNT}/token": "token", f"{ACCOUNT}/ca.crt": TEXT}
    files = {"/text": TEXT, "/generation": "1", "/kept": '[{"metadata": {"name": "a"}}]', **account, **mounted}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    ended = run(Pod(files=files, environment=VARIABLES, network=Nobody(), now=now), "/script/main.py")
    assert (ended.code, ended.waited) == (1, True), ended.words
    assert "connection refused" in ended.words, "a Job that ends without proof must fail, and say what it saw last"
