"""What was applied of the settings that cannot change freely, kept in the state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from settings.changes import Setting, refused


@dataclass(frozen=True, kw_only=True)
class AppliedSettingsArgs:
    """What the stack says now.

    Attributes:
        settings: Every setting with a rule.
        computed: Values that are known only as outputs, in the place of those of `settings`, by key; none is secret.
    """

    settings: Sequence[Setting]
    computed: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)


class AppliedSettings(pulumi.ComponentResource):
    """Creates `<name>-record`: a Stash, which is a value in the state and nothing else.

    Before an update changes it, also in a preview, what it held is compared with what it is to hold. An update that
    breaks a rule fails there, and nothing that depends on the record goes on.

    Attributes:
        record: The record.
    """

    record: pulumi.Resource

    def __init__(self, name: str, args: AppliedSettingsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:applied_settings:AppliedSettings", name, None, opts)
        compared = pulumi.ResourceHook(
            "settings-may-change",
            lambda update: _compare(args.settings, update),
            # Without this, a preview would promise what the update then refuses.
            pulumi.ResourceHookOptions(on_dry_run=True),
        )
        self.record = pulumi.Stash(
            f"{name}-record",
            input={
                one.key: args.computed.get(one.key, one.value) for one in args.settings if one.value != one.rule.initial
            },
            opts=pulumi.ResourceOptions(parent=self, hooks=pulumi.ResourceHookBinding(before_update=[compared])),
        )
        self.register_outputs({})


def _compare(settings: Sequence[Setting], update: pulumi.ResourceHookArgs) -> None:
    """Compare the old input with the new one.

    Raises:
        ValueError: with a line for each setting that cannot change so.
    """
    before, after = _input(update.old_inputs), _input(update.new_inputs)
    wanted = [Setting(key=one.key, rule=one.rule, value=str(after.get(one.key, one.value))) for one in settings]
    lines = refused(before, wanted)
    if lines:
        raise ValueError("\n".join(lines))


def _input(inputs: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (inputs or {}).get("input") or {}
