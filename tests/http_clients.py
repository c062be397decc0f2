"""Outgoing clients for tests, of the transport that a test is run with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from actors.http.client import HttpClient
from actors.http.destinations import DestinationPolicy
from actors.http.library import HttpTransport

LOOPBACK = DestinationPolicy(allow_loopback=True)

_chosen = [HttpTransport.HTTPX]


@contextmanager
def clients_over(transport: HttpTransport) -> Iterator[None]:
    """Make all clients of this transport, until it is left."""
    _chosen.append(transport)
    try:
        yield
    finally:
        _chosen.pop()


def http_client(policy: DestinationPolicy = LOOPBACK, **options: Any) -> HttpClient:
    """A client, to be opened; it may call services on this machine where `policy` does not say otherwise."""
    return HttpClient(policy, user_agent="stepgraph/test", transport=_chosen[-1], **options)
