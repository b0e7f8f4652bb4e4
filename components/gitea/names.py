"""Names that several parts of Gitea, and those who talk to it, must agree on."""

NAMESPACE = "gitea"
RUNNER_NAMESPACE = "gitea-runner"
ADMINISTRATOR = "gitea-breakglass"
"""Account that no login of Authentik leads to."""
