"""What the secret values of a stack must look like. No message here contains a part of a value."""

import json
import re

import yaml

_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_API_TOKEN = re.compile(rf"[^@!=\s:/]+@[A-Za-z][A-Za-z0-9._-]+![A-Za-z][A-Za-z0-9._-]+={_UUID}", re.IGNORECASE)
_TOKEN_SECRET = re.compile(_UUID, re.IGNORECASE)
_WORD = re.compile(r"[!-~]+")
_AGAIN = "copy it again, without quotes, blanks and line breaks around it"


def word(text: str) -> str:
    """Why the text is no token, password or user name; empty when it can be one."""
    if not text:
        return "is empty; set it, or remove it with: pulumi config rm"
    if text != text.strip():
        return f"has blanks or line breaks around it; {_AGAIN}"
    return "" if _WORD.fullmatch(text) else f"has blanks or other characters inside it that no token has; {_AGAIN}"


def api_token(text: str) -> str:
    """Why the text is no API token of Proxmox with its secret, as its provider takes it."""
    return word(text) or _matching(_API_TOKEN, text, "is no API token with its secret; write user@realm!name=uuid")


def token_secret(text: str) -> str:
    """Why the text is not the secret of an API token of Proxmox."""
    form = "is not the secret of an API token; write the uuid alone, without user@realm!name="
    return word(text) or _matching(_TOKEN_SECRET, text, form)


def kubeconfig(text: str, context: str | None = None) -> str:
    """Why the text is no kubeconfig, or has not the context of that name."""
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        document = None
    contexts = document.get("contexts") if isinstance(document, dict) else None
    if not isinstance(contexts, list):
        return "is no kubeconfig; write what `kubectl config view --raw --minify --flatten` prints"
    names = [one.get("name") for one in contexts if isinstance(one, dict)]
    if context is None or context in names:
        return ""
    return "has no context of the name cluster.existing.context; name one that it has, or set the right kubeconfig"


def kept_certificates(text: str) -> str:
    """Why the text is no list of Secrets, as `make up` writes it."""
    try:
        found = json.loads(text)
        whole = isinstance(found, list) and all(one["metadata"]["name"] and one["stringData"] for one in found)
    except (ValueError, TypeError, KeyError):
        whole = False
    fix = "remove it with pulumi config rm, and let make up write it anew"
    return "" if whole else f"is not what make writes; {fix}"


def _matching(pattern: re.Pattern[str], text: str, problem: str) -> str:
    return "" if pattern.fullmatch(text) else problem
