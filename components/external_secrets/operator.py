"""External Secrets Operator and its one store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.barrier import passed
from components.custom_resource import CustomResourceArgs, custom_resource
from components.external_secrets.values import SERVICE_ACCOUNT, values
from components.helm import ReleaseArgs, release
from components.namespace import Namespace
from components.vault.configuration import AUDIENCE
from lib.charts import Chart
from lib.kubernetes import EXTERNAL_SECRETS_API
from lib.names import SECRET_STORE, VAULT_IN_CLUSTER


@dataclass(frozen=True, kw_only=True)
class ExternalSecretsArgs:
    """The store and who may use it.

    Attributes:
        consumers: Namespaces whose ExternalSecrets the store serves; in any other they stay unready.
        kv_mount, kubernetes_path, reader_role: Of Vault's configuration.
    """

    chart: Chart
    namespace: Namespace
    ca_config_map: pulumi.Input[str]
    kv_mount: pulumi.Input[str]
    kubernetes_path: pulumi.Input[str]
    reader_role: pulumi.Input[str]
    consumers: Sequence[str]


class ExternalSecrets(pulumi.ComponentResource):
    """Creates `<name>-release` (the operator, its CRDs and webhook, awaited) and `<name>-store` (ClusterSecretStore
    `vault`, awaited until it has logged in to Vault; `<name>-ready` stands for it).

    Attributes:
        store: The ready store; every ExternalSecret depends on it.
    """

    store: pulumi.Resource

    def __init__(self, name: str, args: ExternalSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:external_secrets/operator:ExternalSecrets", name, None, opts)
        operator = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.chart, release="external-secrets", namespace=args.namespace.namespace, values=values()
            ),
            pulumi.ResourceOptions(parent=self),
        )
        store = custom_resource(
            f"{name}-store",
            CustomResourceArgs(
                api_version=EXTERNAL_SECRETS_API,
                kind="ClusterSecretStore",
                name=SECRET_STORE,
                spec=_store(args),
            ),
            # The release brings the CRD, and its webhook answers once its workloads are ready.
            pulumi.ResourceOptions(parent=self, depends_on=[operator]),
        )
        self.store = passed(f"{name}-ready", store)
        self.register_outputs({"store": SECRET_STORE})


def _store(args: ExternalSecretsArgs) -> dict[str, Any]:
    account = {"name": SERVICE_ACCOUNT, "namespace": args.namespace.namespace, "audiences": [AUDIENCE]}
    return {
        "conditions": [{"namespaces": sorted(args.consumers)}],
        "provider": {
            "vault": {
                "server": VAULT_IN_CLUSTER,
                "path": args.kv_mount,
                "version": "v2",
                "caProvider": {
                    "type": "ConfigMap",
                    "name": args.ca_config_map,
                    "key": "ca.crt",
                    "namespace": args.namespace.namespace,
                },
                "auth": {
                    "kubernetes": {
                        "mountPath": args.kubernetes_path,
                        "role": args.reader_role,
                        "serviceAccountRef": account,
                    }
                },
            }
        },
    }
