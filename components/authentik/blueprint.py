"""A blueprint: its file in the worker, its row in Authentik, and the proof that it was applied."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi

from components.authentik.api import AuthentikApi


@dataclass(frozen=True, kw_only=True)
class BlueprintClient:
    """The OIDC client that a blueprint makes.

    Attributes:
        client_id: Client id in Authentik.
        secret_name: Secret with the client's secret under `client-secret`, the one the worker mounts.
        generation: Generation of that secret; raising it applies the blueprint again.
    """

    client_id: str
    secret_name: pulumi.Output[str]
    generation: int


@dataclass(frozen=True, kw_only=True)
class BlueprintArgs:
    """A blueprint.

    Attributes:
        slug: Names the ConfigMap `authentik-blueprints-<slug>`.
        text: The final YAML.
        client: Where it makes an OIDC client.
        after: Applied before this one: whatever it looks up.
    """

    api: AuthentikApi
    slug: str
    text: str
    client: BlueprintClient | None = None
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)


class Blueprint(pulumi.ComponentResource):
    """Attributes:
    ready: Gate: Authentik applied exactly this text, with the current secret.
    """

    ready: pulumi.Resource
