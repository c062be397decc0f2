"""The contract of the store of secrets, over memory and PostgreSQL."""

from dataclasses import replace
from typing import Any

from domain.secrets.model import SecretRecord
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, SOON, created_workflow


def a_secret(name: str = "token", sealed: bytes = b"\x01sealed") -> SecretRecord:
    return SecretRecord(name=name, sealed=sealed, created_at=NOW, updated_at=NOW)


async def reading(storage: Storage, name: str, *urls: str, **changes: Any) -> Any:
    """A workflow that calls these URLs, the last of them in a loop."""
    steps: list[Any] = [
        {"id": f"s{index}", "type": "HTTP_REQUEST", "config": {"url": url}} for index, url in enumerate(urls)
    ]
    inner: Any = {"id": "loop", "type": "FOR_EACH", "config": {"items": "input", "steps": steps[-1:]}}
    return await created_workflow(storage.workflows, name, document={"name": name, "steps": [*steps[:-1], inner]})


async def test_a_secret_comes_back_as_it_was_saved(storage: Storage) -> None:
    secret = a_secret(sealed=bytes(range(256)))

    assert await storage.secrets.save(secret) == secret

    assert await storage.secrets.find_many(["token", "missing"]) == {"token": secret}
    assert await storage.secrets.find_many([]) == {}


async def test_a_new_value_takes_the_place_of_the_old_one(storage: Storage) -> None:
    await storage.secrets.save(a_secret())
    second = replace(a_secret(sealed=b"another"), created_at=SOON, updated_at=SOON)

    saved = await storage.secrets.save(second)

    assert saved == replace(second, created_at=NOW)
    assert (await storage.secrets.page(first=5, after=None)).rows == (replace(saved, sealed=b""),)


async def test_secrets_are_paged_by_name(storage: Storage) -> None:
    for name in ("b", "B", "_", "a"):
        await storage.secrets.save(a_secret(name))

    first = await storage.secrets.page(first=3, after=None)
    rest = await storage.secrets.page(first=3, after="a")

    assert ([each.name for each in first.rows], first.has_next) == (["B", "_", "a"], True)
    assert ([each.name for each in rest.rows], rest.has_next) == (["b"], False)
    assert (await storage.secrets.page(first=3, after="b")).rows == ()
    assert await storage.secrets.count() == 4


async def test_a_deleted_secret_is_gone(storage: Storage) -> None:
    await storage.secrets.save(a_secret())

    assert await storage.secrets.delete("token")
    assert not await storage.secrets.delete("token")
    assert await storage.secrets.find_many(["token"]) == {}


async def test_its_readers_are_the_workflows_whose_newest_version_reads_it(storage: Storage) -> None:
    await reading(storage, "b", "https://a.test/{{ secrets.token }}")
    await reading(storage, "a", "https://a.test", "{{ secrets . `token` }}")
    await reading(storage, "plain", "https://a.test/secrets.token", "\\{{ secrets.token }}")
    await reading(storage, "others", "{{ secrets.tokens }}{{ secrets.tok }}{{ input.secrets.token }}")
    deleted = await reading(storage, "deleted", "{{ secrets.token }}")
    await storage.workflows.delete(deleted.id, now=SOON)

    found = await storage.secrets.readers_of(["token", "missing"], first=1, after=None)
    assert [(each.name, each.version, each.paths) for each in found["token"].rows] == [("a", 1, ("loop.s1",))]
    assert (found["token"].has_next, found["missing"].rows) == (True, ())
    rest = (await storage.secrets.readers_of(["token"], first=1, after="a"))["token"]
    assert [(each.name, each.paths) for each in rest.rows] == [("b", ("loop.s0",))]
    assert not rest.has_next
    counts = await storage.secrets.reader_counts(["token", "tokens", "missing"])
    assert counts == {"token": 2, "tokens": 1, "missing": 0}
