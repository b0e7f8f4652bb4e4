"""Issuers of Let's Encrypt, and who answers their challenges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.acme.names import account
from components.custom_resource import CustomResourceArgs, custom_resource
from components.dns.names import TSIG_ALGORITHM
from lib.acme import DIRECTORIES
from settings.dns import UPDATE_KEY

TOKEN_KEY, TSIG_KEY = "token", "key"
"""Keys of the Secrets with what a solver proves itself by."""
_TOKEN_FIELDS: Mapping[str, str] = {"cloudflare": "apiTokenSecretRef", "digitalocean": "tokenSecretRef"}
"""Where each provider takes its token (definition of ClusterIssuer, `spec.acme.solvers[].dns01`)."""


@dataclass(frozen=True, kw_only=True)
class AcmeIssuerArgs:
    """An account at Let's Encrypt.

    Attributes:
        issuer: `acme-staging` or `acme-production`; also its name.
        email: Contact of the account.
        solvers: Who answers the challenges, as the definition has them.
        after: What must be there first although no input comes from it: a kept key of the account.
    """

    issuer: str
    email: str
    solvers: Sequence[Mapping[str, Any]]
    after: Sequence[pulumi.Resource]


def acme_issuer(name: str, args: AcmeIssuerArgs, opts: pulumi.ResourceOptions) -> k8s.apiextensions.CustomResource:
    """A ClusterIssuer, awaited until its account is registered."""
    spec = {
        "server": DIRECTORIES[args.issuer],
        "email": args.email,
        "privateKeySecretRef": {"name": account(args.issuer)},
        "solvers": list(args.solvers),
    }
    return custom_resource(
        name,
        CustomResourceArgs(
            api_version="cert-manager.io/v1", kind="ClusterIssuer", name=args.issuer, spec={"acme": spec}, seconds=300
        ),
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(args.after))),
    )


def with_updates(zone: str, nameserver: str, secret_name: pulumi.Input[str]) -> Mapping[str, Any]:
    """The solver of a zone of the section `dns`: updates (RFC 2136), signed with a key in a Secret of cert-manager's
    namespace. An algorithm has the name that pkg/issuer/acme/dns/rfc2136 of cert-manager knows.
    """
    updates = {
        "nameserver": nameserver,
        "tsigKeyName": UPDATE_KEY,
        "tsigAlgorithm": TSIG_ALGORITHM.replace("-", "").upper(),
        "tsigSecretSecretRef": {"name": secret_name, "key": TSIG_KEY},
    }
    return {"selector": {"dnsZones": [zone]}, "dns01": {"rfc2136": updates}}


def with_token(provider: str, secret_name: pulumi.Input[str]) -> Mapping[str, Any]:
    """The solver of a provider whose API takes a token, which is in a Secret of cert-manager's namespace."""
    return {"dns01": {provider: {_TOKEN_FIELDS[provider]: {"name": secret_name, "key": TOKEN_KEY}}}}
