"""Container images that this program runs itself (charts bring their own), each pinned to a release."""

# Runs the readiness gates: standard library only, no shell.
# renovate: datasource=docker depName=docker.io/library/python
PROBE = "docker.io/library/python:3.13.5-alpine3.22"

# renovate: datasource=docker depName=ghcr.io/bank-vaults/bank-vaults
BANK_VAULTS = "ghcr.io/bank-vaults/bank-vaults:v1.33.1"

# Postgres releases are named <major>.<minor>; a new major needs a dump and restore, so Renovate stays on this one.
# renovate: datasource=docker depName=ghcr.io/cloudnative-pg/postgresql
POSTGRES = "ghcr.io/cloudnative-pg/postgresql:17.6-standard-bookworm"

# The chart's image, named here because the step that sets up the login runs in it too.
# renovate: datasource=docker depName=docker.gitea.com/gitea
GITEA = "docker.gitea.com/gitea:1.26.2-rootless"

# Of the same release as the Harbor chart's other images.
# renovate: datasource=docker depName=docker.io/goharbor/trivy-adapter-photon
HARBOR_TRIVY = "docker.io/goharbor/trivy-adapter-photon:v2.15.2"

# The release that Talos 1.13 would install (pkg/machinery/constants, DefaultCoreDNSVersion).
# renovate: datasource=docker depName=registry.k8s.io/coredns/coredns
COREDNS = "registry.k8s.io/coredns/coredns:v1.14.2"
