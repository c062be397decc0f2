"""Executing an operation within the budget of its answer, and without holding the event loop for long.

graphql-core completes a list in one go, and everything below it that is there already. Here a long list is completed
in turns. The turns of one operation come one after the other, also where many of its lists become ready at once.
"""

from collections.abc import Awaitable, Iterable
from typing import Any

from graphql import GraphQLOutputType, GraphQLResolveInfo, Undefined, is_leaf_type
from graphql.pyutils import Path, gather_with_cancel
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from domain.kernel.json.text import JsonText
from domain.webhooks.hook_mask import HookMask
from graphql_api.kit.answer_budget import AnswerBudget

_LONG = 50
"""The number of items above which a list is always completed in turns."""

# Called for every object and every value of every answer: looked up once.
_execute_fields = StrawberryGraphQLCoreExecutionContext.execute_fields
_complete_leaf_value = StrawberryGraphQLCoreExecutionContext.complete_leaf_value


class BudgetedExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor, which counts what the answer will have."""

    _answer: AnswerBudget
    _mask: HookMask | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answer = self.context_value.answer
        self._mask = self.context_value.hook_mask

    def execute_fields(
        self, parent_type: Any, source_value: Any, path: Path | None, grouped_field_set: Any, position_context: Any
    ) -> Any:
        """The fields of an object. Raises `LimitExceeded`."""
        answer = self._answer
        answer.values -= len(grouped_field_set)
        if answer.values < 0 or answer.is_exceeded:
            raise answer.exceeded()
        return _execute_fields(self, parent_type, source_value, path, grouped_field_set, position_context)

    def complete_leaf_value(self, return_type: Any, result: Any) -> Any:  # type: ignore[override]
        """The value of a scalar or an enum. Raises `LimitExceeded`."""
        value = return_type.coerce_output_value(result)
        kind = type(value)
        if kind is str or kind is dict or kind is list or kind is JsonText:
            self._answer.spend_json(value)
            if self._mask is not None:
                return self._answer.masked(value, self._mask)
        elif value is None or value is Undefined:
            return _complete_leaf_value(return_type, result)  # which says what is wrong
        return value

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: Any,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> Any:
        """The items of a list, one turn after the other where there are many, or where others have waited."""
        answer = self._answer
        if is_leaf_type(getattr(item_type, "of_type", item_type)):
            answer.spend_values(len(items) if isinstance(items, list) else 0)
        elif (isinstance(items, list) and len(items) > _LONG) or answer.is_turn_over:
            return self._in_turns(item_type, field_details_list, info, path, items, position_context)
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    async def _in_turns(
        self,
        item_type: GraphQLOutputType,
        field_details_list: Any,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> list[Any]:
        answer = self._answer
        completed: list[Any] = []
        awaited: list[int] = []
        try:
            async with answer.turn:  # nothing is awaited in here but the next turn
                for index, item in enumerate(items):
                    if answer.is_turn_over:
                        await answer.yield_turn()
                    item_path = path.add_key(index, None)
                    if self.complete_list_item_value(
                        item, completed, item_type, field_details_list, info, item_path, position_context
                    ):
                        awaited.append(index)
        except BaseException:
            if awaited:
                self.settle_in_background([completed[index] for index in awaited])
            raise
        pending: list[Awaitable[Any]] = [completed[index] for index in awaited]
        for index, value in zip(awaited, await gather_with_cancel(*pending) if pending else (), strict=True):
            completed[index] = value
        return completed
