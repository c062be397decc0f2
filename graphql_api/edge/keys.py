"""Asking for keys over a network: wrong ones are counted by address, cost little, and are noted now and then."""

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
"""Keys that are new here and looked up at the same time: as many guesses may go beyond an address's rate."""
_NOTED_EVERY = timedelta(minutes=10)
_MOST_NOTED = 200
"""Addresses that the audit has an entry of within that time; further ones are left out."""

logger = logging.getLogger("stepgraph.access")


class KeyGate:
    """Who sends a request. An address that has sent too many wrong keys waits, unless its key is known to be right."""

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
        """Write a wrong key down, once in a while for each address."""
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
