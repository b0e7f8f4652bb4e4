"""What a preview takes from the last update, and when the administrator's certificates end."""

import base64
import datetime
from typing import Any
from unittest.mock import patch

import pulumi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lib import last_update
from tests.support.engine import Run, record
from tests.support.wire import UNKNOWN


@pytest.mark.parametrize("year", [2026, 2049, 2050, 2125])
def test_the_end_of_a_certificate_is_read_in_both_forms_of_time(year: int) -> None:
    end = datetime.datetime(year, 11, 26, 20, 4, 5, tzinfo=datetime.UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "admin " * 10)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = builder.serial_number(2**150).not_valid_before(begin).not_valid_after(end).sign(key, hashes.SHA256())
    encoded = base64.b64encode(certificate.public_bytes(serialization.Encoding.PEM)).decode()
    assert last_update.not_after(encoded) == end.isoformat(), "until 2049 the year has two digits"


def kept(outputs: dict[str, Any], *, preview: bool = True, known: bool = False) -> Any:
    """What becomes of an output, where the last update left these."""

    async def answer(token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        assert (token, arguments["name"].count("/")) == ("pulumi:pulumi:readStackOutputs", 2), "of this stack"
        return {"outputs": outputs}

    def program() -> dict[str, Any]:
        given = pulumi.Output.from_input("new")
        if not known:
            given = pulumi.Output(set(), *(_future(value) for value in (None, False, True)))
        return {"kubeconfig": last_update.kept(given, "kubeconfig")}

    with patch("pulumi.runtime.invoke_async", answer):
        return record(program, Run(preview=preview)).stack_outputs


async def _future(value: Any) -> Any:
    return value


LATER, EARLIER = "2999-01-01T00:00:00+00:00", "2001-01-01T00:00:00+00:00"


def test_a_preview_keeps_what_is_only_to_be_renewed() -> None:
    outputs = kept({"kubeconfig": "old", last_update.EXPIRY: LATER})
    assert outputs.values["kubeconfig"] == "old", "the provider is configured as it was"
    assert outputs.is_secret("kubeconfig"), "and nobody sees with what"


@pytest.mark.parametrize(
    "outputs", [{}, {"kubeconfig": "old"}, {"kubeconfig": "old", last_update.EXPIRY: EARLIER}], ids=str
)
def test_a_preview_invents_nothing(outputs: dict[str, Any]) -> None:
    assert kept(outputs).values["kubeconfig"] is UNKNOWN, "there is no cluster yet, or it would refuse"


def test_what_is_known_is_taken_as_it_is() -> None:
    assert kept({"kubeconfig": "old", last_update.EXPIRY: LATER}, known=True).values["kubeconfig"] == "new", "a preview"
    assert kept({"kubeconfig": "old"}, preview=False, known=True).values["kubeconfig"] == "new", "an update"
