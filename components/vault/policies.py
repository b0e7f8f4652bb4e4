"""Policies of Vault, one for each thing that talks to it, each allowing no more than that thing needs (HCL)."""

from lib.secrets import KV_MOUNT, PLATFORM_PREFIX


def platform_reader() -> str:
    """External Secrets: read the platform's secrets by their exact path; no listing, no writing, nothing else.

    And look up and give back its own token, since the role leaves out the default policy: the store is Ready once the
    lookup succeeds, and a token is revoked after each use (`Validate` and `Close`, providers/v1/vault of
    external-secrets 2.9.0).
    """
    return "\n".join(
        (
            _rule(f"{KV_MOUNT}/data/{PLATFORM_PREFIX}/*", "read"),
            _rule("auth/token/lookup-self", "read"),
            _rule("auth/token/revoke-self", "update"),
        )
    )


def certificate_issuer(sign_path: str) -> str:
    """cert-manager: have requests signed by one role, nothing else; it neither looks up nor revokes its token."""
    return _rule(sign_path, "update")


def snapshots() -> str:
    """The backup: take a snapshot, and give back its own token. A snapshot is encrypted; restoring one would be another
    capability of the same path.
    """
    return _rule("sys/storage/raft/snapshot", "read") + _rule("auth/token/revoke-self", "update")


PEOPLE_PREFIX = "people"
"""Folder of the KV mount with one folder for each person, named as the person is in Authentik."""


def own_folder(accessor: str) -> str:
    """A person: everything in the own folder, and to be told that it is there. `accessor` is that of the login, whose
    alias carries the user name; the name of an entity would be made up by Vault.
    """
    name = f"{{{{identity.entity.aliases.{accessor}.name}}}}"
    return "\n".join(
        _rule(f"{KV_MOUNT}/{operation}/{PEOPLE_PREFIX}/{name}{below}", *capabilities)
        for operation, below, capabilities in (
            ("data", "/*", ("create", "read", "update", "patch", "delete")),
            ("metadata", "/*", ("create", "read", "update", "patch", "delete", "list")),
            ("metadata", "/", ("list",)),
            ("delete", "/*", ("update",)),
            ("undelete", "/*", ("update",)),
            ("destroy", "/*", ("update",)),
        )
    )


def administrator() -> str:
    """A person who manages Vault: logins, engines, policies, identities, leases and issued certificates, and reads its
    state.

    Not the values: nobody but this program writes the platform's secrets and nobody but External Secrets reads them
    (an administrator could grant that to somebody, and the audit log would show it). Not the audit devices and not the
    keys: for those there is the root token.
    """
    manage = ("create", "read", "update", "patch", "delete", "list")
    protected = ("auth/*", "sys/auth/*", "sys/leases/*", "sys/remount")  # Vault asks for sudo on some of their paths
    return "\n".join(
        (
            *(_rule(path, *manage, "sudo") for path in protected),
            *(_rule(path, *manage) for path in ("sys/mounts/*", "sys/policies/*", "identity/*")),
            *(_rule(path, "read", "list") for path in ("sys/auth", "sys/mounts", f"{KV_MOUNT}/metadata/*")),
            *(_rule(path, "read") for path in ("sys/health", "sys/metrics", "sys/storage/raft/configuration")),
            _rule("sys/audit", "read", "list", "sudo"),
            # Certificates: find one and revoke it, should its key have leaked.
            _rule("pki/certs", "list"),
            _rule("pki/cert/*", "read"),
            _rule("pki/revoke", "update"),
            # A snapshot is encrypted with the keys that are out of reach here.
            _rule("sys/storage/raft/snapshot", "read"),
            _rule(f"{KV_MOUNT}/data/{PLATFORM_PREFIX}/*", "deny"),
        )
    )


def _rule(path: str, *capabilities: str) -> str:
    listed = ", ".join(f'"{capability}"' for capability in capabilities)
    return f'path "{path}" {{\n  capabilities = [{listed}]\n}}\n'
