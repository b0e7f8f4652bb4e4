"""Installing on a server, who is let through to the cluster, and the drill."""

import asyncio
import http.client
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from components.edge import dnsdist
from components.edge.haproxy import HaproxyConfiguration, configuration
from settings.edge import Limits
from tests.real.edge.server import Server
from tests.real.ports import free_port
from tools.edge_drill import HOST
from tools.edge_drill.drill import Report, drill
from tools.edge_drill.site import DOMAIN, EDGES, WORKERS, Site
from tools.edge_drill.site import staged as drilled


def given(server: Server, **fields: object) -> HaproxyConfiguration:
    made = HaproxyConfiguration(
        paths={"worker0": "127.0.0.1:9"},
        domain=DOMAIN,
        hosts=(),
        unpublished=(),
        probe=HOST,
        limits=Limits(),
        addresses="127.0.0.1",
        https=free_port(),
        http=free_port(),
        socket=str(server.socket),
        user=None,
    )
    return replace(made, **fields)  # type: ignore[arg-type] # fields of the tests below


def test_a_configuration_that_is_refused_or_not_taken_leaves_the_old_one_in_place(server: Server) -> None:
    args = given(server)
    done = server.install("first", configuration(args, "first"))
    assert (done.returncode, server.running()) == (0, "first"), done.stderr
    refused = server.install("second", configuration(args, "second") + "nonsense\n")
    assert refused.returncode == 1, "HAProxy of this server does not know it"
    assert "unknown keyword 'nonsense'" in refused.stderr, "in its words"
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = configuration(replace(args, https=other.getsockname()[1]), "third")
        not_taken = server.install("third", taken)
    assert not_taken.returncode == 1, "valid, and its port is another's"
    assert "the old one is back" in not_taken.stderr, "and that is said"
    assert (server.running(), server.configuration.read_text()) == ("first", configuration(args, "first"))
    again = server.install("fourth", configuration(args, "fourth"))
    assert (again.returncode, server.running()) == (0, "fourth"), "and the next one is taken"


def test_whatever_the_stack_file_says_is_valid(server: Server) -> None:
    variants = (
        {"git_ssh": (free_port(), "10.2.3.5:22"), "hosts": ("b.example.org",), "unpublished": (f"vault.{DOMAIN}",)},
        {"addresses": "[::]", "paths": {f"worker{n}": f"10.2.2.{n + 1}:30443" for n in range(20)}},
    )
    for fields in variants:
        server.configuration.write_text(configuration(given(server, **fields), "mark"), encoding="utf-8")
        said = server.run(f"haproxy -c -f {server.configuration}")
        assert "Configuration file is valid" in said, said
        assert "WARNING" not in said, said
    text = dnsdist.configuration(
        dnsdist.DnsdistConfiguration(
            zones=("a.example.com", "b.example.org"), nameserver="10.2.3.6:53", queries_per_client=9
        )
    )
    (server.folder / "dnsdist.conf").write_text(text, encoding="utf-8")
    said = server.run(f"dnsdist --check-config -C {server.folder}/dnsdist.conf")
    assert said.endswith("OK!\n"), said


def asked(site: Site, name: str | None, trust: ssl.SSLContext) -> str:
    """Who answers a client that asks for a name."""
    with (
        socket.create_connection(("127.0.0.1", site.edges[EDGES[0]]), timeout=20) as connection,
        trust.wrap_socket(connection, server_hostname=name) as secured,
    ):
        secured.sendall(b"GET / HTTP/1.1\r\n\r\n")
        return secured.recv(4096).decode()


def test_only_hosts_of_the_cluster_lead_into_it(tmp_path: Path) -> None:
    def edit(text: str) -> str:
        return text.replace(
            "    tcp-request inspect-delay",
            f"    acl hidden req.ssl_sni -i vault.{DOMAIN}\n    tcp-request inspect-delay",
        ).replace("ours\n    tcp-request content reject", "ours !hidden\n    tcp-request content reject", 1)

    async def look() -> None:
        async with drilled(tmp_path, edit) as (site, authority):
            trust = ssl.create_default_context(cadata=authority.pem.decode())
            trust.check_hostname = False
            answer = await asyncio.to_thread(asked, site, HOST, trust)
            assert '"client": "127.0.0.1"' in answer, "and the worker sees who it is"
            for name in (f"vault.{DOMAIN}", "example.org", f"not{DOMAIN}", None):
                with pytest.raises(OSError, match=r"EOF|reset|closed"):
                    await asyncio.to_thread(asked, site, name, trust)

    asyncio.run(look())


def test_plain_http_is_told_where_https_is(server: Server) -> None:
    args = given(server)
    assert server.install("first", configuration(args, "first")).returncode == 0
    connection = http.client.HTTPConnection("127.0.0.1", args.http, timeout=10)
    connection.request("GET", "/a?b=c", headers={"Host": HOST})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["location"]) == (301, f"https://{HOST}/a?b=c")


def test_who_opens_too_many_connections_is_refused(server: Server) -> None:
    args = given(server, limits=Limits(new_per_client=5))
    assert server.install("first", configuration(args, "first")).returncode == 0
    outcomes = []
    for _ in range(8):
        connection = http.client.HTTPConnection("127.0.0.1", args.http, timeout=10)
        try:
            connection.request("GET", "/", headers={"Host": HOST})
            outcomes.append(connection.getresponse().status)
        except (ConnectionError, http.client.HTTPException):
            outcomes.append(0)
    assert outcomes[:5] == [301] * 5, "within the limit"
    assert outcomes[-1] == 0, "above it"


def held(tmp_path: Path, edit: Callable[[str], str] = str) -> Report:
    return asyncio.run(drill(tmp_path, edit, steady=1.0))


@pytest.mark.failure("entry-that-does-not-survive")
def test_workers_and_an_edge_go_and_nothing_is_lost_but_what_was_under_way(tmp_path: Path) -> None:
    report = held(tmp_path)
    assert report.problems == [], report.document()
    assert [one.name.split()[-1] for one in report.outcomes] == ["drained", "killed", "hangs", "killed"]
    assert report.outcomes[0].lost == 0, "who is drained loses nothing at all"


@pytest.mark.parametrize(
    ("pattern", "instead", "complaint"),
    [
        (rf"    server {WORKERS[3]} .*\n", "", f"never leads to {WORKERS[3]}"),
        (r" send-proxy-v2 check-send-proxy", " send-proxy check-send-proxy", "not every path came up"),
        (r"retries 3", "retries 0", "were lost that nothing had to cost"),
        (r"check-sni \S+ send-proxy-v2 check-send-proxy", "send-proxy-v2 no-check", "not every path came up"),
    ],
    ids=["a worker is missing", "another PROXY protocol", "nobody tries another path", "nobody probes"],
)
def test_a_drill_fails_on_a_configuration_that_costs_more(
    tmp_path: Path, pattern: str, instead: str, complaint: str
) -> None:
    try:
        problems = held(tmp_path, lambda text: re.sub(pattern, instead, text)).problems
    except Exception as error:
        problems = [str(error)]
    assert any(complaint in problem for problem in problems), problems
