"""Gitea."""

import re
from urllib.parse import parse_qs, urlsplit

from tests.components.services import (
    checks,
    external_secrets,
    sources,
    template,
)

# As Gitea 1.26 answers `GET /user/oauth2/authentik` (golang.org/x/oauth2 writes the query).
REDIRECT = (
    "https://auth.test-cluster.agentydragon.com/application/o/authorize/?client_id=gitea&redirect_uri="
    "https%3A%2F%2Fgit.test-cluster.agentydragon.com%2Fuser%2Foauth2%2Fauthentik%2Fcallback&response_type=code"
    "&scope=openid+profile+email&state=6f1c"
)


def location() -> str:
    (found,) = [check["location"] for check in checks("gitea") if "location" in check]
    return found


def test_each_use_of_valkey_has_its_own_database_and_the_users_password() -> None:
    composed = template(external_secrets("gitea")["valkey"])
    urls = {use: urlsplit(text) for use, text in composed.items()}
    assert set(urls) == {"cache", "session", "queue"}, "each is referenced by the values"
    assert len({url.path for url in urls.values()}) == len(urls), "flushing the cache would end every session"
    for use, url in urls.items():
        assert url.netloc.startswith("gitea:{{ .password }}@"), f"{use} must log in as the user gitea"
        assert parse_qs(url.query)["pool_size"], f"{use} would open as many connections as it likes"


def test_what_cannot_be_rotated_is_not_in_a_secret_that_is() -> None:
    found = external_secrets("gitea")
    (encryption,) = sources(found["encryption"]).values()
    server = {path for path, _ in sources(found["server"]).values()}
    assert encryption[0] not in server, "a new generation of gitea/server would make encrypted columns unreadable"


def test_the_gate_accepts_the_redirect_of_gitea() -> None:
    assert re.search(location(), REDIRECT), "a gate that refuses the right answer never opens"


def test_the_gate_refuses_another_client_or_another_way_back() -> None:
    other_client = REDIRECT.replace("client_id=gitea&", "client_id=gitea2&")
    other_way = REDIRECT.replace("git.test-cluster", "git.other-cluster")
    other_server = REDIRECT.replace("https://auth.", "https://login.")
    for wrong in (other_client, other_way, other_server, "https://git.test-cluster.agentydragon.com/user/login"):
        assert not re.search(location(), wrong), f"nobody could log in by {wrong}"
