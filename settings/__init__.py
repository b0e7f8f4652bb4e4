"""What may vary from cluster to cluster: a strict, typed model of the stack file."""

from settings.load import SettingsError, load_config, load_stack_file, parse
from settings.model import Settings
from settings.secrets import StackSecrets, read_secrets, required_secrets

__all__ = [
    "Settings",
    "SettingsError",
    "StackSecrets",
    "load_config",
    "load_stack_file",
    "parse",
    "read_secrets",
    "required_secrets",
]
