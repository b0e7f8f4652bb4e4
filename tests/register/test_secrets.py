"""Every secret of the platform is declared once, with who reads it."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from declarations import shared_secrets as platform_secrets
from lib.names import SystemNamespace
from lib.secrets import Field, Kind, SecretDeclaration
from register import logins
from register.namespaces import platform_namespaces
from register.secrets import declare
from stack_file.load import load_stack_file, parse
from tests.stack_file.stacks import FIXTURES, SHIPPED, sections

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
    strange = set(declaration.consumers) - platform_namespaces(SETTINGS)
    assert strange == set(), "a typo would give a secret to nobody, or to somebody else"
    assert declaration.consumers or declaration.used_by_program, "a secret that nobody reads is not needed"


@every
def test_random_text_is_long_enough(declaration: SecretDeclaration) -> None:
    weak = [field.name for field in declaration.fields if field.kind is Kind.PASSWORD and field.size < 16]
    assert weak == [], "16 letters and digits are 95 bits"
    short = [field.name for field in declaration.fields if field.kind is Kind.RSA_PRIVATE_KEY and field.size < 2048]
    assert short == [], "NIST SP 800-57 part 1 asks for 2048 bits"


def test_each_application_has_its_client_secret_read_on_both_sides() -> None:
    by_path = {declaration.path: declaration for declaration in DECLARED}
    for application in logins.applications(SETTINGS):
        declaration = by_path[application.secret_path]
        assert [field.name for field in declaration.fields] == ["client-secret"], f"{application.slug}"
        assert SystemNamespace.AUTHENTIK in declaration.consumers, "Authentik knows the secret of its client"
        if application.slug != "vault":  # Vault is given its secret by the program, not by a Kubernetes Secret
            assert application.slug in declaration.consumers, f"{application.slug} itself reads it"


def test_each_database_password_is_read_by_the_databases_and_by_one_service() -> None:
    for declaration in DECLARED:
        if declaration.path.startswith("postgres/"):
            assert SystemNamespace.DATABASES in declaration.consumers, f"{declaration.path}: the server"
            assert len(declaration.consumers) <= 2, f"{declaration.path}: and one client at most"


_SERVICES = ("gitea", "harbor", "matrix")


def _of_services_that_are_off(*, keep_data: bool) -> dict[str, SecretDeclaration]:
    stack = sections(FIXTURES / "valid" / "services-off.yaml")
    stack |= {service: stack[service] | {"keepData": keep_data} for service in _SERVICES}
    owners = (*_SERVICES, "synapse", "mas")
    return {one.path: one for one in declare(parse(stack)) if any(owner in one.path for owner in owners)}


def test_a_service_that_is_off_keeps_the_keys_of_what_it_stored_and_nothing_else() -> None:
    kept, running = _of_services_that_are_off(keep_data=True), {one.path: one for one in DECLARED}
    assert set(kept) == {path for path, one in running.items() if one.permanent and path.startswith(_SERVICES)}, (
        "without them nobody could read what lies in the volumes and databases"
    )
    assert "matrix/signing-key" in kept, "other servers know the homeserver by it"
    for path, one in kept.items():
        assert one.fields == running[path].fields, f"{path}: the same values as before, not new ones"
        assert one.readers == (), f"{path}: nobody is there to read it"


def test_a_service_that_is_off_and_keeps_no_data_has_no_secret() -> None:
    assert _of_services_that_are_off(keep_data=False) == {}, "nothing is generated for what is not brought up"


def test_a_raised_generation_is_that_of_one_secret() -> None:
    raised = parse(sections(SHIPPED) | {"rotation": {"generations": {"oidc/gitea": 2}}})
    assert {declaration.path: declaration.generation for declaration in declare(raised)} == {
        declaration.path: 2 if declaration.path == "oidc/gitea" else 1 for declaration in DECLARED
    }, "the others keep their values"


@pytest.mark.parametrize(
    ("service", "path"),
    [
        *(("gitea", "gitea/server"), ("gitea", "oidc/gitea"), ("gitea", "gitea/runner-registration")),
        *(
            ("harbor", "harbor/server"),
            ("harbor", "harbor/robot-puller"),
            ("matrix", "matrix/mas"),
            ("vault", "oidc/vault"),
        ),
    ],
)
def test_the_generation_of_a_secret_outlives_the_service(service: str, path: str) -> None:
    """Otherwise switching it off would need a second change, and switching it on again would lose the number."""
    file = sections(SHIPPED)
    file[service] |= {"oidc": False} if service == "vault" else {"enabled": False}
    if service == "gitea":
        file[service].pop("organisations")
    off = declare(parse(file | {"rotation": {"generations": {path: 2}}}))
    assert path not in [one.path for one in off], "it is no secret while the service is off"
    with pytest.raises(ValueError, match=f"{path}x: is no secret of this stack; did you mean {path}"):
        declare(parse(file | {"rotation": {"generations": {f"{path}x": 2}}}))


def _extra(**changes: Any) -> dict[str, Any]:
    section = {"extra": {"shop/api": {"fields": {"token": {"kind": "hex", "size": 24}}, "reflectTo": ["shop"]}}}
    return sections(SHIPPED) | {"secrets": section | changes}


def test_a_secret_of_the_stack_file_is_declared_like_all_others() -> None:
    declared = {one.path: one for one in declare(parse(_extra(namespaces=["shop"])))}
    one = declared["shop/api"]
    assert [(field.name, field.kind, field.size) for field in one.fields] == [("token", Kind.HEX, 24)], "its values"
    assert [(str(reader), reader.reflect_to) for reader in one.readers] == [
        ("external-secrets/extra-shop-api", ("shop",))
    ], "one Secret, and copies in the namespaces of the file only"


def test_a_secret_of_the_stack_file_is_rotated_like_all_others() -> None:
    raised = parse(_extra(namespaces=["shop"]) | {"rotation": {"generations": {"shop/api": 4}}})
    assert {one.path: one.generation for one in declare(raised)}["shop/api"] == 4, "its path is a key"


@pytest.mark.parametrize("namespace", ["shop", "matrix", "flux-system"])
def test_copies_go_only_to_namespaces_that_there_are(namespace: str) -> None:
    off = {"matrix": sections(SHIPPED)["matrix"] | {"enabled": False}}
    off |= {"gitops": sections(SHIPPED)["gitops"] | {"enabled": False}}
    off |= {"harbor": sections(SHIPPED)["harbor"] | {"robots": {}}}  # one has a copy in Flux' namespace
    extra = {"shop/api": {"fields": {"token": {}}, "reflectTo": [namespace]}}
    with pytest.raises(
        ValueError, match=f"secrets.extra.shop/api.reflectTo: {namespace} is no namespace of this stack"
    ):
        declare(parse(_extra(extra=extra) | off))
    declare(parse(_extra(extra=extra, namespaces=[namespace]) | off))


def test_every_defect_of_the_section_is_told_at_once() -> None:
    extra = {
        "gitea/admin": {"fields": {"token": {}}, "reflectTo": ["gitea"]},
        "shop/api": {"fields": {"a-previous": {}}, "reflectTo": ["nowhere"]},
    }
    with pytest.raises(ValueError, match="two writers") as refused:
        declare(parse(_extra(extra=extra)))
    assert len(str(refused.value).splitlines()) == 3, f"{refused.value}"


def test_two_declarations_of_one_path_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_secrets, "DATABASE_OWNER", platform_secrets.PROBE)
    with pytest.raises(ValueError, match="external-secrets/probe: is declared twice, so two would write platform/"):
        declare(SETTINGS)


def test_a_secret_that_nobody_reads_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    lonely = replace(platform_secrets.PROBE, readers=())
    monkeypatch.setattr(platform_secrets, "PROBE", lonely)
    with pytest.raises(ValueError, match="external-secrets/probe: has no reader"):
        declare(SETTINGS)


@pytest.mark.parametrize("reader", [{"namespace": "giteaa"}, {"reflect_to": ("giteaa",)}], ids=["reader", "copy"])
def test_an_unknown_consumer_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, reader: dict[str, Any]) -> None:
    (known,) = platform_secrets.PROBE.readers
    monkeypatch.setattr(platform_secrets, "PROBE", replace(platform_secrets.PROBE, readers=(replace(known, **reader),)))
    with pytest.raises(
        ValueError, match=r"external-secrets/probe: .* would be in giteaa, which is no namespace"
    ) as told:
        declare(SETTINGS)
    assert "gitea, harbor" in str(told.value), "the namespaces that there are"


def test_a_kind_that_cannot_be_kept_has_no_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Field(name="key", kind=Kind.RSA_PRIVATE_KEY, size=2048, overlap=True)
    monkeypatch.setattr(platform_secrets, "PROBE", replace(platform_secrets.PROBE, fields=(key,)))
    with pytest.raises(ValueError, match=r"probe\.key: rsa-private-key keeps no previous value"):
        declare(SETTINGS)
