"""The register: every service of phase 4, in the order in which they are shown. docs/adding-a-service.md adds one."""

from components.gitea.service import GITEA
from components.harbor.service import HARBOR
from components.matrix.service import MATRIX
from declarations.service import Service

SERVICES: tuple[Service, ...] = (GITEA, HARBOR, MATRIX)
