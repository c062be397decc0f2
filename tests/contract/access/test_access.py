"""The contract of API keys and of the audit."""

import asyncio
from datetime import timedelta
from typing import Any

from domain.access.model import ApiKeyRecord, AuditEntry, digest_of, new_token, prefix_of
from domain.kernel.ids import derived_id, new_id
from domain.kernel.statuses import Role
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, NOW, SOON


def a_key(token: str, **given: Any) -> ApiKeyRecord:
    values: dict[str, Any] = {
        "id": new_id(),
        "name": "reports",
        "role": Role.OPERATOR,
        "prefix": prefix_of(token),
        "created_at": NOW,
    }
    return ApiKeyRecord(**(values | given))


def an_entry(number: int = 0, **given: Any) -> AuditEntry:
    at = NOW + timedelta(seconds=number)
    values: dict[str, Any] = {
        "id": derived_id(new_id(), str(number), at),
        "at": at,
        "principal": "reports",
        "key_id": new_id(),
        "action": "executeWorkflow",
        "target": "orders",
        "outcome": "WorkflowExecution",
    }
    return AuditEntry(**(values | given))


async def test_a_key_is_found_by_the_hash_of_its_token(storage: Storage) -> None:
    token = new_token()
    digest = digest_of(token)
    assert digest is not None
    key = a_key(token, expires_at=LATER)
    await storage.keys.add(key, digest)

    assert await storage.keys.find(digest) == key
    assert await storage.keys.get(key.id) == key
    assert await storage.keys.find(bytes(32)) is None
    assert await storage.keys.get(new_id()) is None
    assert (await storage.keys.page(first=5, after=None)).rows == (key,)


async def test_keys_are_paged_oldest_first(storage: Storage) -> None:
    keys = [a_key(new_token(), id=derived_id(new_id(), "key", NOW + timedelta(seconds=n))) for n in range(3)]
    for number, key in enumerate(reversed(keys)):
        await storage.keys.add(key, bytes([number] * 32))

    first = await storage.keys.page(first=2, after=None)
    rest = await storage.keys.page(first=2, after=keys[1].id)

    assert (first.rows, first.has_next) == (tuple(keys[:2]), True)
    assert (rest.rows, rest.has_next) == ((keys[2],), False)
    assert await storage.keys.count() == 3


async def test_its_last_use_never_goes_back(storage: Storage) -> None:
    key = a_key(new_token())
    await storage.keys.add(key, bytes(32))
    for moment in (SOON, LATER, SOON):
        await storage.keys.touch(key.id, moment)
    found = await storage.keys.get(key.id)
    assert found is not None
    assert found.last_used_at == LATER


async def test_a_key_is_removed_once(storage: Storage) -> None:
    key = a_key(new_token())
    await storage.keys.add(key, bytes(32))
    assert await storage.keys.remove(key.id) is True
    assert await storage.keys.remove(key.id) is False
    assert await storage.keys.find(bytes(32)) is None
    await storage.keys.touch(key.id, LATER)


async def test_entries_of_the_audit_are_paged_newest_first(storage: Storage) -> None:
    entries = [an_entry(number) for number in range(5)]
    for entry in entries:
        storage.audit.add(entry)

    first = await storage.audit.page(first=3, after=None)
    rest = await storage.audit.page(first=3, after=first.rows[-1].id)

    assert first.rows == tuple(reversed(entries[2:]))
    assert (first.has_next, rest.has_next) == (True, False)
    assert rest.rows == tuple(reversed(entries[:2]))
    assert await storage.audit.count() == 5


async def test_an_entry_of_the_audit_is_found_by_its_id(storage: Storage) -> None:
    entry = an_entry()
    storage.audit.add(entry)

    assert await storage.audit.get(entry.id) == entry
    assert await storage.audit.get(new_id()) is None


async def test_an_entry_may_say_nothing_of_key_and_target(storage: Storage) -> None:
    entry = an_entry(key_id=None, target=None)
    storage.audit.add(entry)
    assert (await storage.audit.page(first=1, after=None)).rows == (entry,)


async def test_entries_that_come_together_are_all_stored(storage: Storage) -> None:
    for number in range(2_500):
        storage.audit.add(an_entry(number))
    counts = await asyncio.gather(*(storage.audit.count() for _ in range(3)))
    assert counts == [2_500] * 3


async def test_old_entries_are_removed_a_few_at_a_time(storage: Storage) -> None:
    for number in range(5):
        storage.audit.add(an_entry(number))
    assert await storage.audit.count() == 5
    before = NOW + timedelta(seconds=3)
    assert [await storage.audit.prune(before, 2) for _ in range(3)] == [2, 1, 0]
    assert await storage.audit.count() == 2
