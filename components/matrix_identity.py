"""What the homeserver is known by, written down once."""

from dataclasses import dataclass

import pulumi
import pulumi_random as random

from lib.matrix import identity, signing_key


@dataclass(frozen=True, kw_only=True)
class MatrixIdentityArgs:
    """What the stack says now. `signing_key`: the imported one; None where the program makes it."""

    server_name: str
    signing_key: pulumi.Output[str] | None = None


class MatrixIdentity(pulumi.ComponentResource):
    """Creates `<name>-record`: an id without use, whose keepers are the record of the first update: later ones compare
    with it and never change it, as its inputs are ignored from then on.

    Attributes:
        server_name: The name. A program that says another one fails here, in the preview already, and nothing that
            needs the name goes on.
        signing_key: The imported key, secret, under the same condition; None where the program makes it.
        unchanged: The record, under the same condition.
    """

    server_name: pulumi.Output[str]
    signing_key: pulumi.Output[str] | None
    unchanged: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, args: MatrixIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:matrix_identity:MatrixIdentity", name, None, opts)
        wanted = _wanted(args)
        record = random.RandomId(
            f"{name}-record",
            byte_length=8,
            keepers=wanted,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["keepers"]),
        )
        # Not `made(…)`: the record is known in a preview too. After a failure there is none, and nothing goes on.
        self.unchanged = pulumi.Output.all(applied=record.keepers, wanted=wanted).apply(
            lambda both: _compared(both["applied"] or {}, both["wanted"])
        )
        self.server_name = self.unchanged.apply(lambda _: args.server_name)
        self.signing_key = None
        if args.signing_key is not None:
            self.signing_key = pulumi.Output.all(key=args.signing_key, record=self.unchanged).apply(
                lambda both: signing_key.normal(both["key"])
            )
        self.register_outputs({"server_name": self.server_name})


def _wanted(args: MatrixIdentityArgs) -> pulumi.Output[dict[str, str]]:
    if args.signing_key is None:
        return pulumi.Output.from_input(identity.record(args.server_name))
    # The name of a key is public; as a secret, the record would be unreadable to those who compare.
    key = pulumi.Output.unsecret(args.signing_key.apply(signing_key.fingerprint))
    return key.apply(lambda name: identity.record(args.server_name, name))


def _compared(applied: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
    """The record.

    Raises:
        ValueError: when the stack says something else.
    """
    found = identity.problems(applied, wanted)
    if found:
        raise ValueError("\n".join(found))
    return wanted
