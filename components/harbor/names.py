"""Names that several parts of Harbor, and those who talk to it, must agree on."""

NAMESPACE = "harbor"
