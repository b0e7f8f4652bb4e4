"""Keys in PowerDNS: those that sign messages (TSIG), and those that sign zones (DNSSEC)."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.gate import WaitingError
from scripts.powerdns_api import PowerDns, RefusedError

_BEFORE_SECRET, _SECRET_OCTETS = bytes.fromhex("0201010420"), 32
"""In a private key of P-256: version 1, octet string (RFC 5915)."""
_SHA256 = "2"


def tsig(api: PowerDns, generations: dict[str, int], algorithm: str, folder: Path) -> Iterator[str]:
    """Every TSIG key as its file has it. A Secret that was just renewed reaches its pods a little later."""
    mounted = json.loads((folder / "generations").read_text(encoding="utf-8")) if generations else {}
    if mounted != generations:
        raise WaitingError(f"the TSIG keys as mounted here are still of the generations {mounted}")
    for name in generations:
        wanted = {"name": name, "algorithm": algorithm, "key": (folder / name).read_text(encoding="utf-8").strip()}
        found = api.find(f"/tsigkeys/{name}.")
        if found is None:
            api.write("POST", "/tsigkeys", wanted)
            yield f"TSIG key {name} made"
        elif any(found[field] != value for field, value in wanted.items()):
            api.write("PUT", f"/tsigkeys/{name}.", wanted)
            yield f"TSIG key {name} has its declared value again"


def forgotten(api: PowerDns, names: set[str]) -> Iterator[str]:
    """Takes away TSIG keys that zones of ours named."""
    for name in sorted(names):
        if api.find(f"/tsigkeys/{name}.") is not None:
            api.write("DELETE", f"/tsigkeys/{name}.")
            yield f"TSIG key {name} removed"


def signing(api: PowerDns, zone: str, pem: str, ds: dict[str, str]) -> Iterator[str]:
    """The zone is signed with this key; others that it has are left alone. `ds` gets what its parent must say."""
    path = f"/zones/{zone}/cryptokeys"
    key = _isc(pem)
    for found in api.find(path) or []:
        if _secret(api.write("GET", f"{path}/{found['id']}").get("privatekey", "")) == _secret(key):
            if not found["active"] or not found["published"]:
                api.write("PUT", f"{path}/{found['id']}", {"active": True, "published": True})
                yield f"zone {zone} is signed again with the declared key"
            ds[zone] = next((one for one in found["ds"] if one.split()[2] == _SHA256), "")
            return
    api.write("POST", path, {"keytype": "csk", "active": True, "published": True, "privatekey": key})
    api.write("PUT", f"/zones/{zone}/rectify")
    yield f"zone {zone} is signed"


def _isc(pem: str) -> str:
    """The key as BIND writes it, which PowerDNS reads (makeFromISCString in pdns/dnssecinfra.cc)."""
    body = base64.b64decode("".join(line for line in pem.splitlines() if "-----" not in line))
    before, _, after = body.partition(_BEFORE_SECRET)
    if not before.startswith(b"\x30") or len(after) < _SECRET_OCTETS:
        raise RefusedError("its key is none of P-256 in PEM, as `BEGIN EC PRIVATE KEY`")
    secret = base64.b64encode(after[:_SECRET_OCTETS]).decode()
    return f"Private-key-format: v1.2\nAlgorithm: 13 (ECDSAP256SHA256)\nPrivateKey: {secret}\n"


def _secret(key: str) -> str:
    return next((line.partition(": ")[2].strip() for line in key.splitlines() if line.startswith("PrivateKey:")), "")


def named(zone: dict[str, Any], metadata: dict[str, list[str]]) -> set[str]:
    """TSIG keys that a zone names."""
    return {name.rstrip(".") for name in (*zone["master_tsig_key_ids"], *metadata.get("TSIG-ALLOW-DNSUPDATE", []))}
