"""Entry point of the Pulumi program: settings, phases, outputs."""

import pulumi

from settings import load_config, read_secrets
from stacks.platform import build

config = pulumi.Config()
settings = load_config(config)
platform = build(settings, read_secrets(config, settings))

for name, value in platform.outputs.items():
    pulumi.export(name, value)
