"""Where the event stream of one request is."""

from dataclasses import dataclass


@dataclass(slots=True)
class StreamPosition:
    """Where the stream of one request is: the sequence that its client has seen, and that of the event being sent."""

    seen: int | None = None
    sent: int | None = None
