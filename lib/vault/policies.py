"""Policies of Vault, one for each thing that talks to it, each allowing no more than that thing needs (HCL)."""

from lib.secrets import KV_MOUNT, PLATFORM_PREFIX


def platform_reader() -> str:
    """External Secrets: read the platform's secrets by their exact path; no listing, no writing, nothing else."""
    return f"""path "{KV_MOUNT}/data/{PLATFORM_PREFIX}/*" {{
  capabilities = ["read"]
}}
"""
