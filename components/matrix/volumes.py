"""Volume of Synapse: its media store (matrix-stack 26.8.1, templates/synapse/synapse_persistentvolumeclaim.yaml)."""

from components.matrix.names import NAMESPACE
from components.matrix.values import RELEASE, workload
from declarations.volumes import Volume

VOLUMES = (
    Volume(
        name="matrix",
        namespace=NAMESPACE,
        claim=f"{RELEASE}-synapse-media",
        kind="statefulsets",
        workload=f"{RELEASE}-synapse-main",
        labels=workload("synapse-main"),
        user=10091,  # values.yaml, synapse.podSecurityContext
        holds="files that people sent in chat",
        order="a file is written once, under a new name and before its row; one without a row is never asked for",
    ),
)
