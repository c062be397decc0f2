"""Authenticating clients: wrong keys are counted by address, cost little, and are put into the audit now and then."""

import asyncio
import logging
from collections import OrderedDict
from datetime import datetime, timedelta

from domain.access.model import AuditEntry, Principal
from domain.access.ports import AuditLog
from domain.access.service import AccessService
from domain.kernel.clock import Clock
from domain.kernel.errors import ErrorCode, Unauthenticated
from graphql_api.edge.connections import network_of
from graphql_api.edge.rates import RateExceeded, RateKind, Rates

_AT_ONCE = 8
"""The most unknown keys that are looked up at a time: so many guesses may go beyond an address's rate."""
_NOTED_EVERY = timedelta(minutes=10)
_MOST_NOTED = 200
"""The most addresses with an entry in the audit within `_NOTED_EVERY`; further ones are left out."""

logger = logging.getLogger("stepgraph.access")


class KeyGate:
    """Authenticates clients. An address with too many wrong keys waits, unless its key is known to be right."""

    def __init__(self, access: AccessService, *, rates: Rates, audit: AuditLog, clock: Clock) -> None:
        self._access = access
        self._rates = rates
        self._audit = audit
        self._clock = clock
        self._strangers = asyncio.Semaphore(_AT_ONCE)
        self._noted: OrderedDict[str, datetime] = OrderedDict()

    async def authenticate(self, authorization: str | None, address: str) -> Principal:
        """The principal. Raises `Unauthenticated`, `RateExceeded` after too many wrong keys, `Unavailable`."""
        if not authorization or self._access.recognises(authorization):
            return await self._access.authenticate(authorization)
        async with self._strangers:
            standing = self._rates.stands(RateKind.WRONG_KEYS, address)
            if standing is not None and standing.is_over:
                raise RateExceeded(standing)
            try:
                return await self._access.authenticate(authorization)
            except Unauthenticated:
                self._rates.spend(RateKind.WRONG_KEYS, address)
                self._note(network_of(address))
                raise

    def _note(self, network: str) -> None:
        """Put a wrong key into the audit, at most once in `_NOTED_EVERY` for each address."""
        now = self._clock.now()
        while self._noted and not now - _NOTED_EVERY < next(iter(self._noted.values())) <= now:
            self._noted.popitem(last=False)
        if network in self._noted or len(self._noted) >= _MOST_NOTED:
            return
        self._noted[network] = now
        logger.warning("a wrong key comes from %s", network or "a local socket")
        self._audit.add(
            AuditEntry(
                id=self._clock.new_id(),
                at=now,
                principal="nobody",
                key_id=None,
                action="authenticate",
                target=network or None,
                outcome=ErrorCode.UNAUTHENTICATED.value,
            )
        )
