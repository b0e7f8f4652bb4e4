"""The configuration of Element Web."""

from typing import Any

import pytest

from components.matrix.element import configuration
from tests.components.matrix.built import SETTINGS


def configured(**more: Any) -> dict[str, Any]:
    return configuration(SETTINGS.model_copy(update=more))


def test_there_is_one_server_and_one_way_in() -> None:
    found = configured()
    assert found["setting_defaults"]["UIFeature.identityServer"] is False, "which finds people by their addresses"
    assert found["sso_redirect_options"] == {"immediate": True}, "without a page in between"
    for other in ("disable_guests", "disable_custom_urls", "disable_3pid_login"):
        assert found[other] is True, f"{other}: nobody comes in otherwise or goes elsewhere"


@pytest.mark.parametrize(
    "key", ["integrations_ui_url", "integrations_rest_url", "bug_report_endpoint_url", "map_style_url"]
)
def test_nothing_calls_servers_of_others(key: str) -> None:
    found = configured()
    assert key in found, "without the key the default of Element or of the chart holds"
    assert found[key] is None, "null takes it out"


def test_calls_are_not_offered_where_nothing_carries_them() -> None:
    assert configured()["setting_defaults"]["UIFeature.voip"] is False, "there is no TURN and no server for groups"


@pytest.mark.parametrize("wanted", [False, True])
def test_previews_are_shown_when_synapse_makes_them(wanted: bool) -> None:
    assert configured(url_previews=wanted)["setting_defaults"]["urlPreviewsEnabled"] is wanted, "both sides agree"


def test_links_and_rooms_stay_here_without_federation() -> None:
    alone, federated = configured(), configured(federation=True)
    assert alone["permalink_prefix"] == f"https://{SETTINGS.host}", "matrix.to knows nothing of this server"
    assert alone["default_federate"] is False, "a room of this server alone"
    assert federated["default_federate"] is True, "rooms that others may join"
    assert "permalink_prefix" not in federated, "people of other servers have other clients"
