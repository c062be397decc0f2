"""Sealing everything again under the newest key: in batches, beside all other work, and as often as one likes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from domain.kernel.errors import Undecipherable
from domain.kernel.ids import IdKind, to_public
from domain.secrets.model import purpose_of as purpose_of_secret
from domain.webhooks.model import purpose_of as purpose_of_webhook
from persistence.postgres.connections.database import Database
from persistence.postgres.secrets.cipher import AesGcmCipher

_BATCH = 200

_SECRETS = """
SELECT name AS key, ARRAY[sealed] AS sealed FROM secret WHERE $1::text IS NULL OR name > $1 ORDER BY name LIMIT $2
"""
_WEBHOOKS = """
SELECT id AS key, ARRAY[secret, CASE WHEN previous_secret_until > now() THEN previous_secret END] AS sealed FROM webhook
WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2
"""

# What somebody else has stored in the meantime is newer than what was read, and stays.
_STORE_SEALED = "UPDATE secret SET sealed = ($2::bytea[])[1] WHERE name = $1 AND sealed = ($3::bytea[])[1] RETURNING 1"
_STORE_WEBHOOK = """
UPDATE webhook SET secret = ($2::bytea[])[1], previous_secret = coalesce(($2::bytea[])[2], previous_secret)
WHERE id = $1 AND secret = ($3::bytea[])[1] RETURNING 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reencrypted:
    """The numbers of rows that were sealed again, and the names of those that no key opens."""

    secrets: int
    webhooks: int
    lost: Sequence[str]


async def reencrypt(url: str, keys: Sequence[bytes]) -> Reencrypted:
    """Seal those secrets and webhooks again that are not under the first of `keys`. Raises `Unavailable`."""
    cipher = AesGcmCipher(keys)
    lost: list[str] = []
    async with Database(url, pool_size=1) as database:
        secrets = await _walk(database, cipher, _SECRETS, _STORE_SEALED, _secret, lost)
        webhooks = await _walk(database, cipher, _WEBHOOKS, _STORE_WEBHOOK, _webhook, lost)
    return Reencrypted(secrets=secrets, webhooks=webhooks, lost=tuple(lost))


def _secret(key: Any) -> tuple[str, str]:
    return purpose_of_secret(key), f"secret {key}"


def _webhook(key: Any) -> tuple[str, str]:
    return purpose_of_webhook(key), f"webhook {to_public(IdKind.WEBHOOK, key)}"


async def _walk(
    database: Database,
    cipher: AesGcmCipher,
    select: str,
    store: str,
    named: Callable[[Any], tuple[str, str]],
    lost: list[str],
) -> int:
    """Seal the rows of a table again, in the order of their keys, each read once; returns how many changed."""
    changed, last = 0, None
    while True:
        rows: Sequence[asyncpg.Record] = await database.fetch(select, last, _BATCH)
        for row in rows:
            purpose, shown = named(row["key"])
            old: list[bytes | None] = row["sealed"]
            new = [None if each is None else _resealed(cipher, each, purpose) for each in old]
            if new.count(None) > old.count(None):
                lost.append(shown)
            new = [fresh or kept for fresh, kept in zip(new, old, strict=True)]
            if new != old and await database.fetch_value(store, row["key"], new, old) is not None:
                changed += 1
        if len(rows) < _BATCH:
            return changed
        last = rows[-1]["key"]


def _resealed(cipher: AesGcmCipher, sealed: bytes, purpose: str) -> bytes | None:
    """The text sealed under the newest key; None where no key opens it."""
    try:
        return cipher.resealed(sealed, purpose=purpose)
    except Undecipherable:
        return None
