"""The JSON Schema of workflow documents, for editors and for programs that write documents.

It is generated from the models and shipped as `domain/workflows/workflow.schema.json`; after a change of the models:
`python -m domain.workflows.document_schema > domain/workflows/workflow.schema.json`.
"""

import json
import sys
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from domain.workflows.document import WorkflowDocument
from domain.workflows.steps import STEP_CONFIGS

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/$defs/{model}"


def document_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) that every valid document meets; it is less strict than the checks."""
    models: list[type[BaseModel]] = [WorkflowDocument, *STEP_CONFIGS.values()]
    _, generated = models_json_schema(
        [(model, "validation") for model in models],
        by_alias=True,
        ref_template=_REFERENCE,
        schema_generator=_Generator,
    )
    definitions = generated["$defs"]
    step = definitions["StepDocument"]
    step["properties"]["config"] = {"type": "object", "description": "What the step does: see the step's type."}
    step["allOf"] = [
        {
            "if": {"properties": {"type": {"const": kind.value}}, "required": ["type"]},
            "then": {"properties": {"config": {"$ref": _REFERENCE.format(model=model.__name__)}}},
        }
        for kind, model in STEP_CONFIGS.items()
    ]
    root = definitions.pop("WorkflowDocument")
    return {"$schema": _DIALECT, **root, "title": "Stepgraph workflow", "$defs": definitions}


def schema_text() -> str:
    """The schema as it is shipped."""
    return json.dumps(document_schema(), indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """A generator without a title for every member, which would only repeat its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


if __name__ == "__main__":
    sys.stdout.write(schema_text())
