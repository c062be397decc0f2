"""Turns typed inputs into the portable document, and a path in the document back into the path in the input.

The two say the same in two ways. Where a document's step has `type` and a plain `config`, GraphQL has a oneOf:

    document  {"id": "a", "type": "HTTP_REQUEST", "config": {"url": …}}
    input     {id: "a", config: {httpRequest: {url: …}}}

The domain validates documents only, so that both ways and every problem go through one place.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar, cast

from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryList, StrawberryOptional, get_object_definition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.lazy_type import LazyType
from strawberry.utils.str_converters import to_camel_case

from domain.kernel.durations import format_duration
from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.json.text import JsonValue
from domain.workflows.steps.conditional import CONDITIONAL
from domain.workflows.steps.for_each import FOR_EACH
from domain.workflows.steps.parallel import PARALLEL
from domain.workflows.steps.registry import step_kinds

CONFIG_KEYS: Mapping[str, str] = {kind.name: kind.input_member for kind in step_kinds().values()}
STEP_TYPES = {key: name for name, key in CONFIG_KEYS.items()}
Members = dict[str, JsonValue]
Writer = Callable[[Any], Any]
InputType = TypeVar("InputType", bound=type)


class RawInput:
    """The base of an input that arrives as it was sent: `given` is all that the client gave, by GraphQL's names."""

    given: Mapping[str, Any]


class TypedDocument(RawInput):
    """The base of an input that has the members of a document."""

    def members(self, *, without: Collection[str] = (), keep_null: bool = False) -> Members:
        """The document's members, in its own terms. Null ones are left out, which means the same."""
        write = _object_writer(type(self))
        chosen = {name: value for name, value in self.given.items() if name not in without}
        return {name: value for name, value in write(chosen).items() if keep_null or value is not None}


def arrives_raw(input_type: InputType) -> InputType:
    """Make Strawberry hand this input over as it is, instead of building an object for each input nested in it."""

    def build(cls: type, value: Mapping[str, Any], _context: InputContext) -> Any:
        raw: RawInput = object.__new__(cls)
        raw.given = value
        return raw

    get_object_definition(input_type, strict=True).from_input = build
    return input_type


def is_raw(input_type: object) -> bool:
    """True when an input arrives as it was sent."""
    return isinstance(input_type, type) and issubclass(input_type, RawInput)


_WRITERS: dict[type, Writer] = {}


def _object_writer(input_type: type) -> Writer:
    """The writer of a coerced input as JSON, without the members that have their default."""
    if input_type not in _WRITERS:
        _WRITERS[input_type] = _new_object_writer(input_type)
    return _WRITERS[input_type]


def _new_object_writer(input_type: type) -> Writer:
    definition = get_object_definition(input_type, strict=True)
    fields = {
        field.graphql_name or to_camel_case(field.python_name): (field.resolve_type(), field.default_value)
        for field in definition.fields
    }
    writers: dict[str, Writer] = {}

    def write(value: Mapping[str, Any]) -> Members:
        if not writers:  # on first use, because inputs refer to each other in circles
            writers.update({name: _writer(type_) for name, (type_, _) in fields.items()})
        return {
            name: None if member is None else writers[name](member)
            for name, member in value.items()
            if fields[name][1] != member
        }

    return write


def _writer(type_: Any) -> Writer:
    if isinstance(type_, StrawberryOptional):
        return _writer(type_.of_type)
    if isinstance(type_, StrawberryList):
        write_item = _writer(type_.of_type)
        return lambda value: [write_item(item) for item in value]
    if isinstance(type_, StrawberryEnumDefinition):
        return lambda value: value.value
    if type_ is timedelta:
        return format_duration
    if isinstance(type_, LazyType):
        return _writer(type_.resolve_type())
    definition = get_object_definition(type_)
    if definition is None:
        return lambda value: value
    write = _object_writer(definition.origin)
    return (lambda value: _step(write(value))) if definition.name == "StepInput" else write


def _step(step: Members) -> Members:
    """`config: {httpRequest: {…}}` as `type: HTTP_REQUEST, config: {…}`."""
    ((key, config),) = cast("Mapping[str, JsonValue]", step["config"]).items()
    return {**step, "type": STEP_TYPES[key], "config": config}


@contextmanager
def problems_of_typed_input(document: Mapping[str, JsonValue]) -> Iterator[None]:
    """Turn the paths of every `InvalidInput` raised inside, about this document, into those in the typed input."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput([typed_problem(problem, document) for problem in error.problems]) from error


def typed_problem(problem: Problem, document: Mapping[str, JsonValue]) -> Problem:
    """A copy of the problem, with its path in the typed input that the document was made from."""
    return replace(problem, path=tuple(_in_object(problem.path, document, ("steps", "onFailure"))))


def _in_object(path: Sequence[str], value: JsonValue, blocks: Collection[str]) -> Iterator[str]:
    """The path through an object of which some members, the `blocks`, are lists of steps."""
    if path:
        name, *rest = path
        yield name
        yield from _in_steps(rest, _member(value, name)) if name in blocks else rest


def _in_steps(path: Sequence[str], steps: JsonValue) -> Iterator[str]:
    if path:
        index, *rest = path
        yield index
        yield from _in_step(rest, _item(steps, index))


def _in_step(path: Sequence[str], step: JsonValue) -> Iterator[str]:
    match path:
        case ["type", *_]:
            yield "config"
        case ["config", *rest]:
            type_ = _member(step, "type")
            yield "config"
            if isinstance(type_, str) and type_ in CONFIG_KEYS:
                yield CONFIG_KEYS[type_]
            yield from _in_config(rest, _member(step, "config"), type_)
        case ["onError", *rest]:
            yield "onError"
            yield from _in_object(rest, _member(step, "onError"), ("steps",))
        case _:
            yield from path


def _in_config(path: Sequence[str], config: JsonValue, type_: JsonValue) -> Iterator[str]:
    match path:
        case ["branches", index, *rest] if type_ == PARALLEL.name:
            yield from ("branches", index)
            yield from _in_object(rest, _item(_member(config, "branches"), index), ("steps",))
        case _:
            yield from _in_object(path, config, _BLOCKS.get(str(type_), ()))


_BLOCKS: Mapping[str, Collection[str]] = {
    CONDITIONAL.name: ("then", "else"),
    FOR_EACH.name: ("steps",),
}


def _member(value: JsonValue, name: str) -> JsonValue:
    return value.get(name) if isinstance(value, Mapping) else None


def _item(value: JsonValue, index: str) -> JsonValue:
    if isinstance(value, Sequence) and index.isdecimal() and int(index) < len(value):
        return value[int(index)]
    return None
