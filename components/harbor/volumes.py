"""Volume of Harbor's registry. Logs of jobs and the database of the scanner are not backed up: they come again."""

from components.harbor.names import NAMESPACE
from components.harbor.values import WORKLOADS
from declarations.volumes import Volume

VOLUMES = (
    Volume(
        name="harbor",
        namespace=NAMESPACE,
        claim="harbor-registry",
        kind="deployments",
        workload="harbor-registry",
        labels=WORKLOADS["registry"],
        user=10000,  # goharbor/harbor-helm, templates/registry/registry-dpl.yaml
        holds="images and charts",
        order="blobs are named by their content and written before the row that names them; what no row names, the "
        "next garbage collection takes",
    ),
)
