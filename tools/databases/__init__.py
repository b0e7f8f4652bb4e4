"""Postgres, what archives its log and an S3 server as real programs of the loopback, to drill a restore with them."""
