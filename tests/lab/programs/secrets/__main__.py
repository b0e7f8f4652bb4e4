"""The real cluster phase and phase 1 on a cluster that is already there, and a workload that reads an added secret.

LEAK, if set, makes the program show a secret in a ConfigMap: what the scan of the tests must find.
"""

import os
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
import pulumi_tls as tls

from lib.charts import Catalogue
from lib.kubernetes import RELOADER_AUTO, restricted_container, restricted_pod
from lib.secret_registry import declare
from settings import load_config, read_secrets
from stacks import cluster, infrastructure
from stacks.contracts import Site

config = pulumi.Config()
settings = load_config(config)
site = Site(
    settings=settings,
    secrets=read_secrets(config, settings),
    declarations=declare(settings),
    charts=Catalogue(),
    generators=(random.Provider("random"), tls.Provider("tls")),
)
the_cluster = cluster.build(site)
base = infrastructure.build(site, the_cluster)

in_cluster = pulumi.ResourceOptions(provider=the_cluster.kubernetes)
namespace = k8s.core.v1.Namespace("shop", metadata={"name": "shop"}, opts=in_cluster)
labels = {"app": "till"}
pod: Any = {
    "securityContext": restricted_pod(),
    "containers": [
        {
            "name": "till",
            "image": "registry.example.com/till:1.0.0",
            "securityContext": restricted_container(),
            "env": [
                {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "extra-shop-api", "key": "token"}}},
            ],
        }
    ],
}
k8s.apps.v1.Deployment(
    "till",
    metadata={"name": "till", "namespace": namespace.metadata.name, "annotations": dict(RELOADER_AUTO)},
    spec={"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    opts=in_cluster,
)
if os.environ.get("LEAK"):
    k8s.core.v1.ConfigMap(
        "leak",
        metadata={"name": "leak", "namespace": namespace.metadata.name},
        data={"salt": pulumi.Output.unsecret(base.secrets["shop/api"].values["salt"])},
        opts=in_cluster,
    )
pulumi.export("secretGenerations", {declaration.path: declaration.generation for declaration in site.declarations})
