"""Recipients of age (C2SP, age.md): X25519 public keys in Bech32 with the prefix `age`."""

from pydantic import AfterValidator

_PREFIX = "age"
_CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def is_recipient(text: str) -> bool:
    """Whether the checksum of a text that begins with `age1` is right (BIP 173): a mistyped key would lock out."""
    try:
        data = [_CHARACTERS.index(one) for one in text.removeprefix(f"{_PREFIX}1")]
    except ValueError:
        return False
    prefix = [*(ord(one) >> 5 for one in _PREFIX), 0, *(ord(one) & 31 for one in _PREFIX)]
    return _checksum([*prefix, *data]) == 1


def _checksum(values: list[int]) -> int:
    found = 1
    for value in values:
        top = found >> 25
        found = (found & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATORS):
            found ^= generator if top >> place & 1 else 0
    return found


def _checked(text: str) -> str:
    if not is_recipient(text):
        raise ValueError("has a character that age-keygen did not print; copy the public key again")
    return text


recipient = AfterValidator(_checked)
