"""Keys in PowerDNS: those that sign messages (TSIG), and those that sign zones (pdns/ws-auth.cc, dnssecinfra.cc)."""

import base64
import hashlib
import re
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from doubles.loopback import Reply
from doubles.powerdns.records import Entry, RefusalError, unprocessable

_ISC = re.compile(r"Private-key-format: v1\.2\nAlgorithm: 13 \(ECDSAP256SHA256\)\nPrivateKey: (\S+)\n")
_FLAGS, _PROTOCOL, _ALGORITHM = 257, 3, 13
_ALGORITHMS = ("hmac-md5", "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")
_DIGESTS = {1: hashlib.sha1, 2: hashlib.sha256, 4: hashlib.sha384}


def crypto_key(zone: str, privatekey: str) -> Entry | None:
    """Fields of the key; None where it is none."""
    found = _ISC.fullmatch(privatekey)
    if found is None:
        return None
    secret = int.from_bytes(base64.b64decode(found[1]), "big")
    point = ec.derive_private_key(secret, ec.SECP256R1()).public_key().public_numbers()
    public = point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
    rdata = _FLAGS.to_bytes(2, "big") + bytes((_PROTOCOL, _ALGORITHM)) + public
    owner = b"".join(bytes((len(label),)) + label.encode() for label in zone.rstrip(".").split(".")) + b"\0"
    tag, texts = _tag(rdata), {kind: made(owner + rdata).hexdigest() for kind, made in _DIGESTS.items()}
    ds = {kind: f"{tag} {_ALGORITHM} {kind} {text}" for kind, text in texts.items()}
    return {
        "type": "Cryptokey",
        "algorithm": "ECDSAP256SHA256",
        "bits": 256,
        "flags": _FLAGS,
        "dnskey": f"{_FLAGS} {_PROTOCOL} {_ALGORITHM} {base64.b64encode(public).decode()}",
        "ds": list(ds.values()),
        "cds": [ds[2]],
        "privatekey": privatekey,
    }


def _tag(rdata: bytes) -> int:
    """RFC 4034, appendix B."""
    total = sum(octet << 8 if place % 2 == 0 else octet for place, octet in enumerate(rdata))
    return (total + (total >> 16)) & 0xFFFF


@dataclass
class TsigKeys:
    """Keys that sign messages, by name."""

    tsigkeys: dict[str, Entry] = field(default_factory=dict)

    def tsig(self, key: str) -> Entry:
        if key.rstrip(".") not in self.tsigkeys:
            raise RefusalError(404, "Not Found")
        return self.tsigkeys[key.rstrip(".")]

    def known(self, keys: list[str]) -> None:
        for key in keys:
            if key.rstrip(".") not in self.tsigkeys:
                raise unprocessable(f"A TSIG key with the name '{key.rstrip('.')}' does not exist")

    def key_made(self, body: Entry) -> Reply:
        if body["name"] in self.tsigkeys:
            raise RefusalError(409, "Conflict")
        if body["algorithm"] not in _ALGORITHMS:
            raise unprocessable(f"Unknown TSIG algorithm: {body['algorithm']}")
        if re.fullmatch(r"[A-Za-z0-9+/]+=*", body["key"]) is None:
            raise unprocessable(f"TSIG content '{body['key']}' cannot be base64-decoded")
        self.tsigkeys[body["name"]] = {**body, "id": f"{body['name']}.", "type": "TSIGKey"}
        return Reply(201, self.tsigkeys[body["name"]])

    def key_changed(self, key: str, body: Entry) -> Reply:
        self.tsig(key).update({name: body[name] for name in ("algorithm", "key") if name in body})
        return Reply(200, self.tsig(key))

    def key_removed(self, key: str) -> Reply:
        del self.tsigkeys[self.tsig(key)["name"]]
        return Reply(204)
