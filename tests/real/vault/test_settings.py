"""Vault takes what the program writes, keeps it as written, and runs on the configuration of the release."""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from doubles.certificates import Authority
from tests.real.proxy import proxying
from tests.real.vault.api import Api
from tests.real.vault.program import Installation, Surroundings, Written
from tests.real.vault.site import Site, declared
from tests.support.engine import Recording

JOB = "kubernetes:batch/v1:Job"
Completed = subprocess.CompletedProcess[str]
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def comparable(value: Any) -> Any:
    """Durations in seconds and lists without an order, as Vault answers differently from what it is given."""
    match value:
        case str() if found := re.fullmatch(r"(\d+)([smh]?)", value):
            return int(found[1]) * UNITS[found[2]]
        case list():
            return sorted(map(str, value))
        case dict():
            return {key: comparable(item) for key, item in value.items()}
    return value


def differing(root: Api, written: Written) -> dict[str, Any]:
    """Settings that are not in Vault as they were written: what was meant, and what is there."""
    found = root.read(written.path)
    kept = found if written.key is None else found[written.key]
    return {
        name: (value, kept.get(name))
        for name, value in written.body.items()
        if comparable(kept.get(name)) != comparable(value)
    }


def test_every_resource_of_the_program_is_in_vault_as_it_was_declared(site: Site) -> None:
    declared_names = {str(one) for one in site.program.of_type("vault:*")}
    assert {one.resource for one in site.installation.written} == declared_names, "each left something to read back"
    for written in site.installation.written:
        assert not (changed := differing(site.root, written)), f"{written.resource} would be changed again: {changed}"


def test_a_setting_that_vault_ignores_is_noticed(site: Site) -> None:
    path = "auth/kubernetes/role/misspelt"
    bound = {"bound_service_account_names": "a", "bound_service_account_namespaces": "b", "audience": "c"}
    site.installation.write(path, bound | {"token_polices": ["x"]})
    assert differing(site.root, Written("misspelt", path, None, {"token_polices": ["x"]})), "by reading it back"
    site.root.expect("DELETE", path)
    with pytest.raises(AssertionError, match=r"ignored these unrecognized parameters: \[polices\]"):
        site.installation.write("identity/group", {"name": "misspelt", "polices": ["x"]})
    site.root.expect("DELETE", "identity/group/name/misspelt")


def test_a_resource_type_that_nothing_translates_is_named(update: Recording) -> None:
    odd = replace(update.of_type("vault:*")[0], type="vault:transit/secretBackendKey:SecretBackendKey")
    nowhere = Installation(Api("https://127.0.0.1:1", ""), Surroundings(Authority("test"), ""))
    with pytest.raises(AssertionError, match=r"secretBackendKey.* has no translation"):
        nowhere.install(replace(update, resources=[odd]))


def test_the_server_stores_in_raft_and_has_one_key_share(site: Site) -> None:
    status = site.root.expect("GET", "sys/seal-status").body
    assert status["storage_type"] == "raft", "the only storage that has snapshots"
    assert (status["n"], status["t"]) == (1, 1), "as the initialisation asks"
    (member,) = site.root.read("sys/storage/raft/configuration")["config"]["servers"]
    assert (member["node_id"], member["leader"]) == ("vault-0", True), "one member, named in the configuration"


def test_the_certificate_holds_for_every_name_by_which_vault_is_called(site: Site) -> None:
    called = {str(urlsplit(url).hostname) for url in addresses(site.program)}
    assert len(called) > 3, f"Jobs, store, issuer and provider call it by several names: {called}"
    context = ssl.create_default_context(cadata=site.authority.pem.decode())
    port = urlsplit(site.root.address).port or 0
    for name in called:
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            assert secure.version() in ("TLSv1.2", "TLSv1.3"), f"{name} is reached, over a current protocol"


