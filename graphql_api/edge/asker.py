"""Who asks, as far as counting goes."""

from starlette.types import Scope

from graphql_api.edge.rates import RateExceeded, RateKind, Rates, Standing

ASKER = "stepgraph.asker"
"""Where the scope of a request has its `Asker`."""


class Asker:
    """Who asks on one connection, as far as counting goes, and how it stands: the last that was counted, or is over."""

    __slots__ = ("_rates", "address", "is_exempt", "standing")

    def __init__(self, rates: Rates, address: str) -> None:
        self._rates = rates
        self.address = address
        self.standing: Standing | None = None
        self.is_exempt = rates.is_exempt(address)
        """Whether nothing of it is counted."""

    def spend(self, kind: RateKind, who: str | None = None) -> None:
        """Count one. Raises `RateExceeded`."""
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
