"""Entry point of the Pulumi program: settings, phases, outputs."""

import gc

import pulumi

from components.failures import isolate_failures
from stack_file.load import load_config
from stack_file.secrets import read_secrets
from stacks.platform import build

# The process ends with the operation, and half of its time would go into looking for garbage (docs/benchmarks.md).
gc.disable()
isolate_failures()
config = pulumi.Config()
settings = load_config(config)
platform = build(settings, read_secrets(config, settings))

for name, value in platform.outputs.items():
    pulumi.export(name, value)
