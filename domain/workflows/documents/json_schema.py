"""The JSON Schema of workflow documents, for editors and for programs that write documents.

It is generated from the models and shipped as `domain/workflows/workflow.schema.json`; after a change of the models:
`python -m domain.workflows.documents.json_schema > domain/workflows/workflow.schema.json`.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from domain.workflows.documents.workflow import WorkflowDocument
from domain.workflows.steps.kind import AnyKind
from domain.workflows.steps.registry import SHIPPED, step_kinds

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/$defs/{model}"


def document_schema(kinds: Iterable[AnyKind] = SHIPPED) -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) that every valid document with steps of these kinds meets.

    It is less strict than the checks.
    """
    kinds = tuple(kinds)
    models: list[type[BaseModel]] = [WorkflowDocument, *(kind.config for kind in kinds)]
    references, generated = models_json_schema(
        [(model, "validation") for model in models],
        by_alias=True,
        ref_template=_REFERENCE,
        schema_generator=_Generator,
    )
    definitions = generated["$defs"]
    root = definitions.pop("WorkflowDocument")
    definitions["StepType"] = {
        "description": "The types of steps.",
        "enum": [kind.name for kind in kinds],
        "title": "StepType",
        "type": "string",
    }
    step = definitions["StepDocument"]
    step["properties"]["type"] = {"$ref": _REFERENCE.format(model="StepType")}
    step["properties"]["config"] = {"type": "object", "description": "What the step does: see the step's type."}
    step["allOf"] = [
        {
            "if": {"properties": {"type": {"const": kind.name}}, "required": ["type"]},
            "then": {"properties": {"config": references[kind.config, "validation"]}},
        }
        for kind in kinds
    ]
    return {"$schema": _DIALECT, **root, "title": "Stepgraph workflow", "$defs": dict(sorted(definitions.items()))}


@cache
def installed_schema() -> Mapping[str, Any]:
    """The schema with all kinds that there are in this process, those of installed distributions as well.

    It is generated once.
    """
    return document_schema(step_kinds().values())


def schema_text() -> str:
    """The schema as it is shipped."""
    return json.dumps(document_schema(), indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """A generator without a title for every member, which would only repeat its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


if __name__ == "__main__":
    sys.stdout.write(schema_text())
