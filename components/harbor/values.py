"""Values of the Harbor chart 1.19.2 on external Postgres and Valkey, login through Authentik.

Every secret is referenced, and nothing random is left to the templates. The chart would read Valkey's password with
`lookup` while it renders, write it into three ConfigMaps and never notice a new one; instead every process gets its
URL by a variable that overrides what the chart renders: `_REDIS_URL_*` of core, `JOB_SERVICE_POOL_REDIS_URL` of the job
service (Harbor 2.15.2, src/jobservice/config/config.go), `REGISTRY_REDIS_*` of the registry (distribution overrides
each field of its configuration by a variable of that name). The chart's Trivy has no variable that could be
overridden, so the program runs the scanner itself (components/harbor/scanner.py), where core expects the chart's.
Metrics come with an exporter, which gets its URL in the same way, as `HARBOR_REDIS_URL` (src/cmd/exporter/main.go), and
opens connections to the database: it runs only where somebody reads them.
"""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.harbor.databases import EXPORTER_POOL, POOL
from components.harbor.secrets import REGISTRY_USER
from lib.kubernetes import RELOADER_AUTO, from_secret, resources
from lib.names import INGRESS_CLASS, POSTGRES_HOST, POSTGRES_PORT, VALKEY_ADDRESS

METRICS_PORT = 8001
"""Port of the metrics in every pod, the default of the chart."""
ROUTED_PORT = 8080
"""Of core and portal (`harbor.core.containerPort` and the like in templates/_helpers.tpl of the chart)."""

WORKLOADS = {
    **{
        name: {"release": "harbor", "app": "harbor", "component": name}
        for name in ("core", "jobservice", "portal", "registry")
    },
    "scanner": {"app.kubernetes.io/name": "harbor-trivy"},  # components/harbor/scanner.py
}
"""Labels of the pods of each workload (matchLabels of the chart, templates/_helpers.tpl)."""


@dataclass(frozen=True, kw_only=True)
class HarborSecrets:
    """Names of the Secrets, with their keys: `admin` (password), `database` (password), `encryption` (secretKey),
    `server` (secret, xsrf-key, jobservice-secret, registry-http-secret), `token` (tls.key, tls.crt), `registry`
    (REGISTRY_PASSWD, REGISTRY_HTPASSWD), `valkey` (core, jobservice, registry: URLs; password), `oidc`
    (CONFIG_OVERWRITE_JSON), `tls`, `ca` (ca.crt).
    """

    admin: pulumi.Input[str]
    database: pulumi.Input[str]
    encryption: pulumi.Input[str]
    server: pulumi.Input[str]
    token: pulumi.Input[str]
    registry: pulumi.Input[str]
    valkey: pulumi.Input[str]
    oidc: pulumi.Input[str]
    tls: pulumi.Input[str]
    ca: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class HarborValues:
    """Inputs of the values."""

    host: str
    secrets: HarborSecrets
    storage_class: pulumi.Input[str]
    registry_size: str
    monitored: bool = False


def values(args: HarborValues) -> dict[str, Any]:
    """Values of the release. Registry and job service hold a volume each, so the old pod must go first."""
    secrets = args.secrets
    return {
        "externalURL": f"https://{args.host}",
        "expose": _expose(args),
        "updateStrategy": {"type": "Recreate"},
        "persistence": _persistence(args),
        "existingSecretAdminPassword": secrets.admin,
        "existingSecretAdminPasswordKey": "password",
        "existingSecretSecretKey": secrets.encryption,
        # The same certificate twice: trusted by every component, and offered to users of the registry for download.
        "caBundleSecretName": secrets.ca,
        "caSecretName": secrets.ca,
        "database": _database(args),
        "redis": {"type": "external", "external": {"addr": VALKEY_ADDRESS}},
        "portal": {"resources": resources("10m", "64Mi")},
        "core": _core(args),
        "jobservice": _job_service(secrets),
        "registry": _registry(secrets),
        "trivy": {"enabled": False},
        **_metrics(args),
    }


