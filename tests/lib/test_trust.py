"""The CA certificate as a file."""

from pathlib import Path

import pytest

from lib import trust

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
WHERE = Path("build/trust/test-cluster.pem")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout."""
    monkeypatch.setattr(trust, "CHECKOUT", tmp_path)
    return tmp_path


def test_the_certificate_is_written_below_the_checkout_and_its_relative_path_returned(checkout: Path) -> None:
    assert trust.write(PEM, WHERE) == WHERE, "an absolute path would differ on every machine and show in every preview"
    assert (checkout / WHERE).read_text() == PEM, "a provider reads exactly this certificate"


def test_everyone_may_read_it(checkout: Path) -> None:
    trust.write(PEM, WHERE)
    assert (checkout / WHERE).stat().st_mode & 0o777 == 0o644, "it is public, and plugins may run as another user"


def test_an_unchanged_certificate_is_not_written_again(checkout: Path) -> None:
    trust.write(PEM, WHERE)
    before = (checkout / WHERE).stat().st_ino
    trust.write(PEM, WHERE)
    assert (checkout / WHERE).stat().st_ino == before, "a preview must not touch what a running provider has open"


def test_a_new_certificate_takes_the_place_of_the_old_one_in_one_step(checkout: Path) -> None:
    trust.write(PEM, WHERE)
    with (checkout / WHERE).open() as reader:
        trust.write(PEM.replace("MIIB", "MIIC"), WHERE)
        assert reader.read() == PEM, "whoever reads during the change must see one certificate whole"
    assert "MIIC" in (checkout / WHERE).read_text(), "the next reader sees the new one"
    assert [path.name for path in (checkout / WHERE).parent.iterdir()] == [WHERE.name], "nothing is left behind"
