"""The cluster under test: its stack file, the way to it, and who may be used to try it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.secret_state import outputs
from settings.model import Settings
from smoke.authentik import Person, Session
from smoke.check import Failed, Skipped
from smoke.client import Browser, Network
from smoke.kubernetes import ApiServer


@dataclass(frozen=True)
class Robot:
    """An account of Harbor that may push to and pull from a project."""

    name: str
    secret: str
    project: str


@dataclass(frozen=True)
class Site:
    """What the checks ask.

    Attributes:
        person: A person of the stack file who should be let in.
        outsider: One who lacks the groups of at least one application.
        api: The API server of the cluster.
    """

    settings: Settings
    network: Network
    person: Person | None = None
    outsider: Person | None = None
    robot: Robot | None = None
    api: ApiServer | None = None

    def browser(self) -> Browser:
        """A new one, without cookies."""
        return Browser(self.network)

    def session(self, person: Person) -> Session:
        """A new session of a person, not signed in."""
        return Session(self.browser(), self.settings.identity.host, person)

    @functools.cached_property
    def sessions(self) -> dict[str, Session | Failed]:
        """Sessions that are signed in, by user name; an exception where the login failed."""
        return {}

    def signed_in(self, person: Person | None, variable: str) -> Session:
        """The one session of a person: whoever logged in once is not asked again."""
        if person is None:
            raise Skipped(f"set {variable} and its password to a person of identity.users")
        if person.username not in self.sessions:
            session = self.session(person)
            try:
                session.sign_in()
                self.sessions[person.username] = session
            except Failed as reason:
                self.sessions[person.username] = reason
        found = self.sessions[person.username]
        if isinstance(found, Failed):
            raise Skipped(f"{person.username} cannot log in to Authentik, which another check reports")
        return found

    def groups(self, person: Person) -> frozenset[str]:
        """Groups of a person, as the stack file has them."""
        return frozenset(self.settings.identity.users[person.username].groups)


def person(settings: Settings, environment: Mapping[str, str], variable: str, secret: str) -> Person | None:
    """The person that two variables name; None when neither is set.

    Raises:
        ValueError: when one is missing, or the name is nobody's in the stack file.
    """
    username, password = environment.get(variable, ""), environment.get(secret, "")
    if not username and not password:
        return None
    if not username or not password:
        raise ValueError(f"{secret if username else variable}: is not set although the other is; set both or none")
    if username not in settings.identity.users:
        known = ", ".join(sorted(settings.identity.users))
        raise ValueError(f"{variable}: {username} is not in identity.users, where there are {known}; use one of them")
    if set(settings.second_factor_groups) & set(settings.identity.users[username].groups):
        raise ValueError(
            f"{variable}: {username} needs a second factor (identity.secondFactor), which only a person has; use "
            "somebody without"
        )
    return Person(username, password)


def ca_certificate(file: Path | None, state: Mapping[str, Any] | None) -> str:
    """PEM of whom to trust: from a file, else the output `trustedCertificates` of the stack.

    Raises:
        ValueError: when there is neither.
    """
    if file is not None:
        return file.read_text(encoding="ascii")
    found = outputs(state or {}).get("trustedCertificates")
    if isinstance(found, str):
        return found
    raise ValueError(
        "the stack has no output trustedCertificates: bring it up first, or name the certificate with --ca FILE"
    )