def _expose(args: HarborValues) -> dict[str, Any]:
    return {
        "type": "ingress",
        "tls": {"enabled": True, "certSource": "secret", "secret": {"secretName": args.secrets.tls}},
        "ingress": {"className": INGRESS_CLASS, "hosts": {"core": args.host}},
    }


def _persistence(args: HarborValues) -> dict[str, Any]:
    return {
        "persistentVolumeClaim": {
            "registry": {"storageClass": args.storage_class, "size": args.registry_size},
            "jobservice": {"jobLog": {"storageClass": args.storage_class, "size": "1Gi"}},
        }
    }


def _database(args: HarborValues) -> dict[str, Any]:
    return {
        "type": "external",
        # Of each of core and job service; the chart's 900 are more than a shared Postgres has.
        "maxIdleConns": 5,
        "maxOpenConns": POOL,
        "external": {
            "host": POSTGRES_HOST,
            "port": str(POSTGRES_PORT),
            "username": "harbor",
            "coreDatabase": "harbor",
            "existingSecret": args.secrets.database,
            "sslmode": "verify-full",  # the CA is among those of the system: caBundleSecretName
        },
    }


def _core(args: HarborValues) -> dict[str, Any]:
    secrets = args.secrets
    return {
        # The chart annotates no Deployment; Reloader looks at the pod's template then.
        "podAnnotations": dict(RELOADER_AUTO),
        "resources": resources("50m", "512Mi"),
        "existingSecret": secrets.server,
        "existingXsrfSecret": secrets.server,
        "existingXsrfSecretKey": "xsrf-key",
        "secretName": secrets.token,
        "extraEnvVars": [
            from_secret("CONFIG_OVERWRITE_JSON", secrets.oidc, "CONFIG_OVERWRITE_JSON"),
            from_secret("_REDIS_URL_CORE", secrets.valkey, "core"),
            from_secret("_REDIS_URL_REG", secrets.valkey, "registry"),
            {"name": "WITH_TRIVY", "value": "true"},  # at http://harbor-trivy:8080, which the chart sets anyway
        ],
    }


def _job_service(secrets: HarborSecrets) -> dict[str, Any]:
    return {
        "podAnnotations": dict(RELOADER_AUTO),
        "resources": resources("50m", "512Mi"),
        "existingSecret": secrets.server,
        "existingSecretKey": "jobservice-secret",
        "extraEnvVars": [
            from_secret("JOB_SERVICE_POOL_REDIS_URL", secrets.valkey, "jobservice"),
            # It connects to the database with what core tells it at its start (Harbor 2.15.2,
            # src/jobservice/job/impl/context.go) and reads no such variable: named so that Reloader restarts it too.
            from_secret("POSTGRESQL_PASSWORD", secrets.database, "password"),
        ],
    }


def _registry(secrets: HarborSecrets) -> dict[str, Any]:
    return {
        "podAnnotations": dict(RELOADER_AUTO),
        "existingSecret": secrets.server,
        "existingSecretKey": "registry-http-secret",
        "credentials": {"username": REGISTRY_USER, "existingSecret": secrets.registry},
        "registry": {
            "resources": resources("50m", "512Mi"),
            "extraEnvVars": [
                {"name": "REGISTRY_REDIS_USERNAME", "value": "harbor"},
                from_secret("REGISTRY_REDIS_PASSWORD", secrets.valkey, "password"),
            ],
        },
        "controller": {"resources": resources("10m", "128Mi")},
    }


def _metrics(args: HarborValues) -> dict[str, Any]:
    """One port of every pod, by default the same (values.yaml, metrics)."""
    if not args.monitored:
        return {"metrics": {"enabled": False}}
    return {
        "metrics": {"enabled": True},
        "exporter": {
            "podAnnotations": dict(RELOADER_AUTO),
            "resources": resources("10m", "128Mi"),
            # A variable of the container wins over those of the chart's ConfigMap.
            "extraEnvVars": [
                from_secret("HARBOR_REDIS_URL", args.secrets.valkey, "jobservice"),
                {"name": "HARBOR_DATABASE_MAX_OPEN_CONNS", "value": str(EXPORTER_POOL)},
                {"name": "HARBOR_DATABASE_MAX_IDLE_CONNS", "value": "1"},
            ],
        },
    }
