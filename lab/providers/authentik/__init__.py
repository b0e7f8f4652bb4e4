"""The simulated Authentik: blueprints in the worker, applications they make, and the `authentik` package."""
