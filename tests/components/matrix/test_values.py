"""Values of the Matrix stack."""

import json

import yaml

from components.matrix import authentication, element, homeserver
from tests.components.matrix.built import APPLICATION, SETTINGS, built


def test_the_client_secret_is_a_file_that_is_mounted() -> None:
    service = built()["matrixAuthenticationService"]
    (provider,) = yaml.safe_load(service["additional"]["login.yaml"]["config"])["upstream_oauth2"]["providers"]
    assert "client_secret" not in provider, "a value in the configuration would be one in the plan"
    directory = provider["client_secret_file"].rpartition("/")[0]
    (mount,) = [mount for mount in service["extraVolumeMounts"] if mount["mountPath"] == directory]
    (volume,) = [volume for volume in service["extraVolumes"] if volume["name"] == mount["name"]]
    assert volume["secret"]["secretName"] == "oidc", "the Secret with the client secret"


def test_the_authentication_service_trusts_the_clusters_authority() -> None:
    service = built()["matrixAuthenticationService"]
    (variable,) = service["extraEnv"]
    assert variable["name"] == "SSL_CERT_FILE", "what its TLS library reads"
    directory = variable["value"].rpartition("/")[0]
    assert directory in {mount["mountPath"] for mount in service["extraVolumeMounts"]}, "the file must be there"


def test_nothing_is_left_to_generate() -> None:
    found = built()
    synapse, service = found["synapse"], found["matrixAuthenticationService"]
    given = [synapse[key] for key in ("signingKey", "macaroon", "registrationSharedSecret")]
    given += [service[key] for key in ("encryptionSecret", "synapseSharedSecret")]
    given += [service["privateKeys"][key] for key in ("rsa", "ecdsaPrime256v1")]
    given += [component["postgres"]["password"] for component in (synapse, service)]
    for credential in given:
        assert set(credential) == {"secret", "secretKey"}, f"{credential} is no reference"


def test_each_file_survives_its_way_through_the_values() -> None:
    found = built(administrators=("jane",))
    login = yaml.safe_load(found["matrixAuthenticationService"]["additional"]["login.yaml"]["config"])
    assert login == authentication.configuration(
        APPLICATION, ["jane"], "/etc/oidc/client-secret", "/etc/sessions/client-secret"
    ), "braces and all"
    assert yaml.safe_load(found["synapse"]["additional"]["platform.yaml"]["config"]) == homeserver.configuration(
        SETTINGS
    ), "as YAML"
    text = found["elementWeb"]["additional"]["platform.json"]
    assert json.loads(text) == element.configuration(SETTINGS), "as JSON"
    assert "{{" not in text, "the chart takes this one for a template"


def test_sizes_and_the_tag_of_the_proxy_are_those_of_this_program() -> None:
    found = built()
    media = found["synapse"]["media"]
    assert (media["storage"]["size"], media["maxUploadSize"]) == ("3Gi", "100M"), "sizes of the stack file"
    assert found["haproxy"]["image"]["tag"].count(".") == 2, "the tag of the chart moves from release to release"
