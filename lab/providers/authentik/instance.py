"""The simulated Authentik as its double sees it: what applied blueprints left, and what its worker sees and does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from doubles.authentik import Client, Person
from doubles.authentik.state import outpost
from lab.providers.authentik import blueprints, identity, objects
from lab.providers.authentik.refusals import OAUTH2_PROVIDER, OUTPOST, PROXY_PROVIDER
from lab.providers.kubernetes.chart_values import hosts
from lab.providers.kubernetes.cluster import Cluster
from lab.world import Record

RUNS: Final = "authentik/runs"
"""Table of the world: id of a row -> `status` of its last run."""
_APPLY: Final = "authentik.blueprints.v1.tasks.apply_blueprint"
_ROOT: Final = "/blueprints/"
_ACCOUNTS: Final = ("authentik_core.user", "authentik_core.group")


@dataclass
class Instance:
    """A release of Authentik: directory and administration of doubles.authentik.

    `guests` are accounts that somebody made by hand, with their groups; `runs` counts those that were asked for here.
    """

    cluster: Cluster
    release: Mapping[str, Any]
    guests: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    runs: int = 0

    @property
    def host(self) -> str:
        return hosts("authentik", self.release["values"])[0]

    @property
    def clients(self) -> Mapping[str, Client]:
        """Clients of both kinds of providers; of the outpost's those that are on its list."""
        with self.cluster.world.transaction():
            scopes = {name: scope for one in self._applied() for name, scope in one["mappings"].items()}
            own = [_client(one, scopes) for one in identity.providers(self.cluster, OAUTH2_PROVIDER)]
            if any(one["made"].get(OUTPOST) for one in self._applied()):
                own += [_behind(one) for one in identity.providers(self.cluster, PROXY_PROVIDER)]
        return {one.client_id: one for one in own}

    @property
    def people(self) -> Mapping[str, Person]:
        """Accounts that are active. Each has set a password, as Person says."""
        with self.cluster.world.transaction():
            groups = {name: members for one in self._applied() for name, members in one["groups"].items()}
            known = {name: active for one in self._applied() for name, active in one["people"].items()}
            made = [name for one in self._applied() for kind in _ACCOUNTS for name in one["made"].get(kind, ())]
            strict = {group for one in self._applied() for group in one["factor"]}
        held = {
            name: tuple(group for group, members in groups.items() if group in made and name in members)
            for name, active in known.items()
            if name in made and active is not False
        }
        everybody = {**self.guests, **held}
        return {name: Person(name, own, second_factor=bool(strict & set(own))) for name, own in everybody.items()}

    @property
    def guesses(self) -> int | None:
        """As the stage in the login flow has it that denies."""
        with self.cluster.world.transaction():
            return next((one["guesses"] for one in self._applied() if one["guesses"] is not None), None)

    @property
    def avatars(self) -> str:
        return str(self.settings()["avatars"])

    def account(self, token: str) -> Mapping[str, Any] | None:
        """The administrator of the bootstrap token, or the account of a token that a blueprint made."""
        with self.cluster.world.transaction():
            if identity.token_is_valid(self.cluster, self.release, token):
                return {"username": "akadmin", "is_superuser": True}
            own = (one for record in self._applied() for one in record["tokens"].values())
            found = next((one for one in own if one["key"] == token and one["intent"] == "api"), None)
        return {"username": found["user"], "is_superuser": False} if found else None

    def files(self) -> Mapping[str, str]:
        """Those below the directory of blueprints."""
        with self.cluster.world.transaction():
            seen = blueprints.worker_files(self.cluster, self.release)
        return {
            path.removeprefix(_ROOT): blueprints.digest(text) for path, text in seen.items() if path.startswith(_ROOT)
        }

    def row(self, identifier: str) -> Mapping[str, Any] | None:
        """The row, and what its last run came to."""
        row = self.cluster.world.get(identity.ROWS, identifier)
        if row is None:
            return None
        path = row["inputs"].get("path", "")
        run = self.cluster.world.get(RUNS, identifier) or {"status": "unknown"}
        applied = self.cluster.world.get(identity.APPLIED, path or row["inputs"]["name"]) or {"hash": ""}
        last = f"2026-11-23T10:00:00.{self.runs:06d}Z"
        return {"path": path, "status": run["status"], "last_applied": last, "last_applied_hash": applied["hash"]}

    def apply(self, identifier: str) -> None:
        """A run; of one that failed the system tasks of Authentik would say why."""
        with self.cluster.world.transaction():
            row = self.cluster.world.get(identity.ROWS, identifier)
            status = identity.apply_row(self.cluster, self.release, row["inputs"]) if row else "error"
            self.cluster.world.put(RUNS, identifier, {"status": status.partition(":")[0]})
        self.runs += 1

    def key(self, identifier: str) -> str | None:
        """Value of a token that a blueprint made."""
        with self.cluster.world.transaction():
            found = [one["tokens"][identifier]["key"] for one in self._applied() if identifier in one["tokens"]]
        return found[0] if found else None

    def entries(self, path: str) -> Sequence[Mapping[str, Any]]:
        """Groups, accounts and clients; of the other lists the lab keeps nothing."""
        held, made = self.people, list(self.clients.values())
        groups = dict.fromkeys(group for one in held.values() for group in one.groups)
        members = {group: [{"username": name} for name, one in held.items() if group in one.groups] for group in groups}
        lists: Mapping[str, Sequence[Mapping[str, Any]]] = {
            "core/groups": [{"name": name, "is_superuser": False, "users_obj": of} for name, of in members.items()],
            "core/users": [{"username": name, "is_active": True} for name in held],
            "core/applications": [{"slug": one.slug, "policy_engine_mode": "all"} for one in made],
            "providers/oauth2": [
                {"name": one.slug, "client_id": one.client_id, "redirect_uris": list(one.redirect_uris)}
                for one in made
                if not one.host
            ],
            "providers/proxy": [{"name": one.slug, "external_host": f"https://{one.host}"} for one in made if one.host],
        }
        return lists.get(path, ())

    def tasks(self) -> Sequence[Mapping[str, Any]]:
        """Blueprints that came with the release and wait for the worker, which applies them now."""
        with self.cluster.world.transaction():
            waiting = identity.packaged_runs(self.cluster, self.release)
            identity.work(self.cluster, self.release)
        task = {"actor_name": _APPLY, "aggregated_status": "queued", "mtime": "2026-11-23T10:00:00Z", "eta": None}
        return [task] * waiting

    def settings(self) -> Mapping[str, Any]:
        """The system settings."""
        with self.cluster.world.transaction():
            return identity.system_settings(self.cluster)

    def set(self, given: Mapping[str, Any]) -> None:
        """Change some of them."""
        with self.cluster.world.transaction():
            kept = self.cluster.world.get(identity.SETTINGS, self.release["namespace"]) or {}
            self.cluster.world.put(identity.SETTINGS, self.release["namespace"], {**kept, **given})

    def _applied(self) -> Iterator[Record]:
        empty = objects.made([], {})
        yield from ({**empty, **record} for record in self.cluster.world.view(identity.APPLIED).values())


def _client(one: Mapping[str, Any], scopes: Mapping[str, str]) -> Client:
    return Client(
        slug=one["slug"],
        client_id=one["client_id"],
        redirect_uris=tuple(one["redirect_uris"]),
        groups=_groups(one),
        secret=one["secret"],
        scopes=tuple(scopes.get(scope, scope) for scope in one["scopes"]),
    )


def _behind(one: Mapping[str, Any]) -> Client:
    return outpost(one["slug"], str(urlsplit(one["host"]).hostname), _groups(one))


def _groups(one: Mapping[str, Any]) -> tuple[str, ...] | None:
    return None if one["groups"] is None else tuple(one["groups"])
