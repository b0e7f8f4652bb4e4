"""`python -m stack_file.schema [--check]`: JSON Schema of a stack file, for editors to complete with."""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from stack_file import places
from stack_file.model import StackFile
from stack_file.reading import PROJECT
from stack_file.secrets import SECRET_KEYS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "stack.schema.json"
_STALE = 1


class _Generator(GenerateJsonSchema):
    """Shorter than pydantic's own: no titles made from names, and an omitted key is not spelled as null."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        described = super().dict_schema(schema)
        if "patternProperties" in described:
            described["additionalProperties"] = False
        return described

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        if described.get("default", "") is None:
            del described["default"]
        return described


def model_schema() -> dict[str, Any]:
    """JSON Schema of the sections, without the frame of the stack file; types in `$defs`."""
    return StackFile.model_json_schema(by_alias=True, schema_generator=_Generator)


def document() -> dict[str, Any]:
    """JSON Schema (2020-12) of a whole `Pulumi.<stack>.yaml`.

    Unknown keys of this project are refused; keys of providers and of Pulumi itself are none of its business.
    Source of the frame: https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/
    """
    model = model_schema()
    secrets = {
        key.name: {"$ref": "#/$defs/SecretValue", "description": f"{key.purpose[0].upper()}{key.purpose[1:]}."}
        for key in SECRET_KEYS
    }
    named = model["properties"] | secrets
    config = {
        "type": "object",
        # Pulumi puts the project before a key without a prefix.
        "properties": {f"{PROJECT}:{name}": value for name, value in named.items()} | named,
        "allOf": [{"anyOf": [{"required": [f"{PROJECT}:{name}"]}, {"required": [name]}]} for name in model["required"]],
        "patternProperties": {
            f"^(?!{PROJECT}:)[^:]+:[^:]+$": {},
            # No provider has a section for a value: that is one of ours under a mistyped prefix.
            f"^(?!{PROJECT}:)[^:]+:({'|'.join(model['properties'])})$": {"not": {"type": "object"}},
            f"^(?!{PROJECT}:)[^:]+:({'|'.join(secrets)})$": False,
        },
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Stack file of {PROJECT}",
        "description": "Everything that may vary from cluster to cluster, and nothing secret in plain text.",
        "type": "object",
        "properties": {
            "config": config,
            "environment": {"description": "Pulumi ESC environments."},
            "secretsprovider": {"type": "string", "description": "How Pulumi encrypts secrets of this stack."},
            "encryptedkey": {"type": "string", "description": "Written by Pulumi."},
            "encryptionsalt": {"type": "string", "description": "Written by Pulumi."},
        },
        "patternProperties": {f"^{places.APART}": {"description": "Ignored by Pulumi: a place for anchors."}},
        "additionalProperties": False,
        "required": ["config"],
        "$defs": model["$defs"] | {"SecretValue": _SECRET_VALUE},
    }


_SECRET_VALUE = {
    "description": "Encrypted value, written by `pulumi config set --secret`.",
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}


def text() -> str:
    """The document as it is kept in docs/."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def write_or_check(target: Path, wanted: str, arguments: list[str]) -> int:
    """Write a generated file, or with `--check` say whether it is what would be written.

    Returns:
        Exit code: 0, or 1 when the file is stale.
    """
    if "--check" not in arguments:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(wanted, encoding="utf-8")
        return 0
    if target.exists() and target.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"{target.name}: differs from what the model gives; run: make generate", file=sys.stderr)
    return _STALE


if __name__ == "__main__":
    sys.exit(write_or_check(TARGET, text(), sys.argv[1:]))
