"""The cost of making an operation's arguments from its variables, in units of about a microsecond.

graphql-core makes them in one go, and Strawberry an object for each input that does not arrive raw. Before that, what
the variables hold is counted along their types, and no further than what may be spent. JSON is taken as it is, and
costs nothing here.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    type_from_ast,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graphql_api.protocol.document_limits import TOO_COMPLEX_CODE
from graphql_api.workflows.documents import is_raw

_ITEM = 1
"""Units for an item in a list of scalars."""
_OBJECT = 5
_BUILT = 20
"""Units for an input for which Strawberry makes an object, and for a raw one at the root."""


class TooMuchWork(Exception):
    """The work is more than may be spent."""


def excess_of_input_work(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None, most: int
) -> GraphQLError | None:
    """The error of an operation whose variables would cost more than `most` units to make arguments of."""
    if not variables:
        return None
    work = _Work(most)
    try:
        for definition in operation.variable_definitions or ():
            value = variables.get(definition.variable.name.value)
            if isinstance(value, dict | list):
                type_ = type_from_ast(schema, definition.type)
                if type_ is not None:
                    work.spend(value, type_, is_built=not _is_raw(get_named_type(type_)), is_root=True)
    except TooMuchWork:
        return GraphQLError(
            f"The variables would take more than {most:,} units of work: send fewer items at once "
            "(STEPGRAPH_MAX_INPUT_WORK), or a workflow as a document to applyWorkflow.",
            extensions={"code": TOO_COMPLEX_CODE},
        )
    return None


class _Work:
    def __init__(self, most: int) -> None:
        self._left = most

    def spend(self, value: Any, type_: Any, *, is_built: bool, is_root: bool = False) -> None:
        """Spend the cost of making an argument of this type from a value. Raises `TooMuchWork`."""
        if isinstance(type_, GraphQLNonNull):
            type_ = type_.of_type
        if isinstance(type_, GraphQLList):
            items = value if isinstance(value, list) else (value,)
            if isinstance(get_named_type(type_), GraphQLInputObjectType):
                for item in items:
                    self.spend(item, type_.of_type, is_built=is_built, is_root=is_root)
            else:
                self._take(len(items) * _ITEM)
        elif isinstance(type_, GraphQLInputObjectType):
            self._take(_BUILT if is_built or is_root else _OBJECT)
            if not isinstance(value, dict):  # which graphql-core will say
                return
            for name, inner in _inner_inputs(type_).items():
                member = value.get(name)
                if member is not None:
                    self.spend(member, inner, is_built=is_built)

    def _take(self, units: int) -> None:
        self._left -= units
        if self._left < 0:
            raise TooMuchWork


@cache
def _inner_inputs(type_: GraphQLInputObjectType) -> Mapping[str, GraphQLInputType]:
    """The members of an input that are lists, inputs, or lists of these."""
    found = {}
    for name, field in type_.fields.items():
        bare = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        if isinstance(bare, GraphQLList | GraphQLInputObjectType):
            found[name] = bare
    return found


def _is_raw(type_: Any) -> bool:
    definition = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return is_raw(getattr(definition, "origin", None))
