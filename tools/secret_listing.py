"""`python -m tools.secret_listing [--check]`: docs/secrets.md, from the registry under Pulumi.test-cluster.yaml."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from lib.secrets import Field, Kind, Reader, SecretDeclaration
from register.secrets import declare
from stack_file.load import load_stack_file
from stack_file.schema import write_or_check

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "secrets.md"
STACK_FILE = ROOT / "Pulumi.test-cluster.yaml"

READERS_SECONDS, JOBS_SECONDS = 1, 150
"""Simulated seconds of the lab, with every secret rotated at once (measured by tests/engine/test_every_rotation.py)."""

_INTRODUCTION = f"""# Secrets

Every secret goes one way: a random value in the encrypted state of the stack → Vault (`kv/platform/<path>`) → External
Secrets → a Kubernetes Secret → the pods that name it. `register/secrets.py` declares each once, with
every Secret it becomes part of. What cannot go this way is in [ADR 0006](adr/0006-secrets-outside-the-registry.md).

This page lists the secrets of `{STACK_FILE.name}`. `make secrets STACK=<name>` lists those of another stack, with their
generation and age. Neither shows a value.

## Rotating

    make rotate SECRET=gitea/admin STACK=<name>
    make up STACK=<name>

The first raises the secret's number in `rotation.generations` of the stack file and prints what will happen; the second
does it: new values, one new version in Vault, External Secrets reads it at once, and Reloader restarts the workloads
that use it. Nothing else changes. A number never goes down: that would bring no old value back, so it is refused
before anything runs.

Where the side that checks a value takes two of them, the value before the last rotation stays beside the new one, as
`<field>-previous` from the first rotation on, so nothing breaks in between. Rotate once more to drop it, as after a
leak. All others have a short window, which the table names ([why](adr/0011-overlap-of-rotated-secrets.md)). A secret
that is permanent can never be rotated; the table says why.

Some readers keep a value in storage of their own: a database, a file, a schedule. *Kept in* says where, and what brings
the new one there; the update of a rotation has come to its end only when it is there.

How long the windows are follows from the lab alone, whose seconds are simulated (a Job takes 15 of them, a release
60, a restart none). With every secret rotated at once, every Secret had its new value, and its users had been
restarted, within {READERS_SECONDS} second of Vault's new version; the last Job had put a value into a storage of its
own within {JOBS_SECONDS} seconds of the first. On a cluster, the time that pods take to start comes on top.

## Adding one

An application of your own needs no code. In the stack file:

    home-cluster:secrets:
      namespaces: [shop]
      extra:
        shop/api:
          fields:
            token: {{ kind: hex, size: 32 }}
          reflectTo: [shop]

`make up` makes the value, writes it to `kv/platform/shop/api`, and Reflector keeps a Secret `extra-shop-api` with the
key `token` in the namespace `shop`, also when that comes into being later. It is rotated like all others. With
`keepPrevious: true` the value before stays beside it, for a server that checks against two.
"""

_FORMS: Mapping[Kind, str] = {
    Kind.PASSWORD: "{size} letters and digits",
    Kind.HEX: "{size} bytes, {kind}",
    Kind.BASE64: "{size} bytes, {kind}",
    Kind.BASE64URL: "{size} bytes, {kind}",
    Kind.RSA_PRIVATE_KEY: "RSA key of {size} bits",
    Kind.EC_PRIVATE_KEY: "key on P-256",
    Kind.RSA_CERTIFICATE: "certificate of `{of}`",
    Kind.SYNAPSE_SIGNING_KEY: "Ed25519 key",
    Kind.HTPASSWD: "user and bcrypt hash of `{of}`",
    Kind.GIVEN: "what somebody brought (`givenSecrets`)",
    Kind.LITERAL: "no secret, but belongs beside one",
}

_HEADER = "| secret | fields | read as | rotation |\n| --- | --- | --- | --- |\n"


def text(declarations: Iterable[SecretDeclaration]) -> str:
    """The whole page."""
    rows = "".join(_row(declaration) for declaration in sorted(declarations, key=lambda one: one.path))
    return f"{_INTRODUCTION}\n## The secrets\n\nThe writer of all is this program, and no other.\n\n{_HEADER}{rows}"


def _row(declaration: SecretDeclaration) -> str:
    fields = "<br>".join(f"`{field.name}`: {described(field)}" for field in declaration.fields)
    readers = [_reader(reader) for reader in declaration.readers]
    if declaration.used_by_program:
        readers.append(f"this program {declaration.used_by_program}")
    return f"| `{declaration.path}` | {fields} | {'<br>'.join(readers)} | {_rotation(declaration)} |\n"


def described(field: Field) -> str:
    """What a field is; never its value."""
    return _FORMS[field.kind].format(size=field.size, of=field.of, kind=field.kind)


def _reader(reader: Reader) -> str:
    after = [*(f"restarts {workload}" for workload in reader.restarts), *([reader.follows] if reader.follows else [])]
    after += [f"kept in {reader.keeps}"] if reader.keeps else []
    after += [f"copied to {namespace}" for namespace in reader.reflect_to]
    return f"`{reader}`" + (f" ({'; '.join(after)})" if after else "")


def _rotation(declaration: SecretDeclaration) -> str:
    if declaration.permanent:
        return f"never: {declaration.permanent}"
    kept = [f"`{field.previous}` keeps the value before" for field in declaration.fields if field.overlap]
    return "<br>".join([*kept, *([declaration.window] if declaration.window else [])]) or "nothing is interrupted"


if __name__ == "__main__":
    sys.exit(write_or_check(TARGET, text(declare(load_stack_file(STACK_FILE))), sys.argv[1:]))
