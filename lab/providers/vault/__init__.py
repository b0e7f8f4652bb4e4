"""The simulated Vault: its server in the cluster, its API, and the `vault` package."""
