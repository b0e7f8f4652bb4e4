"""The recovery sheet: what has to lie outside the cluster and this machine, where, and how to see that it is right."""

from collections.abc import Sequence


def text(*, stack: str, cluster: str, address: str, recipients: Sequence[str], provider: str) -> str:
    """The sheet of a stack, in Markdown; it names no secret and may be printed.

    Args:
        provider: How secrets in the state are encrypted (`deployment.secrets_providers.type`).
    """
    keys = "\n".join(f"   - `{one}`" for one in recipients)
    opener = {
        "passphrase": "the passphrase (`PULUMI_CONFIG_PASSPHRASE_FILE`). Nothing stores it, no backup has it, nothing "
        "replaces it.",
    }.get(provider, f"access to the secrets provider `{provider}`, which the stack file names.")
    return f"""# Recovery sheet of {cluster}

Print this, or keep it in a password manager. It names what to have, and holds none of it.

1. To open the backup of the state: the private key of one of these, made by `age-keygen`, on a medium of its own.
{keys}
   To test it: `make restore STACK={stack} WHAT=state KEY=<file> ARGS=--check` says what the newest backup holds.
2. To open the secrets in the state: {opener}
   To test it: `make backup STACK={stack}` fails where what is at hand does not open the state.
3. To open databases and volumes: `backupPassword`. It is a secret of the stack file, so 2 opens it; a copy of its own
   keeps them readable without 2.
4. To reach the target {address}: its key pair, from whoever runs it. The one in the stack file opens with 2 alone.
5. This repository, at the commit that was deployed. The stack file is in the backup as well.

Then: `make restore STACK={stack} WHAT=all KEY=<file>` shows the steps and begins with them once you agree.
docs/backups.md says more.
"""
