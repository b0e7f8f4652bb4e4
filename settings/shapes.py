"""Patterns of the texts in a stack file. The JSON Schema has them too, so they are what Python and ECMA-262 both read:
no `\\d` or `\\w`, which take digits and letters of every script in Python.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOTTED = rf"{_LABEL}(\.{_LABEL})+"
_CONTROL = r"\x00-\x1f\x7f-\x9f"
_NUMBER = r"(0|[1-9][0-9]{0,5})"
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_PORT = r"(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?"
# A name without dots is a host of a URL, too, and so is an address; a user is not part of it, nor a password.
_ANY_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?=[^/:]{{1,253}}([/:]|$)){_ANY_LABEL}(\.{_ANY_LABEL})*"
_URL_CHARACTER = rf"[^\s{_CONTROL}?#\[\]{{}}|\\^`\"<>]"
_PATH = rf"(/{_URL_CHARACTER}*)?"
_SEGMENT = r"(?!\.\.?(/|$))[A-Za-z0-9._-]+"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"

NETWORK = rf"^{_OCTET}(\.{_OCTET}){{3}}/(3[0-2]|[12]?[0-9])$"

TEXT = re.compile(rf"(?=.{{1,253}}$)[^\s{_CONTROL}]([^{_CONTROL}]*[^\s{_CONTROL}])?")
NAME = re.compile(_LABEL)
ANNOTATION = re.compile(rf"{_DOTTED}/(?=.{{1,63}}$){_ANY_LABEL}([._]{_ANY_LABEL})*")
OBJECT_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
# PVE::JSONSchema, `pve-node`; as a label of the node, too.
PROXMOX_NODE = re.compile(_ANY_LABEL)
HOSTNAME = re.compile(rf"(?=.{{1,253}}$)(?!.*\.[0-9]+$){_DOTTED}")
HOST_OR_ADDRESS = re.compile(rf"{HOSTNAME.pattern}|{_OCTET}(\.{_OCTET}){{3}}")
HOST_KEY = re.compile(r"(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]{60,}={0,2}")
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
EMAIL = re.compile(rf"(?=.{{1,254}}$)(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@{_ANY_LABEL}(\.{_ANY_LABEL})+")
QUANTITY = re.compile(r"[1-9][0-9]{0,5}(Ki|Mi|Gi|Ti)")
EXACT_VERSION = re.compile(rf"v?{_NUMBER}(\.{_NUMBER}){{2}}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?")
MINOR_VERSION = re.compile(rf"v{_NUMBER}\.{_NUMBER}")
INTERVAL = re.compile(r"[1-9][0-9]{0,4}[smh]")
LIFETIME = re.compile(r"[1-9][0-9]{0,4}[dwy]")
UPLOAD_SIZE = re.compile(r"[1-9][0-9]{0,5}[KM]")
# Of which names of Secrets and ExternalSecrets are made, with words around it.
SECRET_PATH = re.compile(rf"(?=.{{1,200}}$){_LABEL}(/{_LABEL})+")
SECRET_FIELD = re.compile(rf"(?=.{{1,264}}$){_LABEL}(/{_LABEL})+\.{_LABEL}")
# Of Kubernetes (apimachinery, IsConfigMapKey); a chain, a stage of it, and what stands in the URLs of its API.
SECRET_KEY = re.compile(r"(?!\.\.?$)(?=.{1,253}$)[A-Za-z0-9._-]+")
STAGE_REFERENCE = re.compile(rf"{_LABEL}(/{_LABEL})?")
API_VERSION = re.compile(rf"({_LABEL}(\.{_LABEL})*/)?v[0-9]+((alpha|beta)[0-9]+)?")
KIND = re.compile(r"[A-Z][A-Za-z0-9]{0,62}")
# Of most kinds it is narrower, but roles have colons in it (apimachinery, IsValidPathSegmentName).
ANY_OBJECT_NAME = re.compile(rf"(?!\.\.?$)[^\s/%{_CONTROL}]{{1,253}}")
PLURAL = re.compile(r"[a-z][a-z0-9]{0,62}")
CONDITION_TYPE = re.compile(rf"({_DOTTED}/)?[A-Za-z0-9]([A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?")

HTTPS_URL = re.compile(rf"https://{_HOST}{_PORT}{_PATH}")
WEB_URL = re.compile(rf"https?://({_HOST}|\[[0-9A-Fa-f:.]+\]){_PORT}{_PATH}")
# Of boto3 and minio-go: a path behind the host is no part of what requests are signed for.
ENDPOINT = re.compile(rf"https?://{_HOST}{_PORT}/?")
# Amazon's rules, which everybody else's buckets fit, too; a name like an address is none.
BUCKET = re.compile(r"(?!.*\.\.)(?![0-9.]*$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
EXPORT_PATH = re.compile(rf"(/{_SEGMENT})+/?")
# A moment in UTC (RFC 3339), to the second: what every client of the archive reads the same way.
MOMENT = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")
AGE_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")
REDIRECT_URI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*://[^\s{_CONTROL}:/?#\[\]{{}}|\\^`\"<>@]+{_PORT}([/?#][^\s{_CONTROL}\[\]{{}}|\\^`\"<>]*)?"
)
GIT_URL = re.compile(rf"(https://|ssh://([A-Za-z0-9._-]+@)?){_HOST}{_PORT}/{_URL_CHARACTER}+")
GIT_REF = re.compile(r"(?!.*\.\.)refs(/(?!\.)[A-Za-z0-9._@+=,#-]+(?<!\.)(?<!\.lock)){2,}")
_KEY_KIND = r"(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521))"
KNOWN_HOST = re.compile(rf"(\[[A-Za-z0-9.:-]+\]:[0-9]{{1,5}}|[A-Za-z0-9.:-]+) {_KEY_KIND} [A-Za-z0-9+/]{{60,}}=*")
FOLDER = re.compile(rf"\./?|(\./)?{_SEGMENT}(/{_SEGMENT})*/?")
CHART_REPOSITORY = re.compile(rf"(oci|https)://{_HOST}{_PORT}{_PATH}")
CHART_MIRROR = re.compile(rf"(oci|https?)://{_HOST}{_PORT}{_PATH}|(?!.*://){TEXT.pattern}")

# PVE::Storage, `parse_storage_id`; an interface of Linux; PVE::AccessControl, `pve-tokenid`.
DATASTORE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]")
BRIDGE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,14}")
TOKEN_ID = re.compile(rf"[^@!=\s:/{_CONTROL}]+@[A-Za-z][A-Za-z0-9._-]+![A-Za-z][A-Za-z0-9._-]+")
EXTENSION = re.compile(r"[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*")

# Of Kubernetes (apimachinery, pkg/util/validation): a qualified name, and what a label and a taint are made of.
_QUALIFIED = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_KEY = rf"((?=[^/]{{1,253}}/){_LABEL}(\.{_LABEL})*/)?{_QUALIFIED}"
LABEL_KEY = re.compile(_KEY)
LABEL_VALUE = re.compile(rf"({_QUALIFIED})?")
TAINT = re.compile(rf"{_KEY}(=({_QUALIFIED})?)?:(NoSchedule|PreferNoSchedule|NoExecute)")
# PVE::JSONSchema, `pve-configid`; the serial number of a disk has 20 characters at most (PVE::QemuServer::Drive).
PCI_MAPPING = re.compile(r"[A-Za-z][A-Za-z0-9_-]+")
DATA_DISK = re.compile(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?")

PROJECT_NAME = re.compile(r"(?=.{1,255}$)[a-z0-9]+([._-][a-z0-9]+)*")
PROJECT_SCOPE = re.compile(rf"\*|{PROJECT_NAME.pattern}")
ROBOT_NAME = re.compile(r"(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*")
FORGE_NAME = re.compile(r"(?=.{1,40}$)[a-z0-9]+([-._][a-z0-9]+)*")
# Of RFC 2181 any octet is a name; these are what hosts, services (RFC 2782) and challenges have.
_RECORD_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
RECORD_NAME = re.compile(rf"(?=.{{1,253}}$)(@|\*|(\*\.)?{_RECORD_LABEL}(\.{_RECORD_LABEL})*)")
METADATA_KIND = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*")
JOB_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_REPOSITORY = r"[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9._-]+)+"
ARTIFACT_REPOSITORY = re.compile(rf"{_REPOSITORY}(:[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})?")
CERTIFICATES = re.compile(r"(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----\n*)+")
IMAGE = re.compile(rf"{_REPOSITORY}(:v?[0-9]+(\.[0-9]+)+[A-Za-z0-9_.-]*)(@sha256:[0-9a-f]{{64}})?")


@dataclass(frozen=True)
class Shape:
    """What a text must look like, beside `str` in an annotation.

    Attributes:
        pattern: What all of it matches.
        wanted: What it has to be, and how to write it, for the message.
        title: How the JSON Schema and the configuration reference call it.
        example: One of the kind.
    """

    pattern: re.Pattern[str]
    wanted: str
    title: str
    example: str = ""

    def refuse(self, value: Any) -> Any:
        """Says what is wanted also of a value that Pulumi reads as a number, as 10 for a size or 1.13 for a version."""
        if isinstance(value, str) and self.pattern.fullmatch(value) is not None:
            return value
        if isinstance(value, bool | int | float) and self.pattern.fullmatch(json.dumps(value)) is not None:
            read = "true or false" if isinstance(value, bool) else f"the number {value}"
            raise ValueError(f"is read as {read}; put it in quotes")
        raise ValueError(f"is not {self.wanted}")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.refuse, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        del schema, handler
        shown = {"type": "string", "title": self.title, "pattern": f"^({self.pattern.pattern})$"}
        return shown | ({"examples": [self.example]} if self.example else {})
