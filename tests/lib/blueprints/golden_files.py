"""Blueprints as they were read and found right: `python -m tests.lib.blueprints.golden_files` writes them anew.

The tests only compare. Who changes a blueprint writes the files, and the change is read in the diff.
"""

from pathlib import Path

from lib import oidc
from lib.blueprints import administrator, application, users
from settings import load_stack_file
from tests.settings.stacks import FIXTURES

GOLDEN = Path(__file__).parent / "golden"
STACK_FILE = FIXTURES / "valid" / "applications.yaml"


def documents(stack_file: Path = STACK_FILE) -> dict[str, str]:
    """Text of every blueprint of a stack file by its slug; every client secret is of the first generation."""
    settings = load_stack_file(stack_file)
    return {
        "users": users.text(settings.identity, oidc.retired_applications(settings)),
        "administrator": administrator.text(1),
        **{one.slug: application.text(one, None if one.public else 1) for one in oidc.applications(settings)},
    }


def main() -> None:
    """Write every file, and delete those of blueprints that are gone."""
    wanted = {GOLDEN / f"{slug}.yaml": text for slug, text in documents().items()}
    for path in GOLDEN.glob("*.yaml"):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
