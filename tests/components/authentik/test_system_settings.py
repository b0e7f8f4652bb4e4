"""System settings: what the Job is told to keep, and how often."""

import json

import pulumi

from components.authentik.system_settings import SystemSettings, SystemSettingsArgs
from tests.components.authentik.deployed import JOB, SETTINGS, container, environment, recorded, server
from tests.support.engine import Recorded

CRON_JOB = "kubernetes:batch/v1:CronJob"
OWN = ("initials", "none", "attributes.")
"""Modes of authentik/lib/avatars.py that ask nobody outside."""


def build(opts: pulumi.ResourceOptions) -> None:
    SystemSettings("settings", SystemSettingsArgs(api=server(SETTINGS, opts)[0]), opts)


def the(kind: str, name: str) -> Recorded:
    (found,) = [one for one in recorded(build).of_type(kind) if one.name == name]
    return found


def test_no_picture_comes_from_a_third_party_and_names_and_addresses_are_those_of_the_stack_file() -> None:
    wanted = json.loads(environment(the(JOB, "settings-set"))["SETTINGS"])
    foreign = [mode for mode in wanted["avatars"].split(",") if not mode.startswith(OWN)]
    assert foreign == [], "a digest of everybody's address would go there"
    for field in ("email", "username"):
        assert wanted[f"default_user_change_{field}"] is False, f"people could take the {field} of another"


def test_it_is_set_with_the_administrators_token_and_again_every_hour() -> None:
    (token,) = [one for one in container(the(JOB, "settings-set"))["env"] if one["name"] == "AUTHENTIK_TOKEN"]
    assert token["valueFrom"]["secretKeyRef"]["key"] == "bootstrap-token", "by reference"
    minute, *rest = the(CRON_JOB, "settings-set-again").get("spec", "schedule").split()
    assert (minute.isdigit(), rest) == (True, ["*"] * 4), "each hour, at one minute"
