"""Volume of Gitea: repositories, LFS, attachments, packages, avatars (chart 12.6.0, `persistence.claimName`)."""

from components.gitea.names import NAMESPACE
from components.gitea.values import USER_ID
from declarations.volumes import Volume
from lib.kubernetes import release_labels

VOLUMES = (
    Volume(
        name="gitea",
        namespace=NAMESPACE,
        claim="gitea-shared-storage",
        kind="deployments",
        workload="gitea",
        labels=release_labels("gitea", "gitea"),
        user=USER_ID,
        # A repository is read from `objects` to `refs`: a push in between leaves a branch without its commit. Upstream
        # asks for the same (go-gitea/gitea, docs/content/administration/backup-and-restore.en-us.md).
        quiesce=True,
        holds="repositories, LFS, attachments and packages",
        order="it stands still meanwhile, so rows and files are of one moment",
    ),
)
