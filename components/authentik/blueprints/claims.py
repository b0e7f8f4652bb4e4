"""What the claims of a token are built from, agreed between people and applications."""

PEOPLE_PATH = "home-cluster/people"
"""Folder of Authentik that holds exactly the people whom a stack file declared at some time."""
SERVICES_PATH = "home-cluster/services"
"""The same of service accounts, whose addresses are not verified."""

EMAIL_MAPPING = "home-cluster email"
"""Scope mapping that takes the place of the packaged one for `email`."""
