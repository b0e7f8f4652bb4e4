"""Values of the Matrix stack."""

from typing import Any

import yaml

from lib.oidc import MATRIX_UPSTREAM_ID, OidcApplication
from lib.values.matrix_stack import MatrixSecrets, MatrixValues, login_configuration, values

APPLICATION = OidcApplication(
    slug="matrix",
    name="Matrix",
    auth_host="auth.example.com",
    launch_url="https://chat.example.com/",
    redirect_uris=(f"https://account.example.com/upstream/callback/{MATRIX_UPSTREAM_ID}",),
    groups=("matrix-users",),
)
SECRETS = MatrixSecrets(
    synapse_database="synapse-database",
    mas_database="mas-database",
    synapse="synapse",
    mas="mas",
    shared="mas-shared",
    oidc="oidc",
    tls="tls",
)


def built() -> dict[str, Any]:
    return values(
        MatrixValues(
            host="chat.example.com",
            server_name="example.com",
            synapse_host="matrix.example.com",
            account_host="account.example.com",
            application=APPLICATION,
            secrets=SECRETS,
            ca_config_map="cluster-ca",
            storage_class="fast",
            media_size="3Gi",
        )
    )


def provider() -> dict[str, Any]:
    (found,) = login_configuration(APPLICATION)["upstream_oauth2"]["providers"]
    assert isinstance(found, dict), "one provider, so people are sent to it without being asked"
    return found


def test_authentik_is_the_only_login() -> None:
    assert login_configuration(APPLICATION)["passwords"] == {"enabled": False}, "passwords are on by default"
    assert provider()["issuer"] == APPLICATION.issuer, "compared to the letter, slash included"
    assert provider()["id"] in APPLICATION.redirect_uris[0], "the id is part of the redirect URI"


def test_a_new_person_is_named_by_authentik_and_asked_nothing() -> None:
    claims = provider()["claims_imports"]
    assert claims["localpart"] == {"action": "require", "template": "{{ user.preferred_username }}"}, "the user id"
    actions = {claims[attribute]["action"] for attribute in ("localpart", "displayname", "email")}
    assert claims["skip_confirmation"] is True, "there is nothing to choose"
    assert "suggest" not in actions, "skip_confirmation is refused together with a suggestion"


def test_the_client_secret_is_a_file_that_is_mounted() -> None:
    service = built()["matrixAuthenticationService"]
    assert "client_secret" not in provider(), "a value in the configuration would be one in the plan"
    directory = provider()["client_secret_file"].rpartition("/")[0]
    (mount,) = [mount for mount in service["extraVolumeMounts"] if mount["mountPath"] == directory]
    (volume,) = [volume for volume in service["extraVolumes"] if volume["name"] == mount["name"]]
    assert volume["secret"]["secretName"] == "oidc", "the Secret with the client secret"


def test_the_configuration_survives_its_way_through_yaml() -> None:
    additional = built()["matrixAuthenticationService"]["additional"]
    (entry,) = additional.values()
    assert yaml.safe_load(entry["config"]) == login_configuration(APPLICATION), "the templates contain braces"


def test_the_authentication_service_trusts_the_clusters_authority() -> None:
    service = built()["matrixAuthenticationService"]
    (variable,) = service["extraEnv"]
    assert variable["name"] == "SSL_CERT_FILE", "what its TLS library reads"
    directory = variable["value"].rpartition("/")[0]
    assert directory in {mount["mountPath"] for mount in service["extraVolumeMounts"]}, "the file must be there"


def test_nothing_is_left_to_generate() -> None:
    found = built()
    assert found["initSecrets"] == {"enabled": False}, "the hook would make secrets that nobody else knows"
    synapse, service = found["synapse"], found["matrixAuthenticationService"]
    given = [synapse[key] for key in ("signingKey", "macaroon", "registrationSharedSecret")]
    given += [service[key] for key in ("encryptionSecret", "synapseSharedSecret")]
    given += [service["privateKeys"][key] for key in ("rsa", "ecdsaPrime256v1")]
    given += [component["postgres"]["password"] for component in (synapse, service)]
    for credential in given:
        assert set(credential) == {"secret", "secretKey"}, f"{credential} is no reference"


def test_each_side_has_its_own_database() -> None:
    found = built()
    names = [found[side]["postgres"]["database"] for side in ("synapse", "matrixAuthenticationService")]
    assert names == ["synapse", "mas"], "the schemas of the two clash"


def test_the_root_page_of_the_domain_stays_free() -> None:
    redirect = built()["wellKnownDelegation"]["baseDomainRedirect"]
    assert redirect == {"enabled": False}, "the domain belongs to the whole platform"
