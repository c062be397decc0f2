"""Event streams: graphql-sse in its distinct connections mode, and what a browser's EventSource needs beside it.

Protocol: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md. EventSource and resuming:
https://html.spec.whatwg.org/multipage/server-sent-events.html. Lines end in LF, for clients look for an empty one as
two of them.

An event of `executionProgress` has its sequence as its id. A client that comes again with `Last-Event-ID` goes on
after that sequence. A stream that has ended says so with an id of its own: EventSource takes an end for a lost
connection and comes again, and is then told by 204 that there is nothing more.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

from strawberry.http import GraphQLHTTPResponse
from strawberry.http.streaming import JSONEncoder, SSETransport

from graphql_api.kit.stream_position import StreamPosition

COMPLETED = "complete"
"""The id of a stream's last event."""

SINGLE_CONNECTION = b"x-graphql-event-stream-token"
"""The header that clients of graphql-sse send in its single connection mode."""

NO_SINGLE_CONNECTION = (
    "The single connection mode of graphql-sse is not served: use its distinct connections mode "
    "(singleConnection: false), where every operation is a request of its own with Accept: text/event-stream."
)


def read_last_event_id(text: str | None) -> int | None:
    """The sequence in a `Last-Event-ID`; None for anything else, which is ignored."""
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 19 else None


class EventStreamTransport(SSETransport):
    """Writes events as graphql-sse has them, with lines that end in LF."""

    def encode_event(self, event: str, data: str | None = None, id: object = None) -> str:
        """One event. `data` is JSON on one line; browsers drop events without any."""
        head = "" if id is None else f"id: {id}\n"
        return f"{head}event: {event}\ndata: {data or ''}\n\n"

    def encode_complete(self) -> str:
        """The last event."""
        return self.encode_event("complete", id=COMPLETED)

    def encode_comment(self, comment: str) -> str:
        """A comment, which is no event and keeps a quiet connection alive."""
        return f": {comment}\n\n"

    async def frames(
        self,
        results: AsyncIterator[Any],
        position: StreamPosition,
        respond: Callable[[Any], Awaitable[GraphQLHTTPResponse]],
        encode_json: JSONEncoder,
    ) -> AsyncGenerator[str, None]:
        """Every result as an event, and the end of them."""
        async for result in results:
            response = await respond(result)
            yield self.encode_event("next", encode_json(response), id=position.sent)
        yield self.encode_complete()
