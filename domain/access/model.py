"""Access rules as values: API keys, the principals that they stand for, and the audit of what was done.

A token is `sg_<12 characters>_<40 characters>`, letters and digits at random: 238 bits, so a plain hash keeps it as
safely as a slow one would, and can be looked up. Only the hash is stored, with the part before the second underscore
to recognise it by. The fixed beginning lets scanners find tokens that leak into repositories.
"""

import re
import secrets
import string
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from domain.kernel.statuses import Role

_ALPHABET = string.ascii_letters + string.digits
_PUBLIC = 12
_SECRET = 40
_TOKEN = re.compile(rf"sg_[A-Za-z0-9]{{{_PUBLIC}}}_[A-Za-z0-9]{{{_SECRET}}}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRecord:
    """A key as it is stored, without its token. `prefix` is how its tokens begin: `sg_` and 12 characters."""

    id: UUID
    name: str
    role: Role
    prefix: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The one on whose behalf something is done. `key_id` and `digest` are None where no key was asked for."""

    name: str
    role: Role
    key_id: UUID | None = None
    digest: bytes | None = None


ANYBODY = Principal(name="anybody", role=Role.ADMIN)
"""The principal of every request to an API that asks for no keys."""
NOBODY = Principal(name="nobody", role=Role.VIEWER)
"""The principal of a WebSocket that was opened and has not authenticated yet: nothing is executed for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A record that a principal has asked for a mutation, and of how that went.

    `action` is the mutation's name; `target` the id or the name that it was about, where it was given one; `outcome`
    the type of the answer (`Workflow`, `NotFoundError`, …), or the code of the error.
    """

    id: UUID
    at: datetime
    principal: str
    key_id: UUID | None
    action: str
    target: str | None
    outcome: str


def new_token() -> str:
    """A fresh token."""
    return f"sg_{_random(_PUBLIC)}_{_random(_SECRET)}"


def prefix_of(token: str) -> str:
    """The part of a token that may be shown."""
    return token[: len("sg_") + _PUBLIC]


def digest_of(token: str) -> bytes | None:
    """The 32-byte hash by which a token is looked up; None for a text that cannot be a token."""
    if _TOKEN.fullmatch(token) is None:
        return None
    return sha256(token.encode()).digest()


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
