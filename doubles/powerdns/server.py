"""The API of PowerDNS Authoritative, as pdns/ws-auth.cc of 4.7 and 5.1 answers (tests/real/dns compares the two).

Strict where PowerDNS is: names end in a dot and lie in their zone, contents are written as it writes them, an alias
stands alone, a key that a zone names is there.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from doubles.loopback import Reply, Request
from doubles.powerdns.keys import TsigKeys, crypto_key
from doubles.powerdns.records import RefusalError, alone, canonical, rrset, unprocessable

HELD = ("zones", "metadata", "cryptokeys", "tsigkeys")
"""Attributes that its database holds."""
_ROOT = "/api/v1/servers/localhost"
_KINDS = (
    *("ALLOW-AXFR-FROM", "ALLOW-DNSUPDATE-FROM", "ALSO-NOTIFY", "AXFR-SOURCE", "FORWARD-DNSUPDATE", "IXFR"),
    *("NOTIFY-DNSUPDATE", "PUBLISH-CDNSKEY", "PUBLISH-CDS", "SLAVE-RENOTIFY", "TSIG-ALLOW-DNSUPDATE"),
)
_FIELDS = ("kind", "account", "soa_edit", "soa_edit_api", "api_rectify")

Entry = dict[str, Any]


@dataclass
class PowerDns(TsigKeys):
    """All of it.

    Attributes:
        key: Of the API.
        today: What serials begin with: year, month and day.
        zones: By name: fields, and `rrsets` by name and type.
        notified: Zones whose secondaries were told.
    """

    key: str = "key"
    today: str = "20261127"
    zones: dict[str, Entry] = field(default_factory=dict)
    metadata: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    cryptokeys: dict[str, list[Entry]] = field(default_factory=dict)
    notified: list[str] = field(default_factory=list)

    def respond(self, request: Request) -> Reply:
        """The answer to any request."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        if headers.get("x-api-key") != self.key:
            return Reply(401, "Unauthorized")
        path = request.path.removeprefix(_ROOT)
        body = json.loads(request.body) if request.body else {}
        try:
            for method, pattern, answer in self._routes():
                found = re.fullmatch(pattern, path)
                if method == request.method and found is not None:
                    return answer(*found.groups(), *([body] if method in ("POST", "PUT", "PATCH") else []))
        except RefusalError as refusal:
            return refusal.reply
        return Reply(404, "Not Found")

    def _routes(self) -> Iterator[tuple[str, str, Callable[..., Reply]]]:
        zone, name = "/zones/([^/]+)", "([^/]+)"
        yield "GET", "/zones", lambda: Reply(200, [self._told(one) for one in self.zones])
        yield "POST", "/zones", self._made
        yield "GET", zone, lambda one: Reply(200, self._whole(self._zone(one)))
        yield "PUT", zone, self._changed
        yield "PATCH", zone, self._patched
        yield "DELETE", zone, self._removed
        yield "PUT", f"{zone}/notify", self._notify
        yield "PUT", f"{zone}/rectify", lambda one, _: Reply(200, {"result": f"Rectified{self._zone(one)[:0]}"})
        yield "GET", f"{zone}/metadata", self._listed
        yield "PUT", f"{zone}/metadata/{name}", self._described
        yield "DELETE", f"{zone}/metadata/{name}", self._undescribed
        yield "GET", f"{zone}/cryptokeys", lambda one: Reply(200, [_public(key) for key in self._keys(one)])
        yield "POST", f"{zone}/cryptokeys", self._signed
        yield "GET", f"{zone}/cryptokeys/(\\d+)", lambda one, key: Reply(200, self._key(one, key))
        yield "PUT", f"{zone}/cryptokeys/(\\d+)", self._switched
        yield "POST", "/tsigkeys", self.key_made
        yield "GET", f"/tsigkeys/{name}", lambda one: Reply(200, self.tsig(one))
        yield "PUT", f"/tsigkeys/{name}", self.key_changed
        yield "DELETE", f"/tsigkeys/{name}", self.key_removed

    def _zone(self, name: str) -> str:
        if name not in self.zones:
            raise RefusalError(404, "Not Found")
        return name

    def _told(self, name: str) -> Entry:
        zone = self.zones[name]
        signed = any(key["active"] for key in self.cryptokeys[name])
        return {"id": name, "name": name, "kind": zone["kind"], "account": zone["account"], "dnssec": signed}

    def _whole(self, name: str) -> Entry:
        zone = self.zones[name]
        told = {key: zone[key] for key in (*_FIELDS, "master_tsig_key_ids")}
        return {**self._told(name), **told, "rrsets": list(zone["rrsets"].values())}

    def _made(self, body: Entry) -> Reply:
        """What is refused of the keys that it names leaves the zone behind."""
        name = canonical(body["name"])
        if name in self.zones:
            raise RefusalError(409, "Conflict")
        rrsets = [{**rrset(one), "comments": one.get("comments", [])} for one in body.get("rrsets", [])]
        defaults = {"account": "", "soa_edit": "", "soa_edit_api": "DEFAULT", "api_rectify": False}
        given = {key: body[key] for key in _FIELDS if key in body}
        self.zones[name] = {**defaults, **given, "rrsets": {}, "master_tsig_key_ids": []}
        self.metadata[name], self.cryptokeys[name] = {}, []
        self._apply(name, [{**one, "changetype": "REPLACE"} for one in rrsets])
        self._rekey(name, body)
        return Reply(201, self._whole(name))

    def _rekey(self, name: str, body: Entry) -> None:
        keys: list[str] = (self.zones[name] | body)["master_tsig_key_ids"]
        self.known(keys)
        self.zones[name]["master_tsig_key_ids"] = keys

    def _changed(self, name: str, body: Entry) -> Reply:
        zone = self.zones[self._zone(name)]
        self._rekey(name, body)
        zone |= {key: body[key] for key in _FIELDS if key in body}
        if body.get("dnssec") is False and self._told(name)["dnssec"]:
            self.cryptokeys[name] = []
        return Reply(204)

    def _patched(self, name: str, body: Entry) -> Reply:
        before = json.loads(json.dumps(list(self.zones[self._zone(name)]["rrsets"].items())))
        try:
            self._apply(name, body["rrsets"])
        except RefusalError:
            self.zones[name]["rrsets"] = dict(before)
            raise
        return Reply(204)

    def _apply(self, name: str, changes: list[Entry]) -> None:
        rrsets = self.zones[name]["rrsets"]
        for change in changes:
            key = f"{canonical(change['name'])} {change['type']}"
            if not f".{change['name']}".endswith(f".{name}"):
                raise unprocessable(f"RRset {change['name']} IN {change['type']}: Name is out of zone")
            if change["changetype"] not in ("REPLACE", "DELETE"):
                raise unprocessable("Changetype not understood")
            known = rrsets.pop(key, {"comments": []})
            if change["changetype"] == "REPLACE":
                alone(change, [one.split()[1] for one in rrsets if one.split()[0] == change["name"]])
                rrsets[key] = {**rrset(change), "comments": change.get("comments", known["comments"])}
        soa = rrsets.get(f"{name} SOA")
        if soa is not None and changes:
            words = soa["records"][0]["content"].split()
            words[2] = str(max(int(words[2]) + 1, int(f"{self.today}01")))
            soa["records"] = [{"content": " ".join(words), "disabled": False}]

    def _removed(self, name: str) -> Reply:
        del self.zones[self._zone(name)], self.metadata[name], self.cryptokeys[name]
        return Reply(204)

    def _notify(self, name: str, _: Entry) -> Reply:
        self.notified.append(self._zone(name))
        return Reply(200, {"result": "Notification queued"})

    def _listed(self, name: str) -> Reply:
        zone = self.zones[self._zone(name)]
        kinds = {"SOA-EDIT-API": [zone["soa_edit_api"]], "SOA-EDIT": [zone["soa_edit"]]}
        kinds |= {"API-RECTIFY": ["1"] if zone["api_rectify"] else []}
        kinds |= {"TSIG-ALLOW-AXFR": zone["master_tsig_key_ids"]}
        every = {**self.metadata[name], **{kind: values for kind, values in kinds.items() if values}}
        return Reply(200, [{"type": "Metadata", "kind": kind, "metadata": every[kind]} for kind in sorted(every)])

    def _described(self, name: str, kind: str, body: Entry) -> Reply:
        if kind not in _KINDS and not kind.startswith("X-"):
            raise unprocessable(f"Unsupported metadata kind '{kind}'")
        self.metadata[self._zone(name)][kind] = body["metadata"]
        return Reply(200, {"type": "Metadata", "kind": kind, "metadata": body["metadata"]})

    def _undescribed(self, name: str, kind: str) -> Reply:
        self.metadata[self._zone(name)].pop(kind, None)
        return Reply(200)

    def _keys(self, zone: str) -> list[Entry]:
        return self.cryptokeys[self._zone(zone)]

    def _key(self, zone: str, number: str) -> Entry:
        found = next((key for key in self._keys(zone) if key["id"] == int(number)), None)
        if found is None:
            raise RefusalError(404, "Not Found")
        return found

    def _signed(self, zone: str, body: Entry) -> Reply:
        keys = self._keys(zone)
        made = crypto_key(zone, body["privatekey"])
        if made is None:
            raise unprocessable("Key could not be parsed. Make sure your key format is correct.")
        keys.append({**made, **{key: body[key] for key in ("keytype", "active", "published")}, "id": len(keys) + 1})
        return Reply(201, keys[-1])

    def _switched(self, zone: str, number: str, body: Entry) -> Reply:
        self._key(zone, number).update(active=body["active"], published=body["published"])
        return Reply(204)


def _public(key: Entry) -> Entry:
    return {name: value for name, value in key.items() if name != "privatekey"}
