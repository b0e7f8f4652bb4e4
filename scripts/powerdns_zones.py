"""Keeps zones and keys of PowerDNS as they are declared: makes those that are missing, puts right what somebody
changed, and takes away what is declared no longer. Zones of ours carry our account, records of ours a comment with it.
A record without it is left alone: those of external-dns, those of challenges, what somebody added by hand.

Environment: POWERDNS_URL and POWERDNS_KEY (of the API), ZONES (JSON, components/dns/declared.py), TSIG and SIGNING
(folders with the keys by their names), SECONDS and SCHEDULED (scripts/gate.py).
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from scripts import gate, powerdns_keys
from scripts.powerdns_api import PowerDns, RefusedError

OWNER = "home-cluster"
_COMMENTS = [{"content": "declared in the stack file", "account": OWNER}]
_SERIAL = 2
"""Place of the serial among the words of a SOA record, which is PowerDNS' own."""
_WRITABLE = frozenset(
    ("ALSO-NOTIFY", "ALLOW-AXFR-FROM", "ALLOW-DNSUPDATE-FROM", "AXFR-SOURCE", "FORWARD-DNSUPDATE", "IXFR")
) | {"NOTIFY-DNSUPDATE", "PUBLISH-CDNSKEY", "PUBLISH-CDS", "SLAVE-RENOTIFY", "TSIG-ALLOW-DNSUPDATE"}
"""Metadata that is ours in zones of ours, beside X-…"""

Document = dict[str, Any]


class Reconciliation:
    """One round. `ds` is what the parents of signed zones must say, by zone."""

    def __init__(self, api: PowerDns, wanted: Document, tsig: Path, signing: Path) -> None:
        self._api, self._wanted, self._tsig, self._signing = api, wanted, tsig, signing
        self._named: set[str] = set()
        self.ds: dict[str, str] = {}

    def parts(self) -> Iterator[tuple[str, Callable[[], Iterator[str]]]]:
        """Every part by its name, in the order in which they need each other."""
        wanted = self._wanted
        algorithm = wanted["algorithm"]
        yield "TSIG keys", partial(powerdns_keys.tsig, self._api, wanted["generations"], algorithm, self._tsig)
        there = {zone["name"]: zone for zone in self._api.find("/zones") or []}
        for zone in wanted["zones"]:
            yield f"zone {zone['name']}", partial(self._zone, zone, there.get(zone["name"]))
        declared = {zone["name"] for zone in wanted["zones"]}
        for name, zone in there.items():
            if zone["account"] == OWNER and name not in declared:
                yield f"zone {name}", partial(self._removal, name)
        yield "TSIG keys", self._forgotten

    def _forgotten(self) -> Iterator[str]:
        yield from powerdns_keys.forgotten(self._api, self._named - self._wanted["generations"].keys())

    def _removal(self, name: str) -> Iterator[str]:
        self._named |= powerdns_keys.named(self._api.write("GET", f"/zones/{name}"), self._metadata(name))
        self._api.write("DELETE", f"/zones/{name}")
        yield f"zone {name} removed"

    def _zone(self, wanted: Document, known: Document | None) -> Iterator[str]:
        name = wanted["name"]
        if known is None:
            rrsets = [_marked(one) for one in wanted["rrsets"]]
            self._api.write("POST", "/zones", {**wanted["fields"], "name": name, "account": OWNER, "rrsets": rrsets})
            yield f"zone {name} made"
        elif known["account"] != OWNER:
            raise RefusedError(
                f"is there already and not of this program (its account is {known['account'] or 'empty'}); delete it, "
                f"or hand it over: pdnsutil set-account {name.rstrip('.')} {OWNER}"
            )
        found = self._api.write("GET", f"/zones/{name}")
        metadata = self._metadata(name)
        self._named |= powerdns_keys.named(found, metadata)
        yield from self._fields(wanted, found)
        yield from self._given_metadata(name, wanted["metadata"], metadata)
        if wanted["dnssec"]:
            pem = (self._signing / name.rstrip(".")).read_text(encoding="utf-8")
            yield from powerdns_keys.signing(self._api, name, pem, self.ds)
        yield from self._rrsets(wanted, found)

    def _fields(self, wanted: Document, found: Document) -> Iterator[str]:
        fields = dict(wanted["fields"])
        if found["dnssec"] and not wanted["dnssec"]:
            fields["dnssec"] = False
        differing = {field: value for field, value in fields.items() if found[field] != value}
        if differing:
            self._api.write("PUT", f"/zones/{wanted['name']}", differing)
            yield f"zone {wanted['name']} put right: {', '.join(sorted(differing))}"

    def _metadata(self, name: str) -> dict[str, list[str]]:
        return {one["kind"]: one["metadata"] for one in self._api.find(f"/zones/{name}/metadata") or []}

    def _given_metadata(self, name: str, wanted: Document, found: dict[str, list[str]]) -> Iterator[str]:
        for kind, values in wanted.items():
            if sorted(found.get(kind, [])) != sorted(values):
                self._api.write("PUT", f"/zones/{name}/metadata/{kind}", {"kind": kind, "metadata": values})
                yield f"zone {name} has its metadata {kind}"
        for kind in sorted(found.keys() - wanted.keys()):
            if kind in _WRITABLE or kind.startswith("X-"):
                self._api.write("DELETE", f"/zones/{name}/metadata/{kind}")
                yield f"zone {name} has no metadata {kind} any more"

    def _rrsets(self, wanted: Document, found: Document) -> Iterator[str]:
        there = {(one["name"], one["type"]): one for one in found["rrsets"]}
        changes, said, strangers = [], [], []
        for one in wanted["rrsets"]:
            known = there.pop((one["name"], one["type"]), None)
            if known is not None and not _is_ours(known) and not _is_own(wanted, one) and not _same(one, known):
                strangers.append(f"{one['name']} {one['type']}")
            elif known is None or not _same(one, known) or not _is_ours(known):
                changes.append({**_marked(one, known), "changetype": "REPLACE"})
                said.append(f"{one['name']} {one['type']} {'put right' if known else 'added'}")
        watched = {one["name"] for one in wanted["rrsets"] if one["type"] == "LUA"}
        for (name, kind), known in there.items():
            # A plain address beside a watched one would be answered as well; external-dns left it there.
            if _is_ours(known) or (name in watched and kind in ("A", "AAAA")):
                changes.append({"name": name, "type": kind, "changetype": "DELETE"})
                said.append(f"{name} {kind} removed")
        if changes:
            # What goes makes room for what comes: an alias and others of its name.
            changes.sort(key=lambda change: change["changetype"])
            self._api.write("PATCH", f"/zones/{wanted['name']}", {"rrsets": changes})
            if wanted["notifies"]:
                self._api.write("PUT", f"/zones/{wanted['name']}/notify")
        yield from said
        if strangers:
            raise RefusedError(
                f"{', '.join(strangers)}: is there with other values, and not of this program; delete it, or leave it "
                "out of the stack file"
            )


