"""Counters of the API since it started: its operations by type and outcome, and the open subscriptions."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from inspect import isawaitable
from typing import Any

from graphql import GraphQLSchema

from domain.metrics.model import Tally


@dataclass(slots=True)
class ApiActivity:
    """Counters of one process. `operations` are queries and mutations, by (type, outcome): "ok" or "error"."""

    operations: dict[tuple[str, str], Tally] = field(default_factory=dict)
    subscriptions: int = 0

    def ended(self, type: str, *, is_ok: bool, seconds: float) -> None:
        """Count a query or a mutation that has ended."""
        tally = self.operations.setdefault((type, "ok" if is_ok else "error"), Tally())
        tally.completed += 1
        tally.add_duration(timedelta(seconds=seconds))


def count_subscriptions(schema: GraphQLSchema) -> None:
    """Let every subscription of a schema count as open for as long as its stream is read."""
    if schema.subscription_type is not None:
        for each in schema.subscription_type.fields.values():
            if each.subscribe is not None:
                each.subscribe = _counted(each.subscribe)


def _counted(subscribe: Callable[..., Any]) -> Callable[..., Any]:
    async def subscribed(source: Any, info: Any, **arguments: Any) -> AsyncIterator[Any]:
        stream = subscribe(source, info, **arguments)
        if isawaitable(stream):
            stream = await stream
        return _while_open(stream, info.context.services.activity)

    return subscribed


async def _while_open(stream: Any, activity: ApiActivity) -> AsyncIterator[Any]:
    activity.subscriptions += 1
    try:
        async for event in stream:
            yield event
    finally:
        activity.subscriptions -= 1
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
