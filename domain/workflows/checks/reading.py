"""The structure of a document's models, so that raw documents can be walked even where they are malformed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from domain.kernel.statuses import StepType
from domain.workflows.document_types import DocumentModel, ExpressionField, OutputField, TemplateField
from domain.workflows.steps import STEP_CONFIGS, StepConfig, StepDocument


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a model: the meaning of its strings, and the model below it, alone or in an array."""

    name: str
    expression: ExpressionField | None
    is_template: bool
    is_output: bool
    model: type[DocumentModel] | None

    @property
    def is_block(self) -> bool:
        """True when it holds steps."""
        return self.model is StepDocument


@cache
def members_of(model: type[DocumentModel]) -> Mapping[str, Member]:
    """The members of a model by their names in a document."""
    fields = model.model_fields.values()
    return {str(info.alias): _member(str(info.alias), (info.annotation, *info.metadata)) for info in fields}


def model_of_config(step: Mapping[Any, Any]) -> type[StepConfig] | None:
    """The model that the configuration of a raw step should meet; None when its type is unknown."""
    kind = step.get("type")
    return STEP_CONFIGS.get(StepType(kind)) if isinstance(kind, str) and kind in StepType.__members__ else None


def _member(name: str, parts: tuple[Any, ...]) -> Member:
    expression, is_template, is_output, model = None, False, False, None
    for part in _flat(parts):
        if isinstance(part, ExpressionField):
            expression = part
        elif isinstance(part, TemplateField):
            is_template = True
        elif isinstance(part, OutputField):
            is_output = True
        elif isinstance(part, type) and issubclass(part, DocumentModel):
            model = part
    return Member(name, expression, is_template, is_output, model)


def _flat(parts: tuple[Any, ...]) -> Iterator[Any]:
    for part in parts:
        yield part
        yield from _flat(get_args(part))
