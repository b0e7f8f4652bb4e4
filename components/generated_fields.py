"""Random values of a secret, one resource for each field that needs one."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_random as random
import pulumi_tls as tls

from lib.secrets import KEEPS_PREVIOUS, Field, Kind, SecretDeclaration

_TEN_YEARS = 10 * 365 * 24


@dataclass(frozen=True, kw_only=True)
class GeneratedFieldsArgs:
    """The declaration whose fields are wanted. `given`: values by field that somebody brought, so none is made."""

    declaration: SecretDeclaration
    given: Mapping[str, pulumi.Output[str]] = dataclasses.field(default_factory=dict)


class GeneratedFields(pulumi.ComponentResource):
    """Creates for each field `<name>-<field>`, by its kind: `random.RandomPassword`, `random.RandomBytes`,
    `tls.PrivateKey` or `tls.SelfSignedCert`; nothing for the kinds LITERAL and HTPASSWD, or for a given value.

    The generation of the declaration is a keeper: raising it replaces the values, nothing else does.

    A field that overlaps is named `<name>-<field>-<generation>` instead and kept for one generation more: raising the
    generation creates the next one, leaves the one in use as it is and deletes the one before.

    Attributes:
        values: Value of each field by its name, secret; from the second generation on also that of the generation
            before, by `Field.previous`.
    """

    values: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: GeneratedFieldsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:generated_fields:GeneratedFields", name, None, opts)
        self._name = name
        self._number = args.declaration.generation
        self._generation = str(args.declaration.generation)
        self._passwords: dict[str, random.RandomPassword] = {}
        self._keys: dict[str, tls.PrivateKey] = {}
        values: dict[str, pulumi.Output[str]] = {}
        for field in args.declaration.fields:
            values[field.name] = pulumi.Output.secret(
                args.given[field.name] if field.name in args.given else self._value(field)
            )
            if field.overlap and self._number > 1:
                values[field.previous] = pulumi.Output.secret(self._random_value(field, self._number - 1))
        self.values = values
        self.register_outputs({})

    def _value(self, field: Field) -> pulumi.Input[str]:
        if field.kind in KEEPS_PREVIOUS:
            return self._random_value(field, self._number)
        match field.kind:
            case Kind.HTPASSWD:
                password = self._passwords[field.of]
                return pulumi.Output.concat(field.literal, ":", password.bcrypt_hash)
            case Kind.SYNAPSE_SIGNING_KEY:
                seed = self._bytes(field, self._number)
                return seed.base64.apply(lambda text: f"ed25519 g{self._generation} {text.rstrip('=')}")
            case Kind.RSA_PRIVATE_KEY | Kind.EC_PRIVATE_KEY:
                self._keys[field.name] = self._private_key(field)
                return self._keys[field.name].private_key_pem
            case Kind.RSA_CERTIFICATE:
                return self._certificate(field).cert_pem
            case _:
                return field.literal

    def _random_value(self, field: Field, generation: int) -> pulumi.Output[str]:
        match field.kind:
            case Kind.HEX:
                return self._bytes(field, generation).hex
            case Kind.BASE64:
                return self._bytes(field, generation).base64
            case Kind.BASE64URL:
                seed = self._bytes(field, generation)
                return seed.base64.apply(_base64url)
            case _:
                password = self._password(field, generation)
                if generation == self._number:
                    self._passwords[field.name] = password
                return password.result

    def _resource(self, field: Field, generation: int) -> str:
        return f"{self._name}-{field.name}" + (f"-{generation}" if field.overlap else "")

    def _password(self, field: Field, generation: int) -> random.RandomPassword:
        least = 1 if field.mixed else None  # a number where there was none would replace the value
        return random.RandomPassword(
            self._resource(field, generation),
            length=field.size,
            special=False,
            min_lower=least,
            min_upper=least,
            min_numeric=least,
            keepers={"generation": str(generation)},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _bytes(self, field: Field, generation: int) -> random.RandomBytes:
        return random.RandomBytes(
            self._resource(field, generation),
            length=field.size,
            keepers={"generation": str(generation)},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _private_key(self, field: Field) -> tls.PrivateKey:
        rsa = field.kind is Kind.RSA_PRIVATE_KEY
        # A key has no keepers; the trigger takes their place.
        return tls.PrivateKey(
            f"{self._name}-{field.name}",
            algorithm="RSA" if rsa else "ECDSA",
            rsa_bits=field.size if rsa else None,
            ecdsa_curve=None if rsa else "P256",
            opts=pulumi.ResourceOptions(parent=self, replacement_trigger=self._generation),
        )

    def _certificate(self, field: Field) -> tls.SelfSignedCert:
        return tls.SelfSignedCert(
            f"{self._name}-{field.name}",
            private_key_pem=self._keys[field.of].private_key_pem,
            subject={"common_name": self._name},
            validity_period_hours=_TEN_YEARS,
            allowed_uses=["digital_signature", "key_encipherment"],
            opts=pulumi.ResourceOptions(parent=self),
        )


def _base64url(text: str) -> str:
    return text.translate(str.maketrans("+/", "-_")).rstrip("=")
