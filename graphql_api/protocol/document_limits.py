"""Limits of the size of an operation's document, checked in time linear in that size.

Strawberry's own limiters walk a fragment once for each path to it, so that a query of a kilobyte takes minutes. Here
every fragment is measured once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    ListValueNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
)
from graphql.language import Visitor, visit

from graphql_api.protocol.validation_work import TooMuchWork, check_validation_work

TOO_COMPLEX_CODE = "OPERATION_TOO_COMPLEX"
"""The `extensions.code` of an operation that is over a limit."""

_ENDLESS = 10**9
_KEYS: dict[type[Node], tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationLimits:
    """The most that one document and one operation may have, fragments counted wherever they are spread."""

    document_bytes: int
    tokens: int
    fragments: int
    depth: int
    fields: int
    aliases: int
    variables: int
    directives: int
    literals: int
    work: int


@dataclass(frozen=True, slots=True)
class _Size:
    depth: int = 0
    fields: int = 0
    aliases: int = 0

    def beside(self, other: "_Size") -> "_Size":
        return _Size(
            max(self.depth, other.depth),
            min(_ENDLESS, self.fields + other.fields),
            min(_ENDLESS, self.aliases + other.aliases),
        )


def excesses(document: DocumentNode, limits: OperationLimits) -> Iterator[GraphQLError]:
    """An error for each limit that an operation of the document is over, or for the first that a fragment is over."""
    fragments = fragments_of(document)
    counted = _counted(document, limits)
    if counted is not None:
        yield counted
        return
    measured: dict[str, _Size] = {}

    def measure(selections: SelectionSetNode | None) -> _Size:
        size = _Size()
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                inner = measure(selection.selection_set)
                size = size.beside(
                    _Size(inner.depth + 1, inner.fields + 1, inner.aliases + (selection.alias is not None))
                )
            elif isinstance(selection, InlineFragmentNode):
                size = size.beside(measure(selection.selection_set))
            elif isinstance(selection, FragmentSpreadNode):
                size = size.beside(measure_fragment(selection.name.value))
        return size

    def measure_fragment(name: str) -> _Size:
        if name not in measured:
            measured[name] = _Size()  # a fragment that spreads itself adds nothing here; validation refuses it
            if name in fragments:
                measured[name] = measure(fragments[name].selection_set)
        return measured[name]

    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    found = [error for each in operations for error in _over_limits(measure(each.selection_set), limits, each)]
    if not found:  # fragments that nobody spreads would be validated too
        spread = (each for each in document.definitions if isinstance(each, FragmentDefinitionNode))
        errors = (error for each in spread for error in _over_limits(measure(each.selection_set), limits, each))
        found = list(islice(errors, 1))
    yield from found


def _over_limits(size: _Size, limits: OperationLimits, node: Node) -> Iterator[GraphQLError]:
    for what, count, most in (
        ("levels", size.depth, limits.depth),
        ("fields", size.fields, limits.fields),
        ("aliases", size.aliases, limits.aliases),
    ):
        if count > most:
            yield _over(what, most, node)


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The fragments of a document by their names."""
    return {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }


def excess_of_work(document: DocumentNode, limits: OperationLimits) -> GraphQLError | None:
    """The error of a document that would cost too much to validate, though nothing of it is too large by itself."""
    try:
        check_validation_work(document, fragments_of(document), limits.work)
    except TooMuchWork:
        return GraphQLError(
            f"Validating the document would take more than {limits.work:,} units of work: select each field once in a "
            "place, and send operations that share fragments one by one.",
            extensions={"code": TOO_COMPLEX_CODE},
        )
    return None


def _counted(document: DocumentNode, limits: OperationLimits) -> GraphQLError | None:
    """The error for the first kind of node that there are too many of, each counted once where it is written."""
    counts = {
        "fragment_definition": ("fragments", limits.fragments),
        "variable_definition": ("variables", limits.variables),
        "directive": ("directives", limits.directives),
        "literal": ("arguments and values in lists and objects", limits.literals),
    }
    found = dict.fromkeys(counts, 0)
    waiting: list[Node] = [document]
    while waiting:
        node = waiting.pop()
        kind = "literal" if node.kind in ("argument", "object_field", "list_value") else node.kind
        if kind in counts:
            found[kind] += len(node.values) if isinstance(node, ListValueNode) else 1
            what, most = counts[kind]
            if found[kind] > most:
                return _over(what, most)
        for key in _keys_of(type(node)):
            below = getattr(node, key, None)
            if isinstance(below, Node):
                waiting.append(below)
            elif isinstance(below, list | tuple):
                waiting.extend(below)
    return None


def _keys_of(kind: type[Node]) -> tuple[str, ...]:
    """The members of a type of node, kept here because graphql-core collects them anew for each node."""
    keys = _KEYS.get(kind)
    if keys is None:
        keys = _KEYS[kind] = tuple(kind.keys)
    return keys


def _over(what: str, most: int, node: Node | None = None) -> GraphQLError:
    return GraphQLError(
        f"The operation has more than {most:,} {what}: split it, or select less.",
        node,
        extensions={"code": TOO_COMPLEX_CODE},
    )


def unstorable_strings(document: DocumentNode) -> list[GraphQLError]:
    """An error for each string literal with U+0000, which PostgreSQL cannot store and no filter can match."""
    found: list[GraphQLError] = []

    class Strings(Visitor):
        def enter_string_value(self, node: StringValueNode, *_: object) -> None:
            if "\0" in node.value:
                found.append(GraphQLError("A string cannot contain U+0000.", [node]))

    visit(document, Strings())
    return found
