"""What the Job makes of PowerDNS, against a double of its API, which tests/real/dns compares with the server."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from components.dns.declared import document
from doubles.loopback import Double, serving
from doubles.powerdns.server import PowerDns
from scripts import gate, powerdns_zones
from settings.dns import Side
from stack_file.load import load_stack_file
from tests.stack_file.cases import Case

ZONE = "home.example.com."
NAS = {"name": "nas", "type": "A", "values": ["10.2.0.5"]}
WILDCARD = {"name": "*.apps", "type": "A", "values": ["10.2.0.5"]}
RECORDS = [WILDCARD, NAS, {"name": "@", "type": "TXT", "values": ["v=spf1 -all"]}]
ADDRESSES = {"network.loadBalancers.dns": "10.2.3.3", "network.loadBalancers.dnsInternet": "10.2.3.6"}
PEM = (
    ec.derive_private_key(7, ec.SECP256R1())
    .private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    .decode()
)


@dataclass
class Site:
    """A PowerDNS, the double that serves it, and what the Job is given."""

    powerdns: PowerDns
    double: Double
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    generations: dict[str, int] = field(default_factory=dict)

    def run(self, side: Side = Side.LAN, *, again: bool = False, seconds: float = 30, **zone: Any) -> int:
        """The Job's exit code under these fields of the zone; `again` on its schedule."""
        fields = {"records": RECORDS, "secondaries": ["edge"], "metadata": {"X-OWNER": ["jane"]}, **zone}
        dns = {
            "nameservers": {"ns1.home.example.com": {"internet": ["203.0.113.7"]}},
            "secondaries": {"edge": {"addresses": ["100.64.0.3"]}},
            "zones": {"home.example.com": fields},
            "reverse": ["10.2.0.0/16"],
        }
        case = Case(name="zones", at={"dns": json.dumps(dns), **ADDRESSES}, text={}, says=())
        settings = load_stack_file(case.write(self.folder))
        keys = {key: self.generations.get(key, 1) for key in settings.dns.keys(side)}
        wanted = document(settings, side, keys)
        environment = {
            "POWERDNS_URL": self.double.url,
            "POWERDNS_KEY": self.powerdns.key,
            "ZONES": json.dumps(wanted),
            "TSIG": str(self.folder),
            "SIGNING": str(self.folder),
            "SECONDS": str(seconds),
        }
        for name, value in environment.items():
            self.monkeypatch.setenv(name, value)
        if again:
            self.monkeypatch.setenv("SCHEDULED", "true")
        return powerdns_zones.main()

    def mount(self, generations: Mapping[str, int], value: str = "a2V5") -> None:
        """The Secret of the TSIG keys, as External Secrets makes it."""
        for key in generations:
            (self.folder / key).write_text(value, encoding="utf-8")
        (self.folder / "generations").write_text(json.dumps(dict(generations)), encoding="utf-8")

    def contents(self, name: str, kind: str) -> list[str]:
        rrset = self.powerdns.zones[ZONE]["rrsets"].get(f"{name} {kind}", {"records": []})
        return [one["content"] for one in rrset["records"]]

    def by_hand(self, name: str, kind: str, *contents: str) -> None:
        """A record as somebody else makes it."""
        records = [{"content": content, "disabled": False} for content in contents]
        rrset = {"name": name, "type": kind, "ttl": 300, "records": records, "comments": []}
        self.powerdns.zones[ZONE]["rrsets"][f"{name} {kind}"] = rrset

    def writes(self) -> list[str]:
        """Requests since the last call that were to change something."""
        found = [f"{one.method} {one.path}" for one in self.double.requests if one.method != "GET"]
        self.double.requests.clear()
        return found


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A PowerDNS with the zones, made by a first run."""
    monkeypatch.setattr(gate, "INTERVAL_SECONDS", 0.0)
    powerdns = PowerDns()
    with serving(powerdns.respond) as double:
        made = Site(powerdns, double, tmp_path, monkeypatch)
        made.mount({"acme": 1, "edge": 1})
        (tmp_path / "home.example.com").write_text(PEM, encoding="utf-8")
        assert made.run() == 0, "from nothing"
        yield made


def test_zones_come_with_their_records_keys_and_rights(site: Site) -> None:
    zone = site.powerdns.zones[ZONE]
    assert (zone["kind"], zone["master_tsig_key_ids"]) == ("Master", ["edge."]), "by its key alone it is transferred"
    metadata = {"X-OWNER": ["jane"], "ALSO-NOTIFY": ["100.64.0.3"], "NOTIFY-DNSUPDATE": ["1"]}
    assert site.powerdns.metadata[ZONE] == {**metadata, "TSIG-ALLOW-DNSUPDATE": ["acme"]}, "who is told, who may"
    assert site.contents("ns1." + ZONE, "A") == ["10.2.3.3"], "glue of the LAN"
    assert site.contents("git-ssh." + ZONE, "A") == ["10.2.3.5"], "a host that no Ingress has"
    assert site.contents(ZONE, "TXT") == ['"v=spf1 -all"'], "as PowerDNS writes it"
    pointers = site.powerdns.zones["2.10.in-addr.arpa."]["rrsets"]
    assert pointers["5.0.2.10.in-addr.arpa. PTR"]["records"][0]["content"] == "nas." + ZONE, (
        "the way back, to no wildcard"
    )


def test_a_second_run_writes_nothing(site: Site) -> None:
    site.writes()
    assert site.run(again=True) == 0, "what somebody else makes is nobody's drift"
    assert site.writes() == [], "or every hour would raise the serial"


def test_what_leaves_the_stack_file_goes_and_what_others_made_stays(site: Site) -> None:
    others = [("git." + ZONE, "A", "10.2.3.2"), ("a-owner.git." + ZONE, "TXT", '"heritage=external-dns"')]
    others += [("_acme-challenge." + ZONE, "TXT", '"token"')]
    for name, kind, content in others:
        site.by_hand(name, kind, content)
    site.mount({"acme": 1})
    assert site.run(records=[], secondaries=[], metadata={}) == 0, "all of it at once"
    assert site.contents("nas." + ZONE, "A") + site.contents(ZONE, "TXT") == [], "what was declared"
    assert [site.contents(name, kind) for name, kind, _ in others] == [[content] for *_, content in others]
    assert list(site.powerdns.tsigkeys) == ["acme"], "nobody can transfer with the key of a secondary that is gone"
    assert site.powerdns.metadata[ZONE] == {"TSIG-ALLOW-DNSUPDATE": ["acme"]}, "nor is it told"


def test_a_zone_that_is_declared_no_longer_goes_and_a_foreign_one_stays(site: Site) -> None:
    site.powerdns.zones["old." + ZONE] = {**site.powerdns.zones["2.10.in-addr.arpa."]}
    site.powerdns.zones["hand.example.net."] = {**site.powerdns.zones[ZONE], "account": ""}
    for name in ("old." + ZONE, "hand.example.net."):
        site.powerdns.metadata[name], site.powerdns.cryptokeys[name] = {}, []
    assert site.run() == 0, "one of ours is left over"
    assert site.powerdns.zones.keys() == {ZONE, "2.10.in-addr.arpa.", "hand.example.net."}, "by the account"


def test_changes_by_hand_are_put_right_and_told(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    rrsets = site.powerdns.zones[ZONE]["rrsets"]
    rrsets["nas." + ZONE + " A"]["records"][0]["content"] = "10.2.0.66"
    del rrsets[ZONE + " TXT"]
    site.powerdns.metadata[ZONE]["ALLOW-AXFR-FROM"] = ["0.0.0.0/0"]
    site.powerdns.zones[ZONE]["kind"] = "Native"
    site.powerdns.tsigkeys["acme"]["key"] = "b3RoZXI="
    assert site.run(again=True) == 1, "a scheduled run that corrects is seen (docs/adr/0027)"
    told = capsys.readouterr().out
    for words in ("nas.home.example.com. A put right", "TXT added", "no metadata ALLOW-AXFR-FROM", "kind", "TSIG key"):
        assert words in told, "what was changed"
    assert site.contents("nas." + ZONE, "A") == ["10.2.0.5"], "and that it is right again"
    assert site.powerdns.tsigkeys["acme"]["key"] == "a2V5", "keys, too"


def test_an_alias_becomes_an_address_in_one_go(site: Site) -> None:
    assert site.run(records=[{"name": "nas", "type": "CNAME", "values": ["x.example.com."]}]) == 0, "and back"
    assert site.run() == 0, "what goes makes room for what comes"
    assert site.contents("nas." + ZONE, "A") == ["10.2.0.5"], "an alias stands alone"


@pytest.mark.parametrize("same", [True, False])
def test_a_record_that_somebody_else_made_is_not_overwritten(
    site: Site, capsys: pytest.CaptureFixture[str], same: bool
) -> None:
    site.by_hand("printer." + ZONE, "A", "10.2.0.9")
    values = ["10.2.0.9"] if same else ["10.2.0.10"]
    record = {"name": "printer", "type": "A", "ttl": 300, "values": values}
    ended = site.run(records=[*RECORDS, record], seconds=60 if same else 0.2)
    assert ended == (0 if same else 1), "the same is taken over"
    assert site.contents("printer." + ZONE, "A") == ["10.2.0.9"], "nothing of it is lost"
    if not same:
        assert "printer.home.example.com. A: is there with other values" in capsys.readouterr().err, "who decides"


def test_a_zone_of_somebody_else_holds_back_no_other(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.powerdns.zones[ZONE]["account"] = "jane"
    del site.powerdns.zones["2.10.in-addr.arpa."]
    assert site.run(seconds=0.2) == 1, "it is not ours"
    assert "pdnsutil set-account home.example.com home-cluster" in capsys.readouterr().err, "and how it becomes ours"
    assert "2.10.in-addr.arpa." in site.powerdns.zones, "the other is made"


def test_a_renewed_key_is_written_once_it_is_mounted(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.generations["edge"] = 2
    assert site.run(seconds=0.2) == 1, "the Secret here is the old one"
    assert "still of the generations" in capsys.readouterr().err, "what it waits for"
    site.mount({"acme": 1, "edge": 2}, "bmV3")
    assert site.run() == 0, "now"
    assert site.powerdns.tsigkeys["edge"]["key"] == "bmV3", "the secondary has the same"


def test_both_sides_of_a_signed_zone_have_one_key(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """A resolver of the LAN that validates asks the parent, which knows one."""
    edge: Any = {"edge": ["203.0.113.7"], "dnssec": True}
    site.mount({})
    assert site.run(**edge) == 0, "the LAN"
    (lan,) = site.powerdns.cryptokeys[ZONE]
    site.mount({"acme": 1, "edge": 1})
    assert site.run(Side.INTERNET, **edge) == 0, "the same server stands for the other side"
    assert [one["ds"] for one in site.powerdns.cryptokeys[ZONE]] == [lan["ds"]], "by the secret, not by chance"
    assert f"for the parent: {ZONE} IN DS {lan['ds'][1]}" in capsys.readouterr().out, "what to enter there"
    assert site.contents("ns1." + ZONE, "A") == ["203.0.113.7"], "glue of the internet"
    assert site.contents("git-ssh." + ZONE, "A") == ["203.0.113.7"], "by the edge"
    site.mount({"acme": 1, "edge": 1})
    assert site.run() == 0, "signing is switched off"
    assert site.powerdns.cryptokeys[ZONE] == [], "with the key"


def test_watched_addresses_take_the_place_of_plain_ones(site: Site) -> None:
    edge: Any = {"edge": ["203.0.113.7", "198.51.100.8"], "secondaries": []}
    host = "git." + ZONE
    site.by_hand(host, "A", "203.0.113.7")
    site.by_hand(host, "TXT", "external-dns")
    site.mount({"acme": 1})
    assert site.run(Side.INTERNET, **edge) == 0, "of one edge there were plain addresses, by external-dns"
    assert site.contents(host, "A") == [], "a dead edge would still be answered with"
    (program,) = site.contents(host, "LUA")
    assert "'203.0.113.7', '198.51.100.8'" in program, "the addresses of the edge"
    assert site.contents("*." + ZONE, "LUA") == [program], "also for hosts that only the cluster knows"
    assert site.contents(host, "TXT") == ["external-dns"], "what is no address stays"
    assert site.contents("git-ssh." + ZONE, "LUA") == [program], "no Ingress has it"
