"""The Kubernetes API as far as it says who somebody is: structured authentication with tokens of Authentik."""

import json
import time
from collections.abc import Collection
from dataclasses import dataclass

from components.kubernetes import login as kubernetes_login
from components.talos.authentication import PREFIX
from doubles.authentik.tokens import own_key
from doubles.client import Answer
from doubles.loopback import Reply
from doubles.web import Asked
from settings.model import Settings


@dataclass(frozen=True)
class Issuer:
    """Whose tokens it takes: issuer and audience, and what it puts before names of people and groups."""

    url: str
    audience: str
    prefix: str = PREFIX


def declared(settings: Settings) -> Issuer:
    """What a stack file makes of it."""
    application = kubernetes_login.application(settings)
    return Issuer(application.issuer, application.client_id)


def api_server(issuer: Issuer, faults: Collection[str] = ()) -> Answer:
    """The API; its answer is the object that was sent, with a status."""

    def answer(asked: Asked) -> Reply:
        if asked.path != "/apis/authentication.k8s.io/v1/selfsubjectreviews" or asked.request.method != "POST":
            return Reply(404)
        claims = own_key().verified(asked.header("Authorization").removeprefix("Bearer ")) or {}
        meant = (claims.get("iss"), claims.get("aud")) == (issuer.url, issuer.audience)
        if not meant or claims["exp"] < time.time() or "the API server knows no login" in faults:
            return Reply(401, {"kind": "Status", "status": "Failure", "message": "Unauthorized", "code": 401})
        prefix = "" if "the API server has no prefix" in faults else issuer.prefix
        groups = [] if "the API server reads no groups" in faults else claims["groups"]
        known = {
            "username": f"{prefix}{claims['sub']}",
            "groups": [*(f"{issuer.prefix}{one}" for one in groups), "system:authenticated"],
        }
        return Reply(201, {**json.loads(asked.request.body), "status": {"userInfo": known}})

    return answer
