"""Container images that this program runs itself (charts bring their own), each pinned to a release."""

# Runs the readiness gates: standard library only, no shell.
# renovate: datasource=docker depName=docker.io/library/python
PYTHON = "docker.io/library/python:3.13.15-alpine3.24"

# A later patch of the release that the chart brings: 3.7.12 is the first that can drop every header which a backend
# takes for another (traefik/traefik#13720).
# renovate: datasource=docker depName=docker.io/library/traefik
TRAEFIK = "docker.io/library/traefik:v3.7.13"

# renovate: datasource=docker depName=ghcr.io/bank-vaults/bank-vaults
BANK_VAULTS = "ghcr.io/bank-vaults/bank-vaults:v1.33.1"

# The release of the platform's Vault: the chart brings the one before it, which is no longer mended.
# renovate: datasource=docker depName=docker.io/hashicorp/vault
VAULT = "docker.io/hashicorp/vault:2.1.0"

# Postgres releases are named <major>.<minor>; a new major needs a dump and restore, so Renovate stays on this one.
# renovate: datasource=docker depName=ghcr.io/cloudnative-pg/postgresql
POSTGRES = "ghcr.io/cloudnative-pg/postgresql:17.11-standard-bookworm"

# Named here because the step that sets up the login runs in it too, and newer than the chart's 1.26.2: 1.27.1 closed
# CVE-2026-59774, which lets anyone read files of the server, and CVE-2026-60004.
# renovate: datasource=docker depName=docker.gitea.com/gitea
GITEA = "docker.gitea.com/gitea:1.27.3-rootless"

# The flavour without a container engine: jobs run beside it (docs/adr/0014-jobs-in-a-restricted-pod.md).
# renovate: datasource=docker depName=docker.io/gitea/runner
GITEA_RUNNER = "docker.io/gitea/runner:3.5.0"

# What jobs run in unless the stack file names another: Debian with git, a compiler, Python and Node.
# renovate: datasource=docker depName=docker.io/library/node
JOBS = "docker.io/library/node:24.20.0-bookworm"

# A later patch of the release that the chart brings: 2026.8.4 is the first whose forward authentication works
# (goauthentik/authentik#26448, #26422) and that reads a list from a variable (#26081).
# renovate: datasource=docker depName=ghcr.io/goauthentik/server
AUTHENTIK = "ghcr.io/goauthentik/server:2026.8.6"

# The chart of chat names a tag that moves (3.2-alpine).
# renovate: datasource=docker depName=docker.io/library/haproxy
HAPROXY = "docker.io/library/haproxy:3.2.23-alpine"

# Of the same release as the Harbor chart's other images.
# renovate: datasource=docker depName=docker.io/goharbor/trivy-adapter-photon
HARBOR_TRIVY = "docker.io/goharbor/trivy-adapter-photon:v2.15.2"

# One image for each release line (.github/workflows/build-docker-images-tags.yml of PowerDNS/pdns).
# renovate: datasource=docker depName=docker.io/powerdns/pdns-auth-51
POWERDNS = "docker.io/powerdns/pdns-auth-51:5.1.4"

# Its program alone is taken, which is static (docker/Dockerfile and build.go of restic/restic).
# renovate: datasource=docker depName=docker.io/restic/restic
RESTIC = "docker.io/restic/restic:0.19.1"

# The release that Talos 1.13 would install (pkg/machinery/constants, DefaultCoreDNSVersion).
# renovate: datasource=docker depName=registry.k8s.io/coredns/coredns
COREDNS = "registry.k8s.io/coredns/coredns:v1.14.2"

# Encrypts what leaves the cluster: age has no image of its own, and this one brings its release 1.2.1 (its Dockerfile),
# with a shell and without a root's rights.
# renovate: datasource=docker depName=ghcr.io/helmfile/helmfile
AGE = "ghcr.io/helmfile/helmfile:v1.7.4"

# Sends it, reads it back and removes what is too old.
# renovate: datasource=docker depName=docker.io/rclone/rclone
RCLONE = "docker.io/rclone/rclone:1.76.0"

TALOSCTL = "ghcr.io/siderolabs/talosctl"
"""Without a tag: it is of the release of the stack file."""


def registry(image: str) -> str:
    """Registry of an image; Docker Hub where the first part is no host (distribution/reference, splitDockerDomain)."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


def parts(image: str) -> tuple[str, str]:
    """Repository, with its registry, and tag."""
    repository, _, tag = image.rpartition(":")
    return repository, tag
