"""Ids and names of the Image Factory."""

import pytest

from components.talos.schematic import Schematic, System, verified

GUEST_AGENT = "siderolabs/qemu-guest-agent"
SYSTEM = System(schematic=Schematic.of(GUEST_AGENT))
SIGNED = System(schematic=Schematic.of(GUEST_AGENT), secure_boot=True)


@pytest.mark.parametrize(
    ("extensions", "identifier"),
    [
        ((), "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"),
        ((GUEST_AGENT,), "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515"),
    ],
    ids=["plain", "guest agent"],
)
def test_the_id_is_the_one_the_factory_is_known_to_give(extensions: tuple[str, ...], identifier: str) -> None:
    assert Schematic.of(*extensions).id == identifier, "every URL is built from this id; another one is another image"


def test_the_order_of_extensions_makes_no_other_image() -> None:
    one, other = (GUEST_AGENT, "siderolabs/iscsi-tools"), ("siderolabs/iscsi-tools", GUEST_AGENT)
    assert Schematic.of(*one) == Schematic.of(*other), (
        "reordering a list in the stack file must not replace every image"
    )


def test_other_extensions_make_another_image() -> None:
    assert Schematic.of(GUEST_AGENT).id != Schematic.of(GUEST_AGENT, "siderolabs/tailscale").id, (
        "a new extension must reach the nodes"
    )


def test_a_version_without_the_letter_names_the_same_release() -> None:
    assert SYSTEM.image_url("factory.talos.dev", "abc", "1.13.7") == SYSTEM.image_url(
        "factory.talos.dev", "abc", "v1.13.7"
    ), "the factory knows only v1.13.7, and people write both"


@pytest.mark.parametrize(("system", "suffix"), [(SYSTEM, ""), (SIGNED, "-secureboot")])
def test_image_and_installer_are_of_one_schematic_and_one_kind(system: System, suffix: str) -> None:
    identifier = system.schematic.id
    image = system.image_url("factory.test", identifier, "v1.13.7")
    assert image.endswith(f"/{identifier}/v1.13.7/nocloud-amd64{suffix}.qcow2"), (
        "Proxmox opens no raw.xz, and only the nocloud image reads the address from the cloud-init drive"
    )
    installer = system.installer("factory.test", "v1.13.7")
    assert installer == f"factory.test/nocloud-installer{suffix}/{identifier}:v1.13.7", (
        "an upgrade with another schematic, or another platform's installer, would drop the guest agent"
    )


def test_every_image_has_a_file_name_of_its_own() -> None:
    others = (System(schematic=Schematic.of()), SIGNED)
    names = {*(one.file_name("v1.13.7") for one in (SYSTEM, *others)), SYSTEM.file_name("v1.13.8")}
    assert len(names) == 4, "an image is never overwritten in place, because a machine may be importing it"


@pytest.mark.failure("bad-schematic")
def test_a_factory_that_disagrees_about_the_id_is_reported_with_both_ids() -> None:
    expected = Schematic.of(GUEST_AGENT)
    with pytest.raises(ValueError, match=rf"talos.extensions.*{'0' * 64}.*{expected.id}"):
        verified("0" * 64, expected)


def test_an_agreeing_factory_changes_nothing() -> None:
    expected = Schematic.of()
    assert verified(expected.id, expected) == expected.id, "the id goes through as it came"
