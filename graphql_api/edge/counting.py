"""Counting what clients ask for: requests and hooks by address, operations and subscriptions by key."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from inspect import isawaitable
from typing import Any

from graphql import GraphQLResolveInfo, GraphQLSchema
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry.types.graphql import OperationType

from domain.kernel.errors import ErrorCode, LimitExceeded
from graphql_api.context import Context
from graphql_api.edge.asker import ASKER, Asker, address_of
from graphql_api.edge.gateway import Refusal, refuse
from graphql_api.edge.rates import RateExceeded, RateKind, Rates

_KINDS = {OperationType.QUERY: RateKind.QUERIES, OperationType.MUTATION: RateKind.MUTATIONS}


class CountedByAddress:
    """The application behind the rates of addresses. Answers have the headers that report how a client stands."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self._app = app
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request or a WebSocket on, or answer 429."""
        kind = _kind_of(scope)
        if kind is None:
            await self._app(scope, receive, send)
            return
        asker = scope[ASKER] = Asker(self._rates, address_of(scope))
        if asker.is_exempt:
            await self._app(scope, receive, send)
            return
        try:
            asker.spend(kind)
        except RateExceeded as error:
            headers, wait = tuple(error.standing.headers()), error.standing.reset
            await refuse(scope, send, Refusal(429, str(error), ErrorCode.LIMIT_EXCEEDED, headers, wait))
            return

        async def telling(message: Message) -> None:
            standing = asker.standing
            if message["type"] == "http.response.start" and standing is not None:
                message["headers"] = [*message.get("headers", ()), *standing.headers()]
                if standing.is_over:
                    message["status"] = 429
            await send(message)

        await self._app(scope, receive, telling)


def _kind_of(scope: Scope) -> RateKind | None:
    """The rate that a request counts for; None for uncounted ones: health, metrics, files, and CORS preflights."""
    if scope["type"] not in ("http", "websocket") or scope.get("method") == "OPTIONS":
        return None
    if scope["path"] == "/graphql":
        return RateKind.REQUESTS
    return RateKind.HOOKS if scope["path"].startswith("/hooks/") else None


def count_operation(context: Context | None, operation_type: Callable[[], OperationType]) -> None:
    """Count a query or a mutation by its key, or by its address where there is none. Raises `RateExceeded`."""
    if context is None or context.asker is None or context.asker.is_exempt:
        return
    kind = _KINDS.get(operation_type())
    if kind is not None:
        context.asker.spend(kind, _key_of(context))


def limit_subscriptions(schema: GraphQLSchema, most: int) -> None:
    """Let every key, or every address without one, have at most `most` subscriptions open in this process."""
    open_ones: Counter[str] = Counter()
    if schema.subscription_type is not None:
        for field in schema.subscription_type.fields.values():
            if field.subscribe is not None:
                field.subscribe = _limited(field.subscribe, open_ones, most)


def _limited(subscribe: Callable[..., Any], open_ones: Counter[str], most: int) -> Callable[..., Any]:
    async def subscribed(source: Any, info: GraphQLResolveInfo[Context], **arguments: Any) -> AsyncIterator[Any]:
        asker = info.context.asker
        if asker is None or asker.is_exempt:
            stream = subscribe(source, info, **arguments)
            return await stream if isawaitable(stream) else stream  # type: ignore[no-any-return]
        who = _key_of(info.context) or asker.address
        if open_ones[who] >= most:
            raise LimitExceeded(
                f"There are {most:,} subscriptions open with this key, the most there may be:"
                " end some (STEPGRAPH_MAX_SUBSCRIPTIONS_PER_KEY)."
            )
        open_ones[who] += 1
        try:
            stream = subscribe(source, info, **arguments)
            if isawaitable(stream):
                stream = await stream
        except BaseException:
            _release(open_ones, who)
            raise
        return _Released(stream, lambda: _release(open_ones, who))

    return subscribed


class _Released:
    """A stream that calls `release` when it is over, also where no event was ever read from it."""

    def __init__(self, stream: AsyncIterator[Any], release: Callable[[], None]) -> None:
        self._stream = stream
        self._release: Callable[[], None] | None = release

    def __aiter__(self) -> "_Released":
        return self

    async def __anext__(self) -> Any:
        try:
            return await anext(self._stream)
        except BaseException:
            self._end()
            raise

    async def aclose(self) -> None:
        """End the stream."""
        self._end()
        close = getattr(self._stream, "aclose", None)
        if close is not None:
            await close()

    def __del__(self) -> None:
        self._end()

    def _end(self) -> None:
        if self._release is not None:
            self._release()
            self._release = None


def _release(open_ones: Counter[str], who: str) -> None:
    open_ones[who] -= 1
    if open_ones[who] <= 0:
        del open_ones[who]


def _key_of(context: Context) -> str | None:
    key_id = context.principal.key_id
    return None if key_id is None else str(key_id)
