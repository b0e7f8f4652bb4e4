"""Domain types of the section `chains`: references, charts and objects of Kubernetes."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from settings import shapes
from settings.shapes import Shape

FOLDER = "folder"
"""Key of the context of validation: where the stack file lies."""

Port = Annotated[int, Field(ge=1, le=65535)]
UserId = Annotated[int, Field(ge=1, le=2147483647)]
ChartRepository = Annotated[
    str,
    Shape(
        shapes.CHART_REPOSITORY,
        "a repository of charts; write a URL that begins with https:// or oci://, without a password",
        "repository of charts, https:// or oci://",
        "https://charts.example.com",
    ),
]
StageReference = Annotated[
    str,
    Shape(
        shapes.STAGE_REFERENCE,
        "a phase, chain or stage; write its name, or chain/stage, such as phase1-infrastructure or data/storage",
        "name of a phase, chain or stage",
        "data/storage",
    ),
]
SecretField = Annotated[
    str,
    Shape(
        shapes.SECRET_FIELD,
        "the field of a secret; write its path, a dot and the field, such as shop/api.token",
        "field of a secret",
        "shop/api.token",
    ),
]
SecretKey = Annotated[
    str,
    Shape(
        shapes.SECRET_KEY,
        "a key of a Secret; use letters, digits, dots, dashes and underscores, at most 253 characters",
        "key of a Secret",
    ),
]
ApiVersion = Annotated[
    str,
    Shape(shapes.API_VERSION, "an apiVersion; write it as objects have it, such as apps/v1", "apiVersion", "apps/v1"),
]
Plural = Annotated[
    str,
    Shape(
        shapes.PLURAL,
        "the plural of a kind; write it as in URLs of the API, such as customresourcedefinitions",
        "plural of a kind",
        "customresourcedefinitions",
    ),
]
ConditionType = Annotated[
    str,
    Shape(shapes.CONDITION_TYPE, "the type of a condition; write one such as Ready", "type of a condition", "Ready"),
]

_PATH = Shape(
    shapes.FOLDER, "a file below the stack file's folder; write its path from there, such as shop/database.yaml", "file"
)


def _text(pattern: re.Pattern[str]) -> dict[str, str]:
    return {"type": "string", "pattern": f"^({pattern.pattern})$"}


_OBJECT: Mapping[str, Any] = {
    "type": "object",
    # Not beside the type, where they would be taken for keys of the stack file.
    "allOf": [
        {
            "properties": {
                "apiVersion": _text(shapes.API_VERSION),
                "kind": _text(shapes.KIND),
                "metadata": {
                    "type": "object",
                    "properties": {"name": _text(shapes.ANY_OBJECT_NAME), "namespace": {"type": "string"}},
                    "required": ["name"],
                },
            },
            "required": ["apiVersion", "kind", "metadata"],
        }
    ],
}


def _is_object(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(metadata := value.get("metadata"), dict):
        return False
    texts = {
        shapes.API_VERSION: value.get("apiVersion"),
        shapes.KIND: value.get("kind"),
        shapes.ANY_OBJECT_NAME: metadata.get("name"),
    }
    there = all(isinstance(one, str) and pattern.fullmatch(one) for pattern, one in texts.items())
    return there and isinstance(metadata.get("namespace", ""), str)


def _object(value: Any) -> Any:
    if not _is_object(value):
        raise ValueError(
            "is no object of Kubernetes; give it apiVersion, kind and metadata.name, as kubectl takes them"
        )
    return value


KubernetesObject = Annotated[dict[str, Any], BeforeValidator(_object), WithJsonSchema(dict(_OBJECT))]


@dataclass(frozen=True)
class ManifestFile:
    """A file of YAML beside the stack file, and the objects in it."""

    path: str
    objects: tuple[dict[str, Any], ...]


class _Loader(yaml.SafeLoader):
    """Takes what looks like a date for text, as kubectl does (sigs.k8s.io/yaml over yaml/v2, decode.go)."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:timestamp"]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


_MOST_VALUES = 100_000
"""More than etcd takes for an object: what comes to more is an alias of an alias of an alias."""


def _as_json(document: Any) -> Any:
    """The document as it goes over the wire, with texts for keys; nothing of it when it cannot."""
    if next(islice(_values(document), _MOST_VALUES, None), None) is not None:
        return {}
    try:
        return json.loads(json.dumps(document, allow_nan=False))
    except (TypeError, ValueError):
        return {}


def _values(document: Any) -> Iterator[str]:
    inside = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    yield "one"
    for value in inside:
        yield from _values(value)


def _read(value: Any, info: ValidationInfo) -> ManifestFile:
    path = _PATH.refuse(value)
    try:
        text = (Path((info.context or {}).get(FOLDER, ".")) / path).read_text(encoding="utf-8")
        documents = [_as_json(one) for one in yaml.load_all(text, _Loader) if one is not None]
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror}); write its path from the stack file's folder") from None
    except UnicodeDecodeError:
        raise ValueError("is no UTF-8 text; save the file in this encoding") from None
    except RecursionError:
        raise ValueError("is nested too deeply; write objects of Kubernetes, as kubectl takes them") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise ValueError(f"is no YAML{where}; check indentation and quotes") from None
    if not documents or not all(map(_is_object, documents)):
        raise ValueError("holds something else than objects of Kubernetes; give each apiVersion, kind and a name")
    return ManifestFile(path, tuple(documents))


Manifests = Annotated[
    ManifestFile,
    PlainValidator(_read),
    PlainSerializer(lambda file: file.path, return_type=str),
    WithJsonSchema(
        {"type": "string", "title": _PATH.title, "pattern": f"^({shapes.FOLDER.pattern})$", "examples": ["shop.yaml"]}
    ),
]
