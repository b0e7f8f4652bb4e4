"""Every secret of the platform is declared once, with who reads it."""

from collections import Counter

import pytest

from lib import oidc
from lib.names import Namespace
from lib.secret_registry import declare
from lib.secrets import Kind, SecretDeclaration
from settings import load_stack_file, parse
from tests.settings.stacks import FIXTURES, SHIPPED, sections

SETTINGS = load_stack_file(SHIPPED)
DECLARED = declare(SETTINGS)

every = pytest.mark.parametrize("declaration", DECLARED, ids=lambda declaration: declaration.path)


def test_a_path_is_declared_once() -> None:
    twice = [path for path, count in Counter(declaration.path for declaration in DECLARED).items() if count > 1]
    assert twice == [], "two declarations of one path would overwrite each other"


def test_names_of_resources_stay_distinct() -> None:
    names = [declaration.name for declaration in DECLARED]
    assert len(set(names)) == len(names), "dashes for slashes must not make two paths one name"


@every
def test_fields_have_distinct_names_and_refer_to_earlier_ones(declaration: SecretDeclaration) -> None:
    seen: set[str] = set()
    for field in declaration.fields:
        assert field.name not in seen, f"{field.name} stands twice"
        if field.kind in (Kind.HTPASSWD, Kind.RSA_CERTIFICATE):
            assert field.of in seen, f"{field.name} is made of {field.of}, which comes before it"
        seen.add(field.name)


@every
def test_only_namespaces_of_the_platform_read_a_secret(declaration: SecretDeclaration) -> None:
    assert set(declaration.consumers) <= set(Namespace), "a typo would give a secret to nobody, or to somebody else"
    assert declaration.consumers, "a secret that nobody reads is not needed"


@every
def test_random_text_is_long_enough(declaration: SecretDeclaration) -> None:
    weak = [field.name for field in declaration.fields if field.kind is Kind.PASSWORD and field.size < 16]
    assert weak == [], "16 letters and digits are 95 bits"
    short = [field.name for field in declaration.fields if field.kind is Kind.RSA_PRIVATE_KEY and field.size < 2048]
    assert short == [], "NIST SP 800-57 part 1 asks for 2048 bits"


def test_each_application_has_its_client_secret_read_on_both_sides() -> None:
    by_path = {declaration.path: declaration for declaration in DECLARED}
    for application in oidc.applications(SETTINGS):
        declaration = by_path[application.secret_path]
        assert [field.name for field in declaration.fields] == ["client-secret"], f"{application.slug}"
        assert Namespace.AUTHENTIK in declaration.consumers, "Authentik knows the secret of its client"
        if application.slug != "vault":  # Vault is given its secret by the program, not by a Kubernetes Secret
            assert application.slug in declaration.consumers, f"{application.slug} itself reads it"


def test_each_database_password_is_read_by_the_databases_and_by_one_service() -> None:
    for declaration in DECLARED:
        if declaration.path.startswith("postgres/"):
            assert Namespace.DATABASES in declaration.consumers, f"{declaration.path}: the server"
            assert len(declaration.consumers) <= 2, f"{declaration.path}: and one client at most"


def test_a_service_that_is_off_has_no_secret() -> None:
    paths = {declaration.path for declaration in declare(load_stack_file(FIXTURES / "valid" / "services-off.yaml"))}
    strange = [path for path in paths for service in ("gitea", "harbor", "matrix", "synapse", "mas") if service in path]
    assert strange == [], "nothing is generated for what is not brought up"


def test_a_raised_generation_is_that_of_one_secret() -> None:
    raised = parse(sections(SHIPPED) | {"rotation": {"generations": {"oidc/gitea": 2}}})
    assert {declaration.path: declaration.generation for declaration in declare(raised)} == {
        declaration.path: 2 if declaration.path == "oidc/gitea" else 1 for declaration in DECLARED
    }, "the others keep their values"
