"""The values of the secret registry: made once, kept in encrypted state, written to Vault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_vault as vault

from components.generated_fields import GeneratedFields, GeneratedFieldsArgs
from lib.secrets import SecretDeclaration


@dataclass(frozen=True)
class WrittenSecret:
    """A secret that Vault holds.

    Attributes:
        declaration: What was declared.
        values: Value of each field, secret.
        version: The resource that wrote it; a reader depends on it.
    """

    declaration: SecretDeclaration
    values: Mapping[str, pulumi.Output[str]]
    version: vault.kv.SecretV2


@dataclass(frozen=True, kw_only=True)
class PlatformSecretsArgs:
    """What to write where.

    Attributes:
        given: Values that somebody brought, by path and field; all others are made here.
    """

    declarations: Sequence[SecretDeclaration]
    mount: pulumi.Input[str]
    given: Mapping[str, Mapping[str, pulumi.Output[str]]] = field(default_factory=dict)


class PlatformSecrets(pulumi.ComponentResource):
    """The one writer of every platform secret. Creates for each declaration:

    - `<path with dashes>`: a GeneratedFields component with the random values.
    - `<path with dashes>-kv`: `vault.kv.SecretV2` at `platform/<path>`, holding one key for each field.

    Attributes:
        secrets: Every written secret by its path.
    """

    secrets: Mapping[str, WrittenSecret]

    def __init__(self, name: str, args: PlatformSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:platform_secrets:PlatformSecrets", name, None, opts)
        self.secrets = {declaration.path: self._write(declaration, args) for declaration in args.declarations}
        self.register_outputs({"paths": list(self.secrets)})

    def __getitem__(self, path: str) -> WrittenSecret:
        return self.secrets[path]

    def _write(self, declaration: SecretDeclaration, args: PlatformSecretsArgs) -> WrittenSecret:
        generated = GeneratedFields(
            declaration.name,
            GeneratedFieldsArgs(declaration=declaration, given=args.given.get(declaration.path, {})),
            pulumi.ResourceOptions(parent=self),
        )
        document = pulumi.Output.json_dumps(dict(generated.values), sort_keys=True)
        version = vault.kv.SecretV2(
            f"{declaration.name}-kv",
            mount=args.mount,
            name=declaration.vault_path,
            # Secret because every value is.
            data_json=document,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return WrittenSecret(declaration, generated.values, version)
