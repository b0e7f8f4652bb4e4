"""Names that several parts of chat, and those who talk to it, must agree on."""

from lib.names import SERVICES_DOMAIN

NAMESPACE = "matrix"
LOGIN_HOST = f"matrix-matrix-authentication-service.{NAMESPACE}.{SERVICES_DOMAIN}"
LOGIN_PORT = 8080
"""The Service of the Matrix Authentication Service, named by the chart after the release `matrix`."""
