"""Login to the API server as a control plane of the program is told it, with a double of Authentik."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from doubles.authentik import Authentik, Client, Held, Person
from doubles.certificates import Authority
from doubles.loopback import serving
from tests.real.proxy import proxying
from tests.support.recording import Recording

_MACHINE = "talos:machine/configurationApply:ConfigurationApply"
_FLAG = "authentication-config"
_FILE = "authentication.yaml"


@dataclass(frozen=True)
class Login:
    """How people log in.

    Attributes:
        authentik: The double, with kubectl as its client.
        flags: Of the API server.
        variables: Of its environment.
    """

    authentik: Authentik
    client: Client
    host: str
    flags: dict[str, str]
    variables: dict[str, str]

    @property
    def issuer(self) -> str:
        """Of the tokens."""
        return f"https://{self.host}/application/o/{self.client.slug}/"

    def token(self, person: Person) -> str:
        """What kubectl has on the machine of a person who logged in."""
        return self.authentik.tokens.id_token(person, self.client, {})


@contextlib.contextmanager
def offered(program: Recording, directory: Path) -> Iterator[Login]:
    """The login that the machines of `program` are configured for; its file is written to `directory`."""
    configuration = _configuration(program)
    (offer,) = configuration["jwt"]
    issuer = offer["issuer"]
    authority = Authority("platform")
    # In a recording the certificate is a made-up text.
    issuer["certificateAuthority"] = authority.pem.decode()
    file = directory / _FILE
    file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    (audience,) = issuer["audiences"]
    host, slug = str(urlsplit(issuer["url"]).hostname), issuer["url"].rstrip("/").rpartition("/")[2]
    client = Client(slug=slug, client_id=audience, redirect_uris=())
    authentik = Authentik(Held(host, {audience: client}))
    with (
        serving(authentik.respond, authority.server([host])) as double,
        proxying({f"{host}:443": urlsplit(double.url).port or 0}) as proxy,
    ):
        yield Login(authentik, client, host, {_FLAG: str(file)}, {"HTTPS_PROXY": proxy.url})


def _configuration(program: Recording) -> dict[str, Any]:
    """The file that a control plane is given for the flag of its API server."""
    for machine in program.of_type(_MACHINE):
        documents = [one for one in yaml.safe_load_all(machine.get("machineConfigurationInput")) if one]
        flags = [one.get("cluster", {}).get("apiServer", {}).get("extraArgs", {}) for one in documents]
        files = [file for one in documents for file in one.get("machine", {}).get("files", ())]
        contents = {file["path"]: file["content"] for file in files}
        for flag in flags:
            if _FLAG in flag:
                configuration: dict[str, Any] = yaml.safe_load(contents[flag[_FLAG]])
                return configuration
    raise AssertionError(f"no control plane is given --{_FLAG}")
