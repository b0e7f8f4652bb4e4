"""What of the certificates of Let's Encrypt `make up` and `make destroy` keep in the file of the stack."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from doubles.certificates import Authority
from doubles.loopback import Reply, Request, serving
from stack_file.load import load_stack_file
from stack_file.secrets import problems
from tests.stack_file.stacks import FIXTURES
from tests.tools.stack_state import secret
from tests.tools.test_cluster import kubeconfig
from tools.cluster import PROVIDER
from tools.kept_certificates import keep
from tools.state import Engine

SETTINGS = load_stack_file(FIXTURES / "valid" / "every-key.yaml")
WHERE = "GET /api/v1/namespaces/cert-manager/secrets/"
KEY = "home-cluster:keptCertificates"


@dataclass(frozen=True)
class Cli(Engine):
    """A stack whose cluster is at `server`, and its configuration."""

    server: str
    config: dict[str, str] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    def state(self, *, decrypted: bool = False) -> Mapping[str, Any]:
        assert decrypted, "the kubeconfig is secret"
        given = {"kubeconfig": secret(kubeconfig(self.server, b""))}
        return {"deployment": {"resources": [{"type": PROVIDER, "inputs": given}]}}

    def call(self, *arguments: str, given: str | None = None) -> str:
        if arguments[:3] == ("config", "set", "--secret"):
            assert given is not None, "a value on the command line is seen by everybody on the machine"
            self.config[f"home-cluster:{arguments[3]}"] = given
            self.written.append(arguments[3])
            return ""
        return json.dumps({key: {"value": value, "secret": True} for key, value in self.config.items()})


def held(name: str, **data: bytes) -> Reply:
    metadata = {
        "name": name,
        "uid": "1",
        "resourceVersion": "7",
        "annotations": {"cert-manager.io/issuer-name": "acme-production", "reflector/x": "y"},
    }
    encoded = {key.replace("_", "."): base64.b64encode(value).decode() for key, value in data.items()}
    return Reply(body={"metadata": metadata, "type": "kubernetes.io/tls", "data": encoded})


@dataclass
class Site:
    cli: Cli
    replies: dict[str, Reply]
    said: list[str]

    def keep(self) -> list[dict[str, Any]]:
        keep(SETTINGS, self.cli, self.said.append)
        found: list[dict[str, Any]] = json.loads(self.cli.config.get(KEY, "[]"))
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    certificate, key = Authority("Let's Encrypt").issue("web", ["*.home.example.com"])
    replies = {
        f"{WHERE}tls-wildcard": held("tls-wildcard", tls_crt=certificate, tls_key=key, ca_crt=b""),
        f"{WHERE}acme-production-account": held("acme-production-account", tls_key=b"key of the account"),
    }

    def respond(asked: Request) -> Reply:
        return replies.get(f"{asked.method} {asked.path}", Reply(404, {}))

    with serving(respond) as double:
        yield Site(Cli(tmp_path, "home", tmp_path, double.url), replies, [])


def test_certificate_and_account_are_kept_as_they_are_put_back(site: Site) -> None:
    account, wildcard = site.keep()
    assert account["stringData"] == {"tls.key": "key of the account"}, "a new account costs, too"
    assert set(wildcard["stringData"]) == {"tls.crt", "tls.key"}, "what is empty is none"
    assert wildcard["metadata"] == {
        "name": "tls-wildcard",
        "annotations": {"cert-manager.io/issuer-name": "acme-production"},
    }, "by which cert-manager knows its own, and nothing of what the old cluster knew"
    assert site.said == ["1 certificates are kept in the file of the stack; the first, tls-wildcard, ends 2120-01-01"]
    assert not [line for line in problems({"keptCertificates": site.cli.config[KEY]}.get, SETTINGS) if "kept" in line]


def test_what_a_half_destroyed_cluster_has_lost_is_not_forgotten(site: Site) -> None:
    before = site.keep()
    del site.replies[f"{WHERE}tls-wildcard"]
    assert site.keep() == before
    assert site.cli.written == ["keptCertificates"], "a file that is encrypted anew looks changed"


def test_of_several_the_first_to_end_is_told(site: Site) -> None:
    for name in ("tls-vault", "tls-gitea"):
        certificate, key = Authority("Let's Encrypt").issue("web")
        site.replies[f"{WHERE}{name}"] = held(name, tls_crt=certificate, tls_key=key)
    single = SETTINGS.certificates.model_copy(update={"wildcard": False})
    keep(SETTINGS.model_copy(update={"certificates": single}), site.cli, site.said.append)
    told = "2 certificates are kept in the file of the stack; the first, tls-gitea, ends 2120-01-01"
    assert site.said == [told], "by its name, where they end together"


def test_with_the_own_ca_nothing_is_looked_at(site: Site) -> None:
    own = SETTINGS.certificates.model_copy(update={"issuer": "internal-ca"})
    site.replies[f"{WHERE}internal-ca-account"] = Reply(500, {})
    keep(SETTINGS.model_copy(update={"certificates": own}), site.cli, site.said.append)
    assert (site.cli.written, site.said) == ([], []), "nor told of a cluster that does not answer"


def test_a_renewed_one_takes_the_place_of_the_old(site: Site) -> None:
    site.keep()
    certificate, key = Authority("Let's Encrypt").issue("web", ["*.home.example.com"])
    site.replies[f"{WHERE}tls-wildcard"] = held("tls-wildcard", tls_crt=certificate, tls_key=key)
    assert site.keep()[1]["stringData"]["tls.key"] == key.decode()


def test_a_cluster_that_does_not_answer_is_told_and_keeps_nobody_from_going_on(site: Site) -> None:
    before = site.keep()
    site.replies[f"{WHERE}tls-wildcard"] = Reply(500, {})
    assert site.keep() == before
    assert "the certificates of acme-production are not kept: " in site.said[-1]
