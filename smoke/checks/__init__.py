"""Every check of a site, in the order of the table."""

from __future__ import annotations

from smoke.check import Check
from smoke.checks import doors, images, people
from smoke.site import Site


def suite(site: Site) -> list[Check]:
    """What can be asked from outside; what cannot (who talks to Vault, rotation) the tests of the program prove."""
    return [*doors.checks(site), *people.checks(site), *images.checks(site)]
