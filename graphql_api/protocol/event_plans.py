"""Writing the events of a subscription: what a client selected is compiled once, not interpreted for every event.

graphql-core walks the selection for each event anew, which costs more than everything else that a delta needs. Most
selections of live updates are plain attributes of values that are there already, and those become a plan: for each
field the name to answer with, the attribute to read and the way to write it. A selection with anything else in it (a
resolver, an interface, a union), and an event that does not go through a plan, are left to graphql-core, so that a
plan can only ever be faster, never different.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from inspect import isawaitable
from typing import Any

from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLIncludeDirective,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    get_directive_values,
    is_abstract_type,
    is_leaf_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from domain.kernel.errors import LimitExceeded
from graphql_api.kit.answer_budget import AnswerBudget
from graphql_api.kit.large_values import DeferredValue
from graphql_api.protocol.execution import BudgetedExecutor

Writer = Callable[[Any], Any]

_SIZED = ("String", "JSON", "Expression")
"""Scalars whose values may be of any size."""


class NoPlan(Exception):
    """The selection, or this event, must be executed by graphql-core."""


class PlanningExecutor(BudgetedExecutor):
    """Strawberry's executor, which executes the events of a subscription by a plan where there is one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plan: Writer | None = None
        root = self.schema.subscription_type
        if self.operation.operation is OperationType.SUBSCRIPTION and root is not None:
            with suppress(NoPlan):
                self._plan = Planner(self).root(root, self.operation.selection_set)

    def build_per_event_executor(self, payload: Any) -> Any:
        """The executor of one event; graphql-core calls only its `execute_operation`."""
        self.context_value.begin_event()
        if self._plan is not None:
            return PlannedEvent(self._plan, payload, self._anew)
        return self._unplanned(payload)

    def _anew(self, payload: Any) -> Any:
        self.context_value.begin_event()
        return self._unplanned(payload)

    def _unplanned(self, payload: Any) -> Any:
        return BudgetedEvent(super().build_per_event_executor(payload), self.context_value.answer)


class BudgetedEvent:
    """One event, executed by graphql-core, or the one error of an event that is over its budget."""

    __slots__ = ("_answer", "_executor")

    def __init__(self, executor: Any, answer: AnswerBudget) -> None:
        self._executor = executor
        self._answer = answer

    def execute_operation(self, serially: bool | None = None) -> Any:
        """The answer, or an awaitable of it."""
        result = self._executor.execute_operation(serially)
        return self._awaited(result) if isawaitable(result) else self._checked(result)

    async def _awaited(self, result: Any) -> Any:
        return self._checked(await result)

    def _checked(self, result: Any) -> Any:
        return _over(self._answer.exceeded()) if self._answer.is_exceeded else result


class PlannedEvent:
    """One event, executed by a plan if it can be."""

    __slots__ = ("_executor", "_payload", "_plan")

    def __init__(self, plan: Writer, payload: Any, executor: Callable[[Any], Any]) -> None:
        self._plan = plan
        self._payload = payload
        self._executor = executor

    def execute_operation(self, serially: bool | None = None) -> Any:
        """The answer; what the plan cannot write is executed again by graphql-core, which knows how to report it."""
        try:
            return ExecutionResult(self._plan(self._payload))
        except LimitExceeded as error:
            return _over(error)
        except Exception:
            return self._executor(self._payload).execute_operation(serially)


def _over(error: LimitExceeded) -> ExecutionResult:
    return ExecutionResult(None, [GraphQLError(str(error), original_error=error)])


class Planner:
    """Compiles the selections of one operation, whose variables and fragments are those of `executor`."""

    def __init__(self, executor: BudgetedExecutor) -> None:
        self._schema = executor.schema
        self._fragments = executor.fragment_definitions
        self._variables = executor.variable_values
        self._answer = executor.context_value.answer
        self._mask = executor.context_value.hook_mask

    def root(self, root: GraphQLObjectType, selections: SelectionSetNode) -> Writer:
        """The plan of the operation: the event is the value of its one field. Raises `NoPlan`."""
        fields = self._collect(root, [selections])
        if len(fields) != 1:
            raise NoPlan
        ((name, nodes),) = fields.items()
        write = self._value(root.fields[nodes[0].name.value].type, nodes)
        return lambda event: {name: write(event)}

    def _object(self, object_type: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Writer:
        members: list[tuple[str, str, Writer]] = []
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        for name, same in self._collect(object_type, sets).items():
            if same[0].name.value == "__typename":
                members.append((name, "__class__", lambda _: object_type.name))
            else:
                field = object_type.fields[same[0].name.value]
                members.append((name, _attribute(field.extensions), self._value(field.type, same)))
        answer, count = self._answer, len(members)

        def write_object(value: Any) -> dict[str, Any]:
            answer.values -= count
            if answer.values < 0:
                raise answer.exceeded()
            return {name: write(getattr(value, attribute)) for name, attribute, write in members}

        return write_object

    def _value(self, type_: GraphQLOutputType, nodes: Sequence[FieldNode]) -> Writer:
        if isinstance(type_, GraphQLNonNull):
            write_given = self._given(type_.of_type, nodes)

            def write_required(value: Any) -> Any:
                if value is None:
                    raise NoPlan
                return write_given(value)

            return write_required
        write = self._given(type_, nodes)
        return lambda value: None if value is None else write(value)

    def _given(self, type_: GraphQLOutputType, nodes: Sequence[FieldNode]) -> Writer:
        """The writer of a value that is not null."""
        if isinstance(type_, GraphQLList):
            write_item = self._value(type_.of_type, nodes)
            return lambda items: [write_item(item) for item in items]
        if isinstance(type_, GraphQLObjectType):
            return self._object(type_, nodes)
        if is_leaf_type(type_):
            return self._counted(type_.coerce_output_value) if type_.name in _SIZED else type_.coerce_output_value
        raise NoPlan

    def _counted(self, coerce: Writer) -> Writer:
        spend, mask = self._answer.spend_json, self._mask

        def write(value: Any) -> Any:
            coerced = coerce(value)
            if type(coerced) is DeferredValue:
                raise NoPlan
            spend(coerced)
            return coerced if mask is None else mask.masked(coerced)

        return write

    def _collect(
        self, object_type: GraphQLObjectType, selection_sets: Sequence[SelectionSetNode]
    ) -> dict[str, list[FieldNode]]:
        """The selected fields by the name to answer with, those of fragments in their place."""
        fields: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for selections in selection_sets:
            for node in self._flat(object_type, selections, seen):
                fields.setdefault((node.alias or node.name).value, []).append(node)
        return fields

    def _flat(
        self, object_type: GraphQLObjectType, selections: SelectionSetNode, seen: set[str]
    ) -> Iterator[FieldNode]:
        for node in selections.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                if condition is None or self._applies(condition.name.value, object_type):
                    yield from self._flat(object_type, node.selection_set, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self._fragments[node.name.value]
                if self._applies(fragment.type_condition.name.value, object_type):
                    yield from self._flat(object_type, fragment.selection_set, seen)

    def _is_included(self, node: SelectionNode) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def _applies(self, condition: str, object_type: GraphQLObjectType) -> bool:
        if condition == object_type.name:
            return True
        named = self._schema.type_map[condition]
        return is_abstract_type(named) and self._schema.is_sub_type(named, object_type)


def _attribute(extensions: Mapping[str, Any]) -> str:
    """The attribute that a plain field reads. Raises `NoPlan` for a field with a resolver."""
    field = extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(field, StrawberryField) or not field.is_basic_field:
        raise NoPlan
    return field.python_name
