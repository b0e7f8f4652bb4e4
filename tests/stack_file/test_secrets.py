"""Secret configuration: what is required is asked for by name, and every value is wrapped at once."""

import pulumi
import pytest

from stack_file.load import SettingsError, load_stack_file
from stack_file.secrets import SECRET_KEYS, SECRET_NAMES, read_secrets, required_secrets
from tests.stack_file.stacks import FIXTURES, SHIPPED
from tests.support.engine import Run, record
from tests.support.program import configuration, secret_values, ssh_key

EXISTING = FIXTURES / "valid" / "existing-cluster.yaml"


def test_proxmox_needs_its_two_tokens_and_no_kubeconfig() -> None:
    names = {key.name for key in required_secrets(load_stack_file(SHIPPED))}
    assert names == {"proxmoxApiToken", "proxmoxCsiTokenSecret"}, "and the rest is optional"


def test_an_existing_cluster_needs_its_kubeconfig_and_no_token() -> None:
    names = {key.name for key in required_secrets(load_stack_file(EXISTING))}
    assert names == {"kubeconfig"}, "nothing of Proxmox is used there"


@pytest.mark.failure("credential-on-one-desk")
def test_a_missing_secret_is_told_with_the_command_that_sets_it() -> None:
    settings = load_stack_file(SHIPPED)

    def build() -> None:
        read_secrets(pulumi.Config(), settings)

    with pytest.raises(ValueError, match="pulumi config set --secret") as refused:
        record(
            build,
            Run(
                config={"home-cluster:proxmoxApiToken": secret_values()["proxmoxApiToken"]},
                secret_config=("home-cluster:proxmoxApiToken",),
            ),
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

    run = Run(
        config={"home-cluster:kubeconfig": secret_values()["kubeconfig"]}, secret_config=("home-cluster:kubeconfig",)
    )
    absent = record(build, run).stack_outputs.values["absent"]
    assert len(absent) == len(SECRET_NAMES) - 1, "all but the kubeconfig"


DEEP = {
    "kubeconfig": "is no kubeconfig",
    "backupAccessKey": "is no key pair",
    "givenSecrets": "does not say values by path and field",
    "keptCertificates": "is not what make writes",
}
"""What is said of a value that is nested too deeply to be read."""
UUID = "0d5b3f5a-7c3b-4f0e-9a51-0c4cfb6b4c11"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("proxmoxApiToken", "", "is empty"),
        ("proxmoxApiToken", f"root@pam!deploy={UUID}\n", "has blanks or line breaks around it"),
        ("proxmoxApiToken", UUID, "is no API token with its secret"),
        ("proxmoxApiToken", "root@pam!deploy", "is no API token with its secret"),
        ("proxmoxCsiTokenSecret", f"kubernetes-csi@pve!csi={UUID}", "is not the secret of an API token"),
        ("proxmoxCsiTokenSecret", UUID[:-1], "is not the secret of an API token"),
        ("vaultRootToken", " hvs.abc", "has blanks or line breaks around it"),
        ("gitToken", "two words", "has blanks or other characters inside it"),
        ("gitUsername", "robot", "is of no use without gitToken"),
        ("gitKey", "ssh-ed25519 AAAA jane@example.com", "is no private key"),
        ("gitKey", ssh_key("aes256-ctr"), "has a passphrase"),
        ("gitKey", ssh_key("none").replace("OPENSSH", "ENCRYPTED"), "has a passphrase"),
        *((name, "[" * 100_000, said) for name, said in DEEP.items()),
        ("kubeconfig", "apiVersion: [", "is no kubeconfig"),
        ("kubeconfig", "/home/jane/.kube/config", "is no kubeconfig"),
        ("kubeconfig", "{contexts: [{name: other}]}", "has no context of the name cluster.existing.context"),
    ],
)
def test_a_value_that_cannot_be_is_refused_without_a_word_of_it(name: str, value: str, said: str) -> None:
    path = EXISTING if name == "kubeconfig" else SHIPPED
    needed = {key.name: secret_values()[key.name] for key in required_secrets(load_stack_file(path))}
    keys = tuple(f"home-cluster:{one}" for one in needed | {name: value})
    config = configuration(path, needed | {name: value})
    with pytest.raises(SettingsError) as refused:
        record(lambda: read_secrets(pulumi.Config(), load_stack_file(path)), Run(config=config, secret_config=keys))
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{name}: {said}"), "which one, and why"
    assert "; " in line, "and what to do"
    assert not value.strip() or value.strip() not in line, "the message goes to logs"


def test_a_bare_update_ends_with_the_sentence_alone() -> None:
    assert issubclass(SettingsError, pulumi.RunError), "the language host prints a RunError without a stack trace"
