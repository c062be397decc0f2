"""Awaiting what a loader reads for several resolvers at once."""

import asyncio
from asyncio import Future
from collections.abc import Awaitable
from typing import TypeVar

from domain.kernel.shared_lookups import without_complaint

Read = TypeVar("Read")


def shared(read: Awaitable[Read]) -> "Future[Read]":
    """A future of the same result, whose cancelling does not cancel the read for the others.

    Where all who awaited it have been cancelled, for an error beside it, nobody is told of an error of the read.
    """
    return asyncio.shield(without_complaint(asyncio.ensure_future(read)))
