"""Packages that only make values: `random`, `tls`, and `command`, which the lab never executes."""
