"""The name and the key of the homeserver on the real engine: a later update that says something else is refused."""

import base64
from pathlib import Path

import pytest
import yaml

from lab.checkout import Stack
from tests.lab.stacks import driver_of

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi
from pulumi_random import Provider, RandomId

from components.matrix_identity import MatrixIdentity, MatrixIdentityArgs

config = pulumi.Config()
opts = pulumi.ResourceOptions(providers=[Provider("random")])
found = MatrixIdentity("chat", MatrixIdentityArgs(
    server_name=config.require("name"), signing_key=config.get_secret("key")), opts)
RandomId("needs", byte_length=1, prefix=found.server_name, opts=pulumi.ResourceOptions(provider=opts.providers[0]))
pulumi.export("name", found.server_name)
"""
KEY = f"ed25519 a_old {base64.b64encode(bytes(32)).decode()}"


def stack(root: Path, **config: str) -> Stack:
    """The stack of a program with this configuration, which goes on from where it was."""
    root.mkdir(exist_ok=True)
    (root / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (root / "Pulumi.yaml").write_text("name: chat\nruntime: python\n", encoding="utf-8")
    document = {"config": {f"chat:{key}": value for key, value in config.items()}}
    (root / "Pulumi.dev.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return Stack(root, "dev", root.parent / "work")


def test_a_server_keeps_the_name_and_the_key_it_started_with(tmp_path: Path) -> None:
    root = tmp_path / "program"
    first = driver_of(stack(root, name="home.example")).up()
    assert first.ok, first.error
    renamed = driver_of(stack(root, name="new.example")).preview()
    assert not renamed.ok, "the engine itself refuses, without any command of this project, and in the preview"
    assert "matrix.serverName: new.example is not home.example" in str(renamed.error), f"by name: {renamed.error}"
    imported = driver_of(stack(root, name="home.example", key=KEY)).up()
    assert not imported.ok, "an update that skips its preview is refused as well"
    assert "matrixSigningKey: is ed25519:a_old" in str(imported.error), f"by name: {imported.error}"
    again = driver_of(stack(root, name="home.example")).up()
    assert again.ok, again.error
    assert set(again.changes) == {"same"}, f"nothing was changed in between: {again.changes}"
    assert again.outputs["name"] == "home.example", "and the record still says so"
