"""PowerDNS and external-dns of both sides, under the stack file of test-cluster."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.dns import configuration
from components.dns.declared import document
from components.dns.names import updates
from components.kubernetes.load_balancers import reserved
from scripts import powerdns_schema
from settings.dns import Side
from settings.model import Settings
from settings.record_values import content
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recording
from tests.support.program import STACK_FILE
from tests.support.variants import changed

DEPLOYMENT, SERVICE, JOB = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service", "kubernetes:batch/v1:Job"
EDGE = "172.235.48.86"
sides = pytest.mark.parametrize("side", ["dns", "dns-internet"])


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_stack_file(STACK_FILE)


def conf(update: Recording, side: str) -> Mapping[str, str]:
    text: str = update.one("kubernetes:core/v1:ConfigMap", f"{side}-configuration").get("data", "pdns.conf")
    return dict(line.split("=", 1) for line in text.splitlines())


def arguments(update: Recording, side: str) -> dict[str, Any]:
    values: dict[str, Any] = update.one("kubernetes:helm.sh/v3:Release", f"{side}-hosts").get("values")
    return values


@pytest.mark.failure("stale-secondary")
@sides
def test_both_protocols_are_answered_on_the_address_that_is_kept_for_it(
    update: Recording, settings: Settings, side: str
) -> None:
    service = update.one(SERVICE, f"{side}-address")
    assert {(port["port"], port["protocol"]) for port in service.get("spec", "ports")} == {(53, "UDP"), (53, "TCP")}, (
        "long answers and transfers go by TCP"
    )
    pool = reserved(settings.network.load_balancers)[side]
    assert pool.service == (service.get("metadata", "namespace"), service.get("metadata", "name")), "no other gets it"
    asked = service.get("metadata", "annotations", "lbipam.cilium.io/ips")
    assert [[str(end) for end in block] for block in pool.blocks] == [[asked, asked]], "and it asks for it"


@sides
def test_two_pods_serve_from_the_database_of_their_side(update: Recording, side: str) -> None:
    spec = update.one(DEPLOYMENT, f"{side}-server").get("spec")
    assert spec["replicas"] == 2, "one answers while the node of the other is drained"
    assert spec["strategy"]["rollingUpdate"]["maxSurge"] == 0, "the connections of a third are not counted"
    found = conf(update, side)
    assert (found["launch"], found["gpgsql-dbname"], found["gpgsql-user"]) == ("gpgsql", side, side), "its own"
    assert found["gpgsql-dnssec"] == "yes", "otherwise keys and metadata are not read (docs/backends/generic-sql.rst)"
    assert "sslmode=verify-full" in found["gpgsql-extra-connection-parameters"], "Postgres refuses all else"


@sides
def test_nobody_transfers_or_changes_a_zone_without_a_key(update: Recording, side: str) -> None:
    found = conf(update, side)
    assert found["allow-axfr-ips"] == found["allow-dnsupdate-from"] == "", "every question comes from a node"
    script = update.one("kubernetes:core/v1:ConfigMap", f"{side}-configuration").get("data", configuration.POLICY)
    assert found["lua-dnsupdate-policy-script"].endswith(f"/{configuration.POLICY}"), "what judges updates"
    assert "function updatepolicy(input)" in script, "the only name that PowerDNS calls"


def test_secrets_stay_out_of_the_configuration(update: Recording) -> None:
    assert not {"api-key", "gpgsql-password"} & conf(update, "dns").keys(), "a ConfigMap is read by many"
    assert configuration.secret_conf("k", "p") == "api-key=k\ngpgsql-password=p\n", "they are in the Secret"


def test_the_lan_gets_the_ingress_and_the_internet_the_edge(update: Recording) -> None:
    assert "default-targets" not in arguments(update, "dns")["extraArgs"], "the address of the Ingress"
    edge = arguments(update, "dns-internet")["extraArgs"]
    assert edge["default-targets"] == [EDGE], "where the internet reaches the hosts"
    assert edge["force-default-targets"] is True, "otherwise the Ingress wins (source/wrappers/multisource.go)"


@sides
def test_external_dns_keeps_to_its_zones_and_to_what_it_owns(update: Recording, side: str) -> None:
    values = arguments(update, side)
    assert (values["policy"], values["registry"], values["txtOwnerId"]) == ("sync", "txt", "test-cluster"), "its marks"
    assert values["domainFilters"] == ["test-cluster.agentydragon.com"], "not the reverse zones"
    assert values["txtPrefix"].endswith("."), "a mark of the zone itself lies in the zone"
    url = values["extraArgs"]["pdns-server"]
    assert url == f"http://powerdns-api.{side}.svc.cluster.local:8081", "the API of its side"


def test_two_releases_share_no_object_of_the_cluster(update: Recording) -> None:
    names = {
        one.get("name") for one in update.of_type("kubernetes:helm.sh/v3:Release") if "external-dns" in one.get("chart")
    }
    assert len(names) == 2, "the ClusterRole is named after the release"


def given(program: Recording, side: str) -> Any:
    """The document that the Job is given."""
    (container,) = program.one(JOB, f"{side}-zones").get("spec", "template", "spec", "containers")
    (zones,) = [one["value"] for one in container["env"] if one["name"] == "ZONES"]
    return json.loads(zones)


def test_a_preview_shows_what_the_zones_are_to_be(preview: Recording) -> None:
    assert "ns1.test-cluster.agentydragon.com." in json.dumps(given(preview, "dns")), "with their records"


def test_the_job_waits_until_its_keys_are_those_of_the_declarations(update: Recording) -> None:
    secret = update.one("kubernetes:external-secrets.io/v1:ExternalSecret", "dns-internet-zones-tsig")
    mounted = json.loads(secret.get("spec", "target", "template", "data", "generations"))
    assert mounted == given(update, "dns-internet")["generations"] == {"acme": 1, "vps": 1}, "scripts/powerdns_keys.py"


@sides
def test_each_is_there_before_what_needs_it(update: Recording, side: str) -> None:
    database = update.one("kubernetes:postgresql.cnpg.io/v1:Database", f"postgres-{side}")
    assert update.is_after(update.one(DEPLOYMENT, f"{side}-server"), database), "a pod makes its schema"
    hosts = update.one("kubernetes:helm.sh/v3:Release", f"{side}-hosts")
    assert update.is_after(hosts, update.one(JOB, f"{side}-zones")), "external-dns ends without a zone"


def test_each_side_has_what_is_its_own() -> None:
    settings = load_stack_file(FIXTURES / "valid" / "every-key.yaml")
    dns = settings.dns.model_copy(update={"contact": "jane.doe@example.com"})
    lan, internet = (
        {zone["name"]: zone for zone in document(settings.model_copy(update={"dns": dns}), side, {})["zones"]}
        for side in (Side.LAN, Side.INTERNET)
    )
    zone = "home.example.com."
    assert lan.keys() - internet.keys() == {f"lab.{zone}", "2.10.in-addr.arpa."}, "what has no edge"
    assert (lan[zone]["fields"]["kind"], internet[zone]["fields"]["kind"]) == ("Native", "Master"), "who is taken over"
    assert "TSIG-ALLOW-DNSUPDATE" not in lan[zone]["metadata"], "the world would not see the proof"
    edits = [one["fields"]["soa_edit"] for one in (lan[zone], internet[zone], lan[f"lab.{zone}"])]
    assert edits == ["INCEPTION-INCREMENT"] * 2 + [""], "signatures end, and secondaries look at the serial"
    zones = [*lan.values(), *internet.values()]
    assert all(one["fields"]["api_rectify"] is True for one in zones), (
        "records that are added to a signed zone have a place in it"
    )
    servers = [one["records"] for one in lan[zone]["rrsets"] if (one["name"], one["type"]) == (f"lab.{zone}", "NS")]
    assert servers == [["ns1.home.example.com.", "ns2.example.net."]], "whoever asks the zone above is sent on"
    assert f"lab.{zone}" not in json.dumps(internet), "to one that is there"
    assert "jane\\.doe.example.com." in internet[zone]["rrsets"][0]["records"][0], "RFC 1035, section 8"


def test_updates_go_where_the_internet_looks(settings: Settings) -> None:
    assert (
        updates(settings, "git.test-cluster.agentydragon.com") == "powerdns-internet.dns-internet.svc.cluster.local:53"
    )
    assert settings.dns.keys(Side.LAN) == (), "no key opens the other side"
    with pytest.raises(KeyError, match="is in no zone"):
        updates(settings, "git.example.com")


def test_a_long_text_is_several_strings() -> None:
    assert content("TXT", "x" * 300) == f'"{"x" * 255}" "{"x" * 45}"', "RFC 1035, section 3.3"


def test_the_schema_is_changed_from_release_to_release(tmp_path: Path) -> None:
    for name in ("4.10.0_to_5.0.0", "4.2.0_to_4.3.0", "4.3.0_to_4.10.0"):
        (tmp_path / f"{name}_schema.pgsql.sql").touch()
    for name in ("schema.pgsql.sql", "4.2.0_to_4.3.0_schema.mysql.sql"):
        (tmp_path / name).touch()
    ordered = [f"{name}_schema.pgsql.sql" for name in ("4.2.0_to_4.3.0", "4.3.0_to_4.10.0", "4.10.0_to_5.0.0")]
    assert powerdns_schema.changes(tmp_path) == ordered, "by number, and of Postgres alone"


def test_several_edges_are_watched_by_the_nameservers_of_the_internet_alone() -> None:
    several = changed(f"        edge: [{EDGE}]\n", f"        edge: [{EDGE}, 198.51.100.8]\n")
    assert conf(several, "dns-internet")["enable-lua-records"] == "yes", "else the program is answered as no address"
    assert "enable-lua-records" not in conf(several, "dns"), "the LAN has no such record"
    releases = {one.name for one in several.of_type("kubernetes:helm.sh/v3:Release")}
    assert "dns-hosts" in releases, "the LAN gets the hosts of Ingresses"
    assert "dns-internet-hosts" not in releases, "it would write plain addresses beside the watched ones"
