"""What the secret values of a stack must look like. No message here contains a part of a value."""

import base64
import json
import re
from typing import Any

import yaml

_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_API_TOKEN = re.compile(rf"[^@!=\s:/]+@[A-Za-z][A-Za-z0-9._-]+![A-Za-z][A-Za-z0-9._-]+={_UUID}", re.IGNORECASE)
_TOKEN_SECRET = re.compile(_UUID, re.IGNORECASE)
_WORD = re.compile(r"[!-~]+")
_NO_CIPHER = b"openssh-key-v1\0\0\0\0\4none"
_KEY = re.compile(r"[A-Za-z0-9+/=_.~-]+")
_LEAST = 20
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


def ssh_key(text: str) -> str:
    """Why the text is no private key without a passphrase. The format of OpenSSH names the cipher behind its own name
    (PROTOCOL.key of openssh-portable); older ones say so in a header.
    """
    found = re.fullmatch(r"-----BEGIN ((?:[A-Z]+ )*PRIVATE KEY)-----\n(.+)\n-----END \1-----", text.strip(), re.DOTALL)
    if found is None:
        return "is no private key; set the whole file, not that in .pub: pulumi config set --secret NAME < key"
    try:
        body = base64.b64decode(found[2]) if found[1].startswith("OPENSSH") else b""
    except ValueError:
        body = b"of another format"
    opens = body.startswith(_NO_CIPHER) if body else "ENCRYPTED" not in found[0]
    fix = "make one without: ssh-keygen -t ed25519 -N '' -f key"
    return "" if opens else f"has a passphrase, which nobody is there to type; {fix}"


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
    found = _json(text)
    try:
        whole = isinstance(found, list) and all(one["metadata"]["name"] and one["stringData"] for one in found)
    except (TypeError, KeyError):
        whole = False
    fix = "remove it with pulumi config rm, and let make up write it anew"
    return "" if whole else f"is not what make writes; {fix}"


def given(text: str) -> str:
    """Why the text does not say values by path and field."""
    found = _json(text)
    whole = isinstance(found, dict) and all(isinstance(one, dict) and one for one in found.values())
    if whole and all(isinstance(value, str) and value for one in found.values() for value in one.values()):
        return ""
    return 'does not say values by path and field; write JSON such as {"shop/api": {"token": "…"}}'


def access_key(text: str) -> str:
    """Why the text is no key pair of S3."""
    found = _json(text)
    names = ("accessKeyId", "secretAccessKey")
    whole = isinstance(found, dict) and set(found) == set(names)
    if whole and all(isinstance(value, str) and _KEY.fullmatch(value) for value in found.values()):
        return ""
    return 'is no key pair without quotes and commas; write JSON such as {"accessKeyId": "…", "secretAccessKey": "…"}'


def repository_password(text: str) -> str:
    """Why the text is no password that whoever has the repository cannot guess."""
    short = f"is shorter than {_LEAST} characters, which whoever has the repository guesses; make one with: "
    return word(text) or ("" if len(text) >= _LEAST else f"{short}openssl rand -hex 32")


def _json(text: str) -> Any:
    """What the text says; None when it is no JSON, or nested deeper than anything that is one of ours."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _matching(pattern: re.Pattern[str], text: str, problem: str) -> str:
    return "" if pattern.fullmatch(text) else problem
