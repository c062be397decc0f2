"""The contract of Installation."""

from tests.contract.conftest import Storage


async def test_an_installation_has_one_key(storage: Storage) -> None:
    key = await storage.installation.key()

    assert len(key) == 32
    assert len(set(key)) > 8
    assert await storage.installation.key() == key
