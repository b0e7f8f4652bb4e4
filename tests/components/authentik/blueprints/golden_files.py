"""Blueprints as they were read and found right, one of each form.

`python -m tests.components.authentik.blueprints.golden_files` writes them anew.

The tests only compare. Who changes a blueprint writes the files, and the change is read in the diff.
"""

from pathlib import Path

from components.authentik.blueprints import administrator, application, paths, proxied, token, users
from declarations.forward_auth import proxied_applications
from register import logins
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES

GOLDEN = Path(__file__).parent / "golden"
STACK_FILE = FIXTURES / "valid" / "applications.yaml"
ALIKE = {"wiki", "token-who-is-there", "harbor", "notes", "vault", "gitea"}
"""Differ from `printer`, `mail-login`, `grafana` and `kubernetes` in names and values alone; tests ask for those."""


def documents(stack_file: Path = STACK_FILE) -> dict[str, str]:
    """Text of every blueprint of a stack file by its slug; every secret is of the first generation."""
    settings = load_stack_file(stack_file)
    behind = proxied_applications(settings)
    outpost = {paths.OUTPOST: proxied.outpost(settings.identity.host, [one.slug for one in behind])} if behind else {}
    return {
        "users": users.text(settings.identity, logins.retired_applications(settings), settings.second_factor_groups),
        "administrator": administrator.text(1),
        **{one.slug: application.text(one, None if one.public else 1) for one in logins.applications(settings)},
        **{one.slug: proxied.text(one) for one in behind},
        **outpost,
        **{paths.token(name): token.text(name, one, 1) for name, one in settings.identity.tokens.items()},
    }


def kept() -> dict[str, str]:
    """Those that have a file."""
    return {slug: text for slug, text in documents().items() if slug not in ALIKE}


def main() -> None:
    """Write every file, and delete those of blueprints that are gone."""
    wanted = {GOLDEN / f"{slug}.yaml": text for slug, text in kept().items()}
    for path in GOLDEN.glob("*.yaml"):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
