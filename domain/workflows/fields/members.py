"""The structure of a document's models, so that raw documents can be walked even where they are malformed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_origin

from domain.workflows.fields.types import (
    DocumentModel,
    ExpressionField,
    OutputField,
    RuleNameField,
    SchemaField,
    TemplateField,
)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a model: the meaning of its strings, and the model below it, alone or in an array.

    `name` is its name in a document, `attribute` its name in Python; `is_many` where the models
    stand in an array, `is_free` where any JSON may stand in it.
    """

    name: str
    attribute: str
    expression: ExpressionField | None
    template: TemplateField | None
    is_output: bool
    is_schema: bool
    is_rule_name: bool
    model: type[DocumentModel] | None
    is_many: bool
    is_free: bool

    @property
    def is_block(self) -> bool:
        """True when it holds steps."""
        return self.model is not None and self.model.is_step


@cache
def members_of(model: type[DocumentModel]) -> Mapping[str, Member]:
    """The members of a model by their names in a document."""
    return {
        str(info.alias): _member(str(info.alias), attribute, (info.annotation, *info.metadata))
        for attribute, info in model.model_fields.items()
    }


def _member(name: str, attribute: str, parts: tuple[Any, ...]) -> Member:
    found = list(_flat(parts))
    markers = {type(part): part for part in found}
    models = [part for part in found if isinstance(part, type) and issubclass(part, DocumentModel)]
    return Member(
        name=name,
        attribute=attribute,
        expression=markers.get(ExpressionField),
        template=markers.get(TemplateField),
        is_output=OutputField in markers,
        is_schema=SchemaField in markers,
        is_rule_name=RuleNameField in markers,
        model=models[-1] if models else None,
        is_many=any(get_origin(part) is tuple for part in found),
        is_free=any(part is Any for part in found),
    )


def _flat(parts: tuple[Any, ...]) -> Iterator[Any]:
    for part in parts:
        yield part
        yield from _flat(get_args(part))
