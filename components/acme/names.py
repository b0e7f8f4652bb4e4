"""Names around Let's Encrypt that the program, its checks and its tools must agree on."""

KEPT_CERTIFICATES = "keptCertificates"
"""Secret of the stack with what `make up` and `make destroy` kept of an earlier cluster."""
DNS_TOKEN = "acmeDnsToken"
"""Secret of the stack with the token of a DNS provider."""
TSIG_SECRET = "acme-tsig"
"""Secret of cert-manager's namespace with the key by which it updates zones of the section `dns`."""
REHEARSAL = "rehearsal"
"""Certificate of the staging server for all hosts."""


def account(issuer: str) -> str:
    """Secret with the key of the account at an issuer's server; cert-manager makes it, key `tls.key`."""
    return f"{issuer}-account"
