"""The client of a request, as rate limits count it."""

from starlette.types import Scope

from graphql_api.edge.rates import RateExceeded, RateKind, Rates, Standing

ASKER = "stepgraph.asker"
"""The key under which the ASGI scope of a request has its `Asker`."""


class Asker:
    """The client of one connection, as rate limits count it. `standing` is that of the rate that was counted last."""

    __slots__ = ("_rates", "address", "is_exempt", "standing")

    def __init__(self, rates: Rates, address: str) -> None:
        self._rates = rates
        self.address = address
        self.standing: Standing | None = None
        self.is_exempt = rates.is_exempt(address)
        """True when nothing of this client is counted."""

    def spend(self, kind: RateKind, who: str | None = None) -> None:
        """Count one by `who`, a key, or else by the address. Raises `RateExceeded`."""
        standing = self._rates.spend(kind, self.address, who)
        if standing is None:
            return
        self.standing = standing
        if standing.is_over:
            raise RateExceeded(standing)


def address_of(scope: Scope) -> str:
    """The address that a request comes from; empty for a Unix socket."""
    client = scope.get("client")
    return str(client[0]) if client else ""
