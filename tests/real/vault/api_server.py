"""A double of the part of a Kubernetes API server that Vault asks: ServiceAccount tokens and their review.

https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
"""

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from doubles.authentik.jwt import Signer
from doubles.loopback import Reply, Request

ACCOUNT = "system:serviceaccount:{namespace}:{name}"
OWN_AUDIENCE = "https://kubernetes.default.svc.cluster.local"
"""Audience of a token that is made for the API server itself, as the token in every pod is."""
_PATH = "/apis/authentication.k8s.io/v1/tokenreviews"


@dataclass
class ApiServer:
    """What the API server knows.

    Attributes:
        issuer: Of its tokens; Talos names the endpoint of the cluster.
        reviewers: Accounts that may ask for reviews (ClusterRole system:auth-delegator).
        reviewed: Account of each token that was reviewed.
    """

    issuer: str
    reviewers: set[str] = field(default_factory=set)
    reviewed: list[str] = field(default_factory=list)
    _signer: Signer = field(default_factory=lambda: Signer("api-server"))

    def token(
        self,
        namespace: str,
        name: str,
        audiences: Sequence[str] = (OWN_AUDIENCE,),
        *,
        lifetime: int = 3600,
        signer: Signer | None = None,
    ) -> str:
        """What a TokenRequest answers. `lifetime` in seconds; one below zero has passed."""
        now = int(time.time())
        account = ACCOUNT.format(namespace=namespace, name=name)
        claims = {
            "iss": self.issuer,
            "sub": account,
            "aud": list(audiences),
            "exp": now + lifetime,
            "iat": now - 7200,
            "nbf": now - 7200,
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": _uid(account)}},
        }
        return (signer or self._signer).sign(claims)

    def respond(self, request: Request) -> Reply:
        """One request over HTTP."""
        if (request.method, request.path) != ("POST", _PATH):
            return _status(404, "NotFound", f"{request.method} {request.path}")
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        asking = self._authenticate(bearer, [OWN_AUDIENCE])
        if asking is None:
            return _status(401, "Unauthorized", "Unauthorized")
        if asking["sub"] not in self.reviewers:
            return _status(403, "Forbidden", f'User "{asking["sub"]}" cannot create resource "tokenreviews"')
        review = json.loads(request.body)
        return Reply(201, review | {"status": self._review(review["spec"])})

    def _authenticate(self, token: str, audiences: Sequence[str]) -> dict[str, Any] | None:
        claims = self._signer.verified(token)
        if claims is None or claims["exp"] < time.time() or not set(audiences) & set(claims["aud"]):
            return None
        return claims

    def _review(self, spec: dict[str, Any]) -> dict[str, Any]:
        audiences = spec.get("audiences") or [OWN_AUDIENCE]
        claims = self._authenticate(spec["token"], audiences)
        if claims is None:
            return {"authenticated": False, "error": "invalid bearer token"}
        self.reviewed.append(claims["sub"])
        return {
            "authenticated": True,
            "user": {"username": claims["sub"], "uid": _uid(claims["sub"])},
            "audiences": [audience for audience in audiences if audience in claims["aud"]],
        }


def _uid(account: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, account))


def _status(code: int, reason: str, message: str) -> Reply:
    return Reply(code, {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message})
