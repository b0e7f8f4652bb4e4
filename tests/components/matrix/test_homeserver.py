"""The configuration of Synapse: its own loader reads every key of it, and means by it what the stack file says."""

import json
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from synapse.config._base import ConfigError
from synapse.config.homeserver import HomeServerConfig

from components.matrix.homeserver import configuration
from components.matrix.settings import ChatRetention, MatrixSettings
from tests.components.matrix.built import SETTINGS, built
from tests.components.services import RELEASE
from tests.components.services import SETTINGS as SHIPPED
from tests.support import synapse
from tests.support.recording import Recording

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:twisted|synapse")  # of their own import
DAY = 24 * 60 * 60 * 1000


def settings(**more: Any) -> MatrixSettings:
    return SETTINGS.model_copy(update=more)


def loaded(directory: Path, **more: Any) -> HomeServerConfig:
    """What Synapse makes of the values under these settings."""
    return synapse.load(synapse.homeserver_yaml(built(settings(**more)), directory), directory)


EVERYTHING = {
    "retention": ChatRetention(messages="2y", local_media="30d", remote_media="2w"),
    "url_previews": True,
    "federation": True,
    "federation_servers": ("other.example.org",),
}


@pytest.mark.parametrize("more", [{}, EVERYTHING], ids=["by default", "with every setting"])
def test_synapse_reads_every_key_of_the_configuration(tmp_path: Path, more: dict[str, Any]) -> None:
    document = synapse.Watched(synapse.homeserver_yaml(built(settings(**more)), tmp_path))
    synapse.load(document, tmp_path)
    ours = set(configuration(settings(**more)))
    ignored = [path for path in document.unread() if path.split(".")[0].removesuffix("[]") in ours]
    assert ignored == [], "Synapse says nothing of keys that it does not know"


def test_a_key_that_synapse_does_not_know_would_be_noticed(tmp_path: Path) -> None:
    document = synapse.homeserver_yaml(built(), tmp_path)
    wrong = synapse.Watched(synapse.merged(document, {"user_directory": {"search_everyone": True}, "retentions": {}}))
    synapse.load(wrong, tmp_path)
    assert {"user_directory.search_everyone", "retentions"} <= set(wrong.unread()), "the test above can fail"


def test_the_configuration_of_the_program_is_taken_with_the_generated_key(tmp_path: Path, update: Recording) -> None:
    (kv,) = [one for one in update.of_type("vault:kv/secretV2:SecretV2") if one.name == "matrix-signing-key-kv"]
    key = str(json.loads(kv.get("dataJson"))["signing-key"])
    values = update.one(RELEASE, "matrix-release").get("values")
    config = synapse.load(synapse.homeserver_yaml(values, tmp_path, key), tmp_path)
    assert config.server.server_name == SHIPPED.section(MatrixSettings).server_name, "who the server is"
    (signing,) = config.key.signing_key
    assert f"{signing.alg}:{signing.version}" == "ed25519:g1", "Synapse reads the generated key"
    assert config.mas.enabled, "the authentication service decides who comes in"
    assert not config.registration.enable_registration, "nobody else"
    assert not config.auth.password_enabled_for_login, "and no password"


def test_a_malformed_signing_key_is_refused_by_synapse_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        synapse.load(synapse.homeserver_yaml(built(), tmp_path, "ed25519 a_old nonsense!"), tmp_path)


def test_by_default_no_other_server_is_talked_to(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert config.federation.federation_domain_whitelist == {}, "nobody; None would be everybody"
    assert not config.federation.is_domain_allowed_according_to_federation_whitelist("matrix.org"), "not even there"
    assert config.key.key_servers == [], "and nobody is asked for keys"


def test_named_servers_are_talked_to_and_no_others(tmp_path: Path) -> None:
    config = loaded(tmp_path, federation=True, federation_servers=("other.example.org",)).federation
    assert config.is_domain_allowed_according_to_federation_whitelist("other.example.org"), "named"
    assert not config.is_domain_allowed_according_to_federation_whitelist("matrix.org"), "not named"


def test_without_names_federation_is_open(tmp_path: Path) -> None:
    assert loaded(tmp_path, federation=True).federation.federation_domain_whitelist is None, "all servers"


@pytest.mark.parametrize(
    ("more", "closed"),
    [
        ({}, {"/_synapse/mas", "/_synapse/admin", "/_matrix/federation", "/_matrix/key"}),
        ({"federation": True}, {"/_synapse/mas", "/_synapse/admin"}),
        ({"admin_host": "admin.example.com"}, {"/_synapse/mas", "/_matrix/federation", "/_matrix/key"}),
    ],
    ids=["by default", "with federation", "with an interface for administrators"],
)
def test_what_nobody_outside_needs_is_closed(more: dict[str, Any], closed: set[str]) -> None:
    paths = built(settings(**more))["synapse"]["ingress"]["additionalPaths"]
    assert {one["path"] for one in paths} == closed, "and nothing that somebody needs"
    assert {one["availability"] for one in paths} == {"blocked"}, "the chart's word for a 403 of HAProxy"


def test_previews_are_off_unless_wanted(tmp_path: Path) -> None:
    assert loaded(tmp_path).media.url_preview_enabled is False, "over the chart's proposal"


@pytest.mark.parametrize("address", ["10.2.3.2", "10.96.0.1", "127.0.0.1", "172.16.0.1", "192.168.1.1", "::1"])
def test_no_preview_is_fetched_from_inside(tmp_path: Path, address: str) -> None:
    refused = loaded(tmp_path, url_previews=True).media.url_preview_ip_range_blocklist
    assert str(ip_address(address)) in refused, "a link must not make Synapse talk to the cluster or the network"
    assert "198.41.0.4" not in refused, "or nothing could be fetched"


def test_retention_is_what_the_stack_file_says(tmp_path: Path) -> None:
    config = loaded(tmp_path, retention=ChatRetention(messages="2y", local_media="30d", remote_media="2w"))
    assert config.retention.retention_enabled, "messages go"
    assert config.retention.retention_default_max_lifetime == 730 * DAY, "after two years"
    assert config.retention.retention_allowed_lifetime_max == 730 * DAY, "whatever a room says"
    assert config.media.media_retention_local_media_lifetime_ms == 30 * DAY, "files of people here"
    assert config.media.media_retention_remote_media_lifetime_ms == 14 * DAY, "copies of others"


def test_without_retention_nothing_is_deleted(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert not config.retention.retention_enabled, "messages stay"
    assert config.media.media_retention_local_media_lifetime_ms is None, "and so do files"


@pytest.mark.parametrize("lifetime", ["3 months", "90x"])
def test_a_lifetime_that_the_model_refuses_is_refused_by_synapse_too(tmp_path: Path, lifetime: str) -> None:
    retention = ChatRetention.model_construct(messages=lifetime)
    with pytest.raises((TypeError, ValueError)):
        loaded(tmp_path, retention=retention)


def test_the_largest_upload_is_what_the_stack_file_says(tmp_path: Path) -> None:
    assert loaded(tmp_path, max_upload_size="7M").media.max_upload_size == 7 * 2**20, "in bytes"


def test_people_find_each_other_and_keep_the_name_that_the_login_gives(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert config.userdirectory.user_directory_search_all_users, "one login, one directory"
    assert config.roomdirectory.is_publishing_room_allowed("@jane:example.com", "!r:example.com", []), "rooms for all"
    assert not config.registration.enable_set_displayname, "the next login would change it back"
    assert not config.push.push_include_content, "messages do not pass through servers of others"
