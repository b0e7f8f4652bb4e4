"""The `authentik` package (parameterised `terraform-provider`): the Blueprint row."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any, ClassVar

import pulumi_authentik

from lab.providers import schema
from lab.providers.authentik import identity
from lab.providers.base import Call, Resource, Result
from lab.providers.errors import RefusedError
from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.endpoints import UnreachableError
from lab.providers.package import Package
from lab.providers.wire import UNKNOWN, Properties
from lab.world import Record


def require(call: Call) -> Record:
    """The Authentik behind the configured URL, which must take the token; raises RefusedError."""
    url, token = call.config.get("url"), call.config.get("token")
    if not url or not token or UNKNOWN in (url, token):
        raise RefusedError("the provider needs `url` and `token`")
    cluster = Cluster(call.site)
    try:
        release = identity.server(cluster, str(url))
    except UnreachableError as error:
        raise RefusedError(f"HTTP Error 'Get \"{url}/api/v3/managed/blueprints/\": {error}'") from None
    if not identity.token_is_valid(cluster, release, str(token)):
        raise RefusedError('HTTP Error \'403 Forbidden\' during request: {"detail":"Token invalid/expired"}')
    return release


class Blueprint(Resource):
    """A row of Authentik's blueprints; creating it applies nothing."""

    token = "authentik:index/blueprint:Blueprint"
    module: ClassVar[str] = "pulumi_authentik"
    table: ClassVar[str] = identity.ROWS

    def defaults(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """Name as the bridge makes it up; enabled, with an empty context."""
        name = news.get("name") or olds.get("name") or f"{call.name}-{(call.seed.hex() or call.digest())[:7]}"
        return {"enabled": True, "context": "{}", **news, "name": name}

    def admit(self, call: Call, inputs: Properties) -> None:
        """The API answers, the name is free, the context is JSON, and the worker, asked at once, sees the file."""
        release = require(call)
        try:
            json.loads(inputs["context"])
        except json.JSONDecodeError as error:
            raise RefusedError(f"context is not valid JSON: {error}") from None
        if bool(inputs.get("path")) == bool(inputs.get("content")):
            raise RefusedError("400 Bad Request: exactly one of path and content must be set")
        for row in call.site.world.table(self.table).values():
            if row["inputs"]["name"] == inputs["name"] and row["urn"] != call.urn:
                raise RefusedError('400 Bad Request: {"name":["Blueprint Instance with this name already exists."]}')
        if inputs.get("path") and identity.packaged_runs(Cluster(call.site), release):
            raise RefusedError("500 Internal Server Error: ResultTimeout: the worker did not answer within 10 seconds")
        if inputs.get("path") and identity.file_of(Cluster(call.site), release, inputs["path"]) is None:
            raise RefusedError('400 Bad Request: {"path":["Blueprint file does not exist"]}')

    def identify(self, call: Call, inputs: Properties) -> str:
        """A repeatable UUID."""
        text = call.digest(inputs["name"])
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))

    def read(self, call: Call, identifier: str, state: Properties, inputs: Properties) -> Result | None:
        """The row; Authentik deletes it when the worker no longer sees its file."""
        release = require(call)
        found = super().read(call, identifier, state, inputs)
        path = (found.inputs or {}).get("path") if found else None
        if path and identity.file_of(Cluster(call.site), release, path) is None:
            call.site.world.delete(self.table, identifier)
            return None
        return found

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Delete the row; what it made stays."""
        require(call)
        super().delete(call, identifier, state)


class AuthentikPackage(Package):
    """The package, with its required configuration."""

    def check_config(self, config: Any) -> list[schema.Problem]:
        """URL and token are required."""
        found = schema.unknown_keys(pulumi_authentik.ProviderArgs, config)
        return found + [
            schema.Problem(key, f"Missing required property {key!r}") for key in ("token", "url") if key not in config
        ]


def package() -> Package:
    """The package with its resource types."""
    row = Blueprint()
    return AuthentikPackage("terraform-provider", "pulumi_authentik", version("pulumi_authentik"), {row.token: row})
