"""Names that several parts of chat, and those who talk to it, must agree on."""

NAMESPACE = "matrix"
LOGIN_HOST = f"matrix-matrix-authentication-service.{NAMESPACE}.svc.cluster.local"
LOGIN_PORT = 8080
"""The Service of the Matrix Authentication Service, named by the chart after the release `matrix`."""
