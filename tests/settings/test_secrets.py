"""Secret configuration: what is required is asked for by name, and every value is wrapped at once."""

import pulumi
import pytest

from settings import load_stack_file, read_secrets, required_secrets
from settings.secrets import SECRET_KEYS, SECRET_NAMES
from tests.settings.stacks import FIXTURES, SHIPPED
from tests.support.engine import Run, record
from tests.support.program import configuration, secret_values

EXISTING = FIXTURES / "valid" / "existing-cluster.yaml"


def test_proxmox_needs_its_two_tokens_and_no_kubeconfig() -> None:
    names = {key.name for key in required_secrets(load_stack_file(SHIPPED))}
    assert names == {"proxmoxApiToken", "proxmoxCsiTokenSecret"}, "and the rest is optional"


def test_an_existing_cluster_needs_its_kubeconfig_and_no_token() -> None:
    names = {key.name for key in required_secrets(load_stack_file(EXISTING))}
    assert names == {"kubeconfig"}, "nothing of Proxmox is used there"


def test_a_missing_secret_is_told_with_the_command_that_sets_it() -> None:
    settings = load_stack_file(SHIPPED)

    def build() -> None:
        read_secrets(pulumi.Config(), settings)

    with pytest.raises(ValueError, match="pulumi config set --secret") as refused:
        record(
            build, Run(config={"home-cluster:proxmoxApiToken": "t"}, secret_config=("home-cluster:proxmoxApiToken",))
        )
    assert "proxmoxCsiTokenSecret: is missing" in str(refused.value), "the one that is missing"
    assert "proxmoxApiToken: is missing" not in str(refused.value), "and not the one that is there"


def test_every_secret_is_wrapped_when_it_is_read() -> None:
    secrets = secret_values()
    settings = load_stack_file(SHIPPED)

    def build() -> dict[str, object]:
        return {name: value for name, value in vars(read_secrets(pulumi.Config(), settings)).items() if value}

    keys = tuple(f"home-cluster:{name}" for name in secrets)
    outputs = record(build, Run(config=configuration(SHIPPED, secrets), secret_config=keys)).stack_outputs
    assert len(outputs.values) == len(SECRET_KEYS), "every key of the table is read into the dataclass"
    for name in outputs.values:
        assert outputs.is_secret(name), f"{name} must not show in state or preview"


def test_an_optional_secret_that_is_not_set_is_none() -> None:
    settings = load_stack_file(EXISTING)

    def build() -> dict[str, object]:
        found = vars(read_secrets(pulumi.Config(), settings))
        return {"absent": sorted(name for name, value in found.items() if value is None)}

    run = Run(config={"home-cluster:kubeconfig": "k"}, secret_config=("home-cluster:kubeconfig",))
    absent = record(build, run).stack_outputs.values["absent"]
    assert len(absent) == len(SECRET_NAMES) - 1, "all but the kubeconfig"
