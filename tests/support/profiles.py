"""The stack files that `make new` writes, one for each profile, from one set of facts."""

import atexit
import functools
import shutil
import tempfile
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from stack_file.load import load_stack_file
from tests.support.program import STACK_FILE
from tools.new_stack import text
from tools.profiles import PROFILES, Facts


@functools.cache
def _directory() -> Path:
    place = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, place)
    return place


@functools.cache
def profile_file(profile: str) -> Path:
    """The file of a stack that is named like its profile."""
    machines = PROFILES[profile].machines
    facts = Facts(
        stack=profile,
        profile=profile,
        domain="home.example.com",
        nodes=IPv4Network("192.168.1.0/24"),
        gateway=IPv4Address("192.168.1.1"),
        first=IPv4Address("192.168.1.200"),
        username="jane",
        name="Jane Doe",
        email="jane@example.com",
        endpoint="https://pve.example.com:8006/" if machines else "",
        hosts=("pve1", "pve2", "pve3") if machines else (),
        context="" if machines else "admin@home",
    )
    file = _directory() / f"Pulumi.{profile}.yaml"
    file.write_text(text(facts, load_stack_file(STACK_FILE)), encoding="utf-8")
    return file
