"""Databases restored: Debian's Postgres, barman-cloud, the gateway and an S3 server, all real."""
