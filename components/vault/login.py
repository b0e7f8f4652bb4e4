"""Names of the login to Vault, by which people and what looks after them find it."""

MOUNT = "oidc"
"""Path of the login; part of the redirect URI of the UI."""
ROLE = "authentik-users"
OWN_FOLDER, ADMINISTRATOR = "own-folder", "administrator"
"""Policies of everybody who may log in, and of the members of vault.adminGroup."""
