"""Keys: what is remembered of them, for how long, and what their tokens look like."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.access.model import ANYBODY, ApiKeyRecord, digest_of, new_token, prefix_of
from domain.access.service import AccessService
from domain.kernel.errors import Unauthenticated
from domain.kernel.statuses import Role
from persistence.memory.access import MemoryApiKeyStore
from tests.clocks import ManualClock


class CountingKeys(MemoryApiKeyStore):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.found = 0
        self.touched = 0

    async def find(self, digest: bytes) -> ApiKeyRecord | None:
        self.found += 1
        return await super().find(digest)

    async def touch(self, id: object, now: object) -> None:
        self.touched += 1


def service(clock: ManualClock | None = None, *, requires_keys: bool = True) -> tuple[AccessService, CountingKeys]:
    keys = CountingKeys()
    return AccessService(keys=keys, clock=clock or ManualClock(), requires_keys=requires_keys), keys


def test_a_token_is_long_random_and_recognised_by_its_beginning() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    for token in tokens:
        assert re.fullmatch(r"sg_[a-zA-Z0-9]{12}_[a-zA-Z0-9]{40}", token)
        assert token.startswith(f"{prefix_of(token)}_")
    assert digest_of("sg_é") is None


@pytest.mark.parametrize("role", Role)
def test_a_role_covers_those_before_it(role: Role) -> None:
    order = list(Role)
    assert [needed for needed in order if role.covers(needed)] == order[: order.index(role) + 1]


async def test_a_busy_key_is_looked_up_every_two_seconds_and_noted_every_minute() -> None:
    clock = ManualClock()
    access, keys = service(clock)
    _, token = await access.create("reports", Role.VIEWER, None)
    for _ in range(60):
        clock.advance(timedelta(seconds=1))
        for _ in range(10):
            assert (await access.authenticate(f"Bearer {token}")).name == "reports"
    assert keys.found == 30
    assert keys.touched == 1
    clock.advance(timedelta(seconds=1))
    await access.authenticate(f"Bearer {token}")
    assert keys.touched == 2


async def test_nobody_needs_a_key_where_none_is_asked_for() -> None:
    access, _ = service(requires_keys=False)
    assert await access.authenticate(None) is ANYBODY
    with pytest.raises(Unauthenticated):
        await access.authenticate("Bearer sg_wrong")


async def test_a_wrong_token_is_looked_up_once_a_minute() -> None:
    clock = ManualClock()
    access, keys = service(clock)
    token = new_token()
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            await access.authenticate(f"Bearer {token}")
    assert keys.found == 1
    clock.advance(timedelta(minutes=1))
    with pytest.raises(Unauthenticated):
        await access.authenticate(f"Bearer {token}")
    assert keys.found == 2
    assert not access.recognises(f"Bearer {token}")


@pytest.mark.parametrize(
    "token", ["", "x", "sg_wrong", "sg_" + "a" * 12 + "_" + "a" * 39, "sg_" + "é" * 12 + "_" + "a" * 40, "a" * 100_000]
)
async def test_what_cannot_be_a_token_is_not_looked_up(token: str) -> None:
    access, keys = service()
    with pytest.raises(Unauthenticated):
        await access.authenticate(f"Bearer {token}")
    assert keys.found == 0


async def test_no_more_than_ten_thousand_wrong_tokens_are_remembered() -> None:
    access, keys = service()
    tokens = [new_token() for _ in range(10_050)]
    for token in (*tokens, tokens[-1], tokens[50]):
        with pytest.raises(Unauthenticated):
            await access.authenticate(f"Bearer {token}")
    assert keys.found == 10_050
    with pytest.raises(Unauthenticated):
        await access.authenticate(f"Bearer {tokens[49]}")
    assert keys.found == 10_051


async def test_a_key_is_recognised_once_it_was_right_here() -> None:
    access, _ = service()
    _, token = await access.create("reports", Role.VIEWER, None)
    assert not access.recognises(f"Bearer {token}")
    await access.authenticate(f"Bearer {token}")
    assert access.recognises(f"bearer  {token} ")
    assert not access.recognises(f"Bearer {new_token()}")


async def test_whoever_waits_for_the_end_of_a_key_is_told_when_its_role_changes() -> None:
    access, _ = service()
    _, token = await access.create("reports", Role.VIEWER, None)
    principal = await access.authenticate(f"Bearer {token}")
    await asyncio.wait_for(access.until_invalid(replace(principal, role=Role.ADMIN)), 30)


async def test_no_more_than_a_thousand_keys_are_remembered() -> None:
    access, _ = service()
    tokens = [(await access.create(str(number), Role.VIEWER, None))[1] for number in range(1_010)]
    for token in tokens:
        await access.authenticate(f"Bearer {token}")
    assert [access.recognises(f"Bearer {token}") for token in tokens] == [False] * 10 + [True] * 1_000


async def test_without_a_key_there_is_nothing_that_ends() -> None:
    access, _ = service(requires_keys=False)
    waiting = asyncio.ensure_future(access.until_invalid(ANYBODY))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
