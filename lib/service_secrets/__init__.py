"""Secrets of the services of phase 4, with every Kubernetes Secret that each is part of."""

from lib.service_secrets import gitea, harbor, matrix

OIDC_CLIENTS = {"gitea": gitea.LOGIN, "harbor": harbor.LOGIN, "matrix": matrix.LOGIN}
"""Who reads the client secret of a login besides Authentik, by the slug of its application."""
