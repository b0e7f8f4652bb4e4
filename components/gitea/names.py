"""Names that several parts of Gitea, and those who talk to it, must agree on."""

NAMESPACE = "gitea"
RUNNER_NAMESPACE = "gitea-runner"
ADMINISTRATOR = "gitea-breakglass"
"""Account that no login of Authentik leads to."""
FLUX = "gitea-flux"
"""Account that reads the repository that Flux applies, and nothing else that is not everybody's."""
