"""What answers for each service of the simulated cluster: its double, told what the release and its Secrets tell it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from pkgutil import resolve_name
from typing import Any, Final

import yaml

from doubles import kubernetes_login, matrix
from doubles.authentik import Authentik
from doubles.client import Answer, Login
from doubles.gitea import login as gitea
from doubles.harbor import login as harbor
from doubles.harbor.registry import Registry, Robot
from doubles.kubernetes_login import Issuer
from doubles.platform import registry
from doubles.vault import Vault
from lab.providers.authentik.instance import Instance
from lab.providers.harbor import CONTENT
from lab.providers.kubernetes import pods
from lab.providers.kubernetes.chart_values import hosts
from lab.providers.kubernetes.cluster import RELEASES, VAULTS, Cluster
from lab.providers.kubernetes.endpoints import Backend
from lab.providers.talos.nodes import NODES
from lab.providers.vault import people
from lab.providers.vault.server import health
from register import services as register

Release = Mapping[str, Any]
Faults = Collection[str]
Service = Callable[[Cluster, Release, Answer, Faults], Mapping[str, Answer]]

_DISCOVERY: Final = ".well-known/openid-configuration"
_CLAIM: Final = re.compile(r"\{\{\s*user\.(\w+)\s*\}\}")


def authentik(instance: Instance, faults: Faults = ()) -> Answer:
    """Authentik, with what its blueprints made."""
    return Authentik(instance, faults, instance).answer


def _gitea(cluster: Cluster, release: Release, auth: Answer, faults: Faults) -> Mapping[str, Answer]:
    """By its login source, which an init container writes, and by app.ini."""
    values = release["values"]
    steps = values.get("postExtraInitContainers") or []
    step: Mapping[str, Any] = next((one for one in steps if one["name"] == "login-source"), {})
    env, config = pods.environment(cluster, release["namespace"], step), (values.get("gitea") or {}).get("config") or {}
    service, accounts = config.get("service") or {}, config.get("oauth2_client") or {}
    root = (config.get("server") or {}).get("ROOT_URL", "")
    source = gitea.Source(
        login=Login(
            issuer=env.get("DISCOVERY_URL", "").removesuffix(_DISCOVERY),
            client_id=env.get("CLIENT_ID", ""),
            secret=env.get("CLIENT_SECRET", ""),
            redirect_uri=f"{root}user/oauth2/{env.get('SOURCE', '')}/callback",
            scopes=tuple(env.get("SCOPES", "").split(",")),
        ),
        name=env.get("SOURCE", ""),
        required_group=env.get("USER_GROUP", ""),
        admin_group=env.get("ADMIN_GROUP", ""),
        registers=accounts.get("ENABLE_AUTO_REGISTRATION") is True and service.get("DISABLE_REGISTRATION") is False,
        username=str(accounts.get("USERNAME", "nickname")),
    )
    return dict.fromkeys(hosts("gitea", values), gitea.gitea(source, auth, faults))


def _harbor(cluster: Cluster, release: Release, auth: Answer, faults: Faults) -> Mapping[str, Answer]:
    """By what core is told in CONFIG_OVERWRITE_JSON, with the robots that the Job for its content made."""
    values, url = release["values"], str(release["values"]["externalURL"])
    core = {"env": (values.get("core") or {}).get("extraEnvVars")}
    text = pods.environment(cluster, release["namespace"], core).get("CONFIG_OVERWRITE_JSON", "{}")
    held = cluster.world.view(CONTENT).get(f"{release['namespace']}/{release['name']}") or {"robots": {}}
    robots = {
        one["name"]: Robot(
            held["passwords"][number],
            {scope["namespace"]: [right["action"] for right in scope["access"]] for scope in one["permissions"]},
        )
        for number, one in held["robots"].items()
    }
    images = Registry(url.removeprefix("https://"), robots, faults)
    portal = harbor.harbor(harbor.read(json.loads(text), url), auth, faults)
    return dict.fromkeys(hosts("harbor", values), registry(images, portal))


def _matrix(cluster: Cluster, release: Release, auth: Answer, faults: Faults) -> Mapping[str, Answer]:
    """By the configuration of the authentication service."""
    values = release["values"]
    service = values["matrixAuthenticationService"]
    documents = [yaml.safe_load(part["config"]) for part in service["additional"].values() if "config" in part]
    told = {key: value for document in documents for key, value in document.items()}
    upstream = told["upstream_oauth2"]["providers"][0]
    volumes = {one["name"]: one for one in service.get("extraVolumes") or []}
    files = pods.mounted_files(cluster, release["namespace"], volumes, service.get("extraVolumeMounts") or [])
    claims, account = upstream.get("claims_imports") or {}, service["ingress"]["host"]
    name = claims.get("localpart") or {}
    claim = _CLAIM.fullmatch(name.get("template", "{{ user.preferred_username }}"))
    ours = matrix.Configuration(
        host=values["elementWeb"]["ingress"]["host"],
        server_name=values["serverName"],
        synapse_host=values["synapse"]["ingress"]["host"],
        account_host=account,
        login=Login(
            issuer=upstream["issuer"],
            client_id=upstream["client_id"],
            secret=files.get(upstream["client_secret_file"], ""),
            redirect_uri=f"https://{account}/upstream/callback/{upstream['id']}",
            scopes=tuple(upstream["scope"].split()),
        ),
        upstream=upstream["id"],
        silent=name.get("action") in ("require", "force") and claims.get("skip_confirmation") is True,
        localpart=claim[1] if claim else "",
        passwords=(told.get("passwords") or {}).get("enabled", True) is not False,
    )
    return {
        host: one for host, one in matrix.matrix(ours, auth, faults).items() if host in hosts(release["chart"], values)
    }


def _vault(cluster: Cluster, release: Release, auth: Answer, faults: Faults) -> Mapping[str, Answer]:
    """By what the program wrote into it; its host is that of an Ingress of its own."""
    server = cluster.world.get(VAULTS, f"{release['namespace']}/{release['name']}")
    status = health(server)[0] if server else 503
    return {"": Vault(people.role(cluster.world), auth, faults, status).answer}


def api_server(cluster: Cluster, faults: Faults = ()) -> Answer | None:
    """The API server, by the login file of a control plane; None where none has one."""
    for node in cluster.world.view(NODES).values():
        config = node["config"]
        path = ((config["cluster"].get("apiServer") or {}).get("extraArgs") or {}).get("authentication-config")
        for file in config["machine"].get("files") or []:
            if file["path"] == path:
                told = yaml.safe_load(file["content"])["jwt"][0]
                issuer, prefix = told["issuer"], told["claimMappings"]["username"]["prefix"]
                return kubernetes_login.api_server(Issuer(issuer["url"], issuer["audiences"][0], prefix), faults)
    return None


def behind(cluster: Cluster, backend: Backend, auth: Answer) -> Mapping[str, Answer]:
    """What answers for a backend, by host; under `` for whatever host leads to it. Nothing where there is no double."""
    faults = cluster.site.faults.lies()
    release = cluster.world.view(RELEASES).get(f"{backend.namespace}/{backend.name}")
    if release is not None:
        service = SERVICES.get(release["chart"])
        return service(cluster, release, auth, faults) if service is not None else {}
    own = next((one.double for one in register.SERVICES if one.namespace == backend.namespace), "")
    deployment = cluster.look("apps/Deployment", backend.namespace, backend.name)
    if not own or deployment is None:
        return {}
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    return {"": resolve_name(own)(pods.environment(cluster, backend.namespace, container), auth, faults)}


SERVICES: Final[Mapping[str, Service]] = {
    "authentik": lambda _, release, auth, __: dict.fromkeys(hosts("authentik", release["values"]), auth),
    "gitea": _gitea,
    "harbor": _harbor,
    "matrix-stack": _matrix,
    "vault": _vault,
}
"""What answers for a release of each chart, by host; under `` for whatever host leads to it."""
