"""The position in the event stream of one request."""

from dataclasses import dataclass


@dataclass(slots=True)
class StreamPosition:
    """The position in one request's stream: the sequence that its client has seen, and that of the event being sent."""

    seen: int | None = None
    sent: int | None = None
