"""The repository that Flux applies, where it is this Gitea's: who owns it, and the account that reads it."""

import json
import posixpath

from components.gitea.names import FLUX
from components.gitea.settings import GiteaSettings
from settings.model import Settings
from settings.platform import GiteaRepository

SECRET_PATH = "gitea/flux"
SECRET = "flux-repository"
"""Secret with name and password of the account, and the CAs of the host: here, and where Flux is by Reflector."""
BRANCHES = "refs/heads/"

_README = """\
# {repository}

Flux applies what lies in `{path}` at `{branch}`. Add a manifest there, name it in `{path}/kustomization.yaml`
and push. What is taken out of that list is deleted in the cluster.

```console
kubectl -n flux-system get gitrepositories,kustomizations    # whether it is applied, and why not
```
"""
_KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: []
"""


def source(settings: Settings) -> GiteaRepository | None:
    """The repository of this Gitea that Flux applies; None where there is no Flux, or it applies another."""
    gitops = settings.gitops
    return gitops.sync.gitea if gitops.enabled and gitops.sync is not None else None


def url(settings: Settings) -> str | None:
    """URL of what Flux applies, wherever it is; None where that is nothing."""
    sync, own = settings.gitops.sync, source(settings)
    if own is None:
        return sync.url if settings.gitops.enabled and sync is not None else None
    return f"https://{settings.section(GiteaSettings).host}/{own.organisation}/{own.repository}.git"


def wanted(settings: Settings, generation: int) -> str:
    """JSON for scripts/gitea_repository.py: `owner`, `name`, `reader`, `email`, `generation` of the password, `branch`
    and `files`, which are the first commit; null where Flux applies no repository of this Gitea.
    """
    own, sync = source(settings), settings.gitops.sync
    if own is None or sync is None:
        return "null"
    branch, path = sync.ref.removeprefix(BRANCHES), posixpath.normpath(sync.path)
    text = _README.format(repository=own.repository, path=path, branch=branch)
    fields = {
        "owner": own.organisation,
        "name": own.repository,
        "reader": FLUX,
        # No mail reaches it: each account has an address that is no other's.
        "email": f"{FLUX}@{settings.section(GiteaSettings).host}",
        "generation": str(generation),
        "branch": branch,
        "files": {"README.md": text, posixpath.normpath(f"{path}/kustomization.yaml"): _KUSTOMIZATION},
    }
    return json.dumps(fields, sort_keys=True)
