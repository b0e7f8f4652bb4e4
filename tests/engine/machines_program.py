"""The phase of the cluster alone: machines, Talos, network, storage, certificates."""

import pulumi
import pulumi_random as random
import pulumi_tls as tls

from components.failures import isolate_failures
from lib import last_update
from lib.charts import Catalogue
from register.secrets import declare
from stack_file.load import load_config
from stack_file.secrets import read_secrets
from stacks import cluster
from stacks.contracts import Site

isolate_failures()
config = pulumi.Config()
settings = load_config(config)
site = Site(
    settings=settings,
    secrets=read_secrets(config, settings),
    declarations=declare(settings),
    charts=Catalogue(mirror=settings.charts.mirror, versions=settings.charts.versions),
    generators=(random.Provider("random"), tls.Provider("tls")),
)
built = cluster.build(site)
pulumi.export("kubeconfig", pulumi.Output.secret(built.kubeconfig))
pulumi.export(last_update.EXPIRY, built.credentials_expire)
