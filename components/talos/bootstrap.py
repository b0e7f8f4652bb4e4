"""What to do where etcd was started already, by an update that was cut off before it could write that down."""

import pulumi
from pulumi import ErrorHook, ErrorHookArgs

_TYPE = "talos:machine/bootstrap:Bootstrap"
IDENTIFIER = "machine_bootstrap"
"""Id of every bootstrap (talos_machine_bootstrap_resource.go); an import looks at nothing, so no id is wrong."""


def cut_off(name: str, parent: pulumi.Resource) -> ErrorHook:
    """Says how to go on when Talos refuses to start etcd twice; the provider tries that for ten minutes each time."""

    async def explain(args: ErrorHookArgs) -> bool:
        if any("etcd data directory is not empty" in error for error in args.errors):
            provider = parent.get_provider(_TYPE)
            urns = [await one.urn.future() for one in (parent, provider) if one is not None]
            # Quoted: the types in a URN stand behind dollar signs.
            parents = [f"--{flag} '{flag}={urn}'" for flag, urn in zip(("parent", "provider"), urns, strict=True)]
            pulumi.log.error(
                "etcd runs already: an earlier update was cut off after it had started it. Tell Pulumi so, then make "
                f"up again:\npulumi import --stack {pulumi.get_stack()} --yes --protect=false --generate-code=false "
                f"{' '.join(parents)} {_TYPE} {name} {IDENTIFIER}"
            )
        return False

    return ErrorHook(f"{name}-failed", explain)
