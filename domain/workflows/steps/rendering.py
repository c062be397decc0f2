"""The input of a step as its configuration describes it: templates, expressions, and plain values."""

from collections.abc import Mapping

from domain.expressions.expression import compile_expression
from domain.expressions.templates import (
    Template,
    compile_output,
    compile_template,
    template_array,
    template_object,
    template_of,
)
from domain.workflows.fields.members import Member, members_of
from domain.workflows.fields.types import DocumentModel


def rendered(config: DocumentModel) -> Template:
    """The template of an object of the members that are given, or that have a default.

    Expressions that see more than the others of a step do are left out: the executor evaluates them by itself.
    """
    plain = config.model_dump(mode="json", by_alias=True)
    members: dict[str, Template] = {}
    for name, member in members_of(type(config)).items():
        value = getattr(config, member.attribute)
        if value is None or _is_own(member):
            continue
        members[name] = _rendered(member, value, plain[name])
    return template_object(members)


def own_expressions(config: DocumentModel) -> Mapping[str, str]:
    """The sources of the expressions that see more than the others of a step do, by the names of their members."""
    found: dict[str, str] = {}
    for name, member in members_of(type(config)).items():
        value = getattr(config, member.attribute)
        if isinstance(value, DocumentModel):
            found |= {f"{name}.{inner}": source for inner, source in own_expressions(value).items()}
        elif _is_own(member) and isinstance(value, str):
            found[name] = value
    return found


def _is_own(member: Member) -> bool:
    return member.expression is not None and bool(member.expression.roots)


def _rendered(member: Member, value: object, plain: object) -> Template:
    if member.expression is not None:
        return template_of(compile_expression(str(plain)))
    if member.template is not None:
        return compile_template(plain)  # type: ignore[arg-type]
    if member.is_output:
        return compile_output(plain)  # type: ignore[arg-type]
    if isinstance(value, DocumentModel):
        return rendered(value)
    if member.model is not None and isinstance(value, tuple):
        return template_array([rendered(each) for each in value])
    return Template((), plain)  # type: ignore[arg-type]