def _is_own(zone: Document, rrset: Document) -> bool:
    """Whether nobody else has a say in it."""
    return rrset["name"] == zone["name"] and rrset["type"] in ("SOA", "NS")


def _is_ours(rrset: Document) -> bool:
    return any(one["account"] == OWNER for one in rrset["comments"])


def _same(wanted: Document, found: Document) -> bool:
    disabled = any(one["disabled"] for one in found["records"])
    contents = [sorted(_compared(wanted["type"], one)) for one in (wanted["records"], _contents(found))]
    return not disabled and wanted["ttl"] == found["ttl"] and contents[0] == contents[1]


def _contents(rrset: Document) -> list[str]:
    return [one["content"] for one in rrset["records"]]


def _compared(kind: str, contents: list[str]) -> list[str]:
    if kind != "SOA":
        return contents
    return [" ".join(word for place, word in enumerate(one.split()) if place != _SERIAL) for one in contents]


def _marked(rrset: Document, known: Document | None = None) -> Document:
    """As it is written; a SOA record goes on from the serial that it has."""
    contents = rrset["records"]
    if rrset["type"] == "SOA" and known is not None:
        words = contents[0].split()
        words[_SERIAL] = _contents(known)[0].split()[_SERIAL]
        contents = [" ".join(words)]
    records = [{"content": content, "disabled": False} for content in contents]
    return {**rrset, "records": records, "comments": _COMMENTS}


def main() -> int:
    """Exit code 0 once a whole round changed nothing, 1 with what is wrong after SECONDS."""
    api = PowerDns(os.environ["POWERDNS_URL"], os.environ["POWERDNS_KEY"])
    wanted, ds, corrected = json.loads(os.environ["ZONES"]), dict[str, str](), list[str]()

    def problem() -> str:
        found = Reconciliation(api, wanted, Path(os.environ["TSIG"]), Path(os.environ["SIGNING"]))
        wrong, before = list[str](), len(corrected)
        for name, part in found.parts():
            try:
                for change in part():
                    corrected.append(change)
                    print(change, flush=True)
            except FileNotFoundError as error:
                wrong.append(f"{name}: {error.filename} is not mounted")
            except RefusedError as error:
                wrong.append(f"{name}: {error}")
        ds.update(found.ds)
        return "\n".join(wrong) or (f"{corrected[-1]}, and not yet seen to stay so" if corrected[before:] else "")

    if reason := gate.last_problem(problem):
        return gate.give_up(reason)
    for zone, record in ds.items():
        print(f"for the parent: {zone} IN DS {record}", flush=True)
    return gate.finish("PowerDNS answers for what the stack file says", corrected)


if __name__ == "__main__":
    sys.exit(main())
