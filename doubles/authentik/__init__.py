"""Authentik: discovery, flows, authorization, tokens, the outpost, and the API that blueprints are applied by."""

from doubles.authentik.server import Authentik
from doubles.authentik.state import Client, Directory, Held, Person, declared

__all__ = ["Authentik", "Client", "Directory", "Held", "Person", "declared"]