def addresses(program: Recording) -> set[str]:
    """Every URL by which a Job, the sidecar, the store, the issuer or the provider calls Vault."""
    found = {text for one in program.resources for _, value, _ in one.strings() for text in value.split(",")}
    return {url for url in found if re.fullmatch(r"https://[\w.-]+:8200", url)}


def run_probe(site: Site, files: dict[str, str], job: dict[str, Any], directory: Path, **here: str) -> Completed:
    """Run the first of the files, by their place in the pod, with the variables of its Job, which names Vault as in the
    cluster; `here` differs from it.
    """
    variables = {one["name"]: one["value"] for one in job["env"]}
    assert set(here) <= set(variables), f"the Job sets {set(here)} too"
    (directory / "ca.crt").write_bytes(site.authority.pem)
    for place, text in files.items():
        (directory / place).parent.mkdir(parents=True, exist_ok=True)
        (directory / place).write_text(text)
    port = urlsplit(site.root.address).port or 0
    routes = {urlsplit(url).netloc: port for url in addresses(site.program)}
    with proxying(routes) as proxy:
        local = {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(directory / "ca.crt"), "SECONDS": "0"}
        command = [sys.executable, str(directory / next(iter(files)))]
        environment = {"PATH": os.defpath, **variables, **local, **here}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)


def run_gate(site: Site, name: str, directory: Path, **here: str) -> Completed:
    """Run a gate of the program once."""
    data = site.program.one("kubernetes:core/v1:ConfigMap", f"{name}-script").get("data")
    pod = site.program.one(JOB, name).get("spec", "template", "spec")
    files = {item["path"]: data[item["key"]] for item in pod["volumes"][0]["configMap"]["items"]}
    return run_probe(site, files, pod["containers"][0], directory, **here)


def test_the_initialisation_sees_that_vault_listens(site: Site, tmp_path: Path) -> None:
    run = run_gate(site, "vault-init-listening", tmp_path)
    assert run.returncode == 0, f"by the name of the first server, whose certificate it checks: {run.stdout}"


def test_the_gate_of_vault_is_open_when_the_keys_are_stored_and_closed_when_they_are_not(
    site: Site, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    lost = run_gate(site, "vault-gate", tmp_path, KEYS_DIRECTORY=str(keys))
    assert lost.returncode == 1, f"an unsealed Vault whose keys nobody has is no success: {lost.stdout}"
    assert "the Secret has no vault-root and no vault-unseal-0" in lost.stderr, "and the gate says what is missing"
    for key, value in site.keys.items():
        (keys / key).write_text(value)
    stored = run_gate(site, "vault-gate", tmp_path, KEYS_DIRECTORY=str(keys), STEADY_SECONDS="0")
    assert stored.returncode == 0, f"both keys and an active Vault: {stored.stdout} {stored.stderr}"


def test_the_gate_of_the_login_is_open(site: Site, tmp_path: Path) -> None:
    run = run_gate(site, "vault-oidc-gate", tmp_path)
    assert run.returncode == 0, f"Vault makes a URL of Authentik for every redirect URI: {run.stdout} {run.stderr}"


def test_vault_opens_nothing_but_the_api_server_and_authentik(site: Site) -> None:
    site.as_person("ada", "vault-users")
    assert site.proxy.asked <= set(site.proxy.routes), f"it asked for {site.proxy.asked - set(site.proxy.routes)}"


def test_the_audit_log_shows_who_did_what_and_no_value(site: Site) -> None:
    site.root.read("kv/data/platform/authentik/server")
    entries = site.server.audit_log()
    assert any(entry["request"]["path"] == "kv/data/platform/authentik/server" for entry in entries), "each request"
    text = site.server.output()
    plain = {value for secret in declared(site.program).values() for value in secret.values() if len(value) > 12}
    assert len(plain) > 20, "there are values to look for"
    assert not [value for value in plain if value in text or json.dumps(value)[1:-1] in text], "they are hashed"
    assert not [key for key, value in site.keys.items() if value in text], "so are the keys"
