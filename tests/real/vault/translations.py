"""Resource types of pulumi-vault as the calls of Vault's API that the provider makes for them.

The provider is terraform-provider-vault underneath; its calls are in vault/resource_*.go of
github.com/hashicorp/terraform-provider-vault.
"""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.real.vault.program import Installation

Inputs = dict[str, Any]
"""Inputs of a resource under the names of pulumi-vault. A translation takes out whatever it writes."""
Outputs = Mapping[str, str | Sequence[str]]
"""What the provider would compute, such as the accessor of a login."""
Translation = Callable[["Installation", Inputs], Outputs]

_UPGRADE_SECONDS = 30


def snake(inputs: Inputs) -> Inputs:
    """All inputs under the names of Vault's API; they are taken out of `inputs`."""
    taken = dict(inputs)
    inputs.clear()
    return {re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", key): value for key, value in taken.items()}


def taken(inputs: Inputs, *names: str) -> Inputs:
    """Those of the inputs that are set, taken out of `inputs`."""
    return {name: inputs.pop(name) for name in names if name in inputs}


def configured(at: "Installation", path: str, inputs: Inputs) -> Outputs:
    """Everything is a setting, written to one path where it can be read again."""
    body = snake(inputs)
    at.write(path, body)
    at.keeps(path, body)
    return {}


def _audit(at: "Installation", inputs: Inputs) -> Outputs:
    path = inputs.pop("path", inputs["type"])
    body = snake(inputs)
    at.write(f"sys/audit/{path}", body)
    at.keeps("sys/audit", body, key=f"{path}/")
    return {}


def _mount(at: "Installation", inputs: Inputs) -> Outputs:
    path = inputs.pop("path")
    seconds = (inputs.pop("defaultLeaseTtlSeconds", 0), inputs.pop("maxLeaseTtlSeconds", 0))
    body = snake(inputs)
    config = {"default_lease_ttl": f"{seconds[0]}s", "max_lease_ttl": f"{seconds[1]}s"}
    at.write(f"sys/mounts/{path}", body | {"config": config})
    at.keeps(f"sys/mounts/{path}", body)
    if any(seconds):
        at.keeps(f"sys/mounts/{path}/tune", config)
    return {"accessor": at.vault.read(f"sys/mounts/{path}")["accessor"]}


def _login(at: "Installation", inputs: Inputs) -> Outputs:
    """An auth method: `type`, `description` and `tune`, whatever else it is configured with."""
    path = inputs.pop("path", inputs["type"])
    body = taken(inputs, "type", "description")
    at.write(f"sys/auth/{path}", body)
    at.keeps(f"sys/auth/{path}", body)
    if tune := inputs.pop("tune", {}):
        configured(at, f"sys/auth/{path}/tune", tune)
    return {"accessor": at.vault.read(f"sys/auth/{path}")["accessor"]}


def _openid(at: "Installation", inputs: Inputs) -> Outputs:
    path = inputs["path"]
    outputs = _login(at, taken(inputs, "path", "type", "description", "tune"))
    config = snake(inputs)
    at.write(f"auth/{path}/config", config)
    # Vault never tells a secret.
    at.keeps(f"auth/{path}/config", {key: value for key, value in config.items() if key != "oidc_client_secret"})
    return outputs


def _openid_role(at: "Installation", inputs: Inputs) -> Outputs:
    # The provider takes several values of a claim as one text with commas.
    inputs["boundClaims"] = {name: values.split(",") for name, values in inputs.get("boundClaims", {}).items()}
    return _role(at, inputs)


def _role(at: "Installation", inputs: Inputs) -> Outputs:
    return configured(at, f"auth/{inputs.pop('backend')}/role/{inputs.pop('roleName')}", inputs)


def _kubernetes_config(at: "Installation", inputs: Inputs) -> Outputs:
    path = f"auth/{inputs.pop('backend')}/config"
    # The provider writes these two also where they are not set; in a pod Vault finds the other two beside itself.
    unset = {"disable_iss_validation": False, "use_annotations_as_alias_metadata": False}
    body = unset | snake(inputs) | {"kubernetes_ca_cert": at.surroundings.authority.pem.decode()}
    at.write(path, body | {"token_reviewer_jwt": at.surroundings.reviewer})
    at.keeps(path, body)
    return {}


def _policy(at: "Installation", inputs: Inputs) -> Outputs:
    return configured(at, f"sys/policies/acl/{inputs.pop('name')}", inputs)


def _group(at: "Installation", inputs: Inputs) -> Outputs:
    return _identity(at, "identity/group", inputs)


def _group_alias(at: "Installation", inputs: Inputs) -> Outputs:
    return _identity(at, "identity/group-alias", inputs)


def _identity(at: "Installation", path: str, inputs: Inputs) -> Outputs:
    body = snake(inputs)
    made: str = at.write(path, body).data["id"]
    at.keeps(f"{path}/id/{made}", body)
    return {"id": made}


def _secret(at: "Installation", inputs: Inputs) -> Outputs:
    path = f"{inputs.pop('mount')}/data/{inputs.pop('name')}"
    body = {"data": json.loads(inputs.pop("dataJson"))}
    deadline = time.monotonic() + _UPGRADE_SECONDS
    # A new engine of version 2 prepares itself for a moment; the provider waits for it too.
    while "Upgrading" in str(at.vault.ask("GET", path).body):
        assert time.monotonic() < deadline, f"{path}: the engine is still being upgraded"
        time.sleep(0.05)
    at.write(path, body)
    at.keeps(path, body)
    return {}


TYPES: Mapping[str, Translation] = {
    "vault:index/audit:Audit": _audit,
    "vault:index/authBackend:AuthBackend": _login,
    "vault:index/mount:Mount": _mount,
    "vault:index/policy:Policy": _policy,
    "vault:identity/group:Group": _group,
    "vault:identity/groupAlias:GroupAlias": _group_alias,
    "vault:jwt/authBackend:AuthBackend": _openid,
    "vault:jwt/authBackendRole:AuthBackendRole": _openid_role,
    "vault:kubernetes/authBackendConfig:AuthBackendConfig": _kubernetes_config,
    "vault:kubernetes/authBackendRole:AuthBackendRole": _role,
    "vault:kv/secretV2:SecretV2": _secret,
}
