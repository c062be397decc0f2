"""Errors of calls to the API: it does not answer, or it answers with errors."""


class ApiUnreachable(Exception):
    """Nothing answers as Stepgraph's API at this address."""

    def __init__(self, url: str, reason: object) -> None:
        super().__init__(f"Stepgraph's API does not answer at {url} ({reason}). Is `stepgraph dev` running?")


class ApiRefused(Exception):
    """The API answered with errors; the message holds all of them."""
