"""The service of API keys: makes, revokes and checks them."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.access.model import ANYBODY, ApiKeyRecord, Principal, digest_of, new_token, prefix_of
from domain.access.ports import ApiKeyStore
from domain.kernel.clock import Clock
from domain.kernel.errors import InvalidInput, NotFound, Problem, Unauthenticated, Unavailable
from domain.kernel.ids import IdKind, to_public
from domain.kernel.names import name_problems
from domain.kernel.statuses import Role

MAX_NAME_CHARACTERS = 200
TRUSTED_FOR = timedelta(seconds=2)
"""The time for which a key is trusted without being looked up again: a revoked one works on for so long at most."""

_REMEMBERED = 1_000
_UNKNOWN_FOR = timedelta(minutes=1)
"""The time for which an unknown token is remembered as unknown: tokens are made here, so it cannot become valid."""
_MOST_UNKNOWN = 10_000
_NOTED_EVERY = timedelta(minutes=1)
_NO_KEY = "This API asks for a key: send Authorization: Bearer sg_…, or the same in the payload of connection_init."
_BAD_KEY = "This key is not valid, or not any more."


@dataclass(slots=True)
class _Known:
    """A key that was looked up. `noted_at` is when its use was last noted."""

    key: ApiKeyRecord
    checked_at: datetime
    noted_at: datetime | None = None


class AccessService:
    """Use cases of API keys. Keys are cached, so that a busy client costs one look-up every two seconds."""

    def __init__(self, *, keys: ApiKeyStore, clock: Clock, requires_keys: bool) -> None:
        self._keys = keys
        self._clock = clock
        self._requires_keys = requires_keys
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._unknown: OrderedDict[bytes, datetime] = OrderedDict()

    @property
    def requires_keys(self) -> bool:
        """True when every request needs a key."""
        return self._requires_keys

    async def create(self, name: str, role: Role, expires_at: datetime | None) -> tuple[ApiKeyRecord, str]:
        """Make a key; returns it and its token, which is never shown again. Raises `InvalidInput`."""
        now = self._clock.now()
        problems = name_problems(name, "Say who or what will use the key.", longest=MAX_NAME_CHARACTERS)
        if expires_at is not None and expires_at <= now:
            message = "This is over already."
            problems.append(Problem(path=("expiresAt",), message=message, hint="Leave it out for no end."))
        if problems:
            raise InvalidInput(problems)
        token = new_token()
        digest = digest_of(token)
        assert digest is not None
        id = self._clock.new_id()
        key = ApiKeyRecord(id=id, name=name, role=role, prefix=prefix_of(token), created_at=now, expires_at=expires_at)
        await self._keys.add(key, digest)
        return key, token

    async def revoke(self, id: UUID) -> None:
        """Revoke a key: refused from now on here, and within two seconds by other processes. Raises `NotFound`."""
        if not await self._keys.remove(id):
            raise NotFound("API key", to_public(IdKind.API_KEY, id))
        for digest, known in list(self._known.items()):
            if known.key.id == id:
                del self._known[digest]

    async def authenticate(self, authorization: str | None) -> Principal:
        """The principal that sends this `Authorization` header. Raises `Unauthenticated`.

        Without one it is `ANYBODY`, where keys are not asked for; a wrong one is refused everywhere.
        """
        if not authorization:
            if self._requires_keys:
                raise Unauthenticated(_NO_KEY)
            return ANYBODY
        token = _token_in(authorization)
        if token is None:
            raise Unauthenticated(_NO_KEY)
        digest = digest_of(token)
        if digest is None:
            raise Unauthenticated(_BAD_KEY)
        return await self._principal(digest)

    async def holder(self, digest: bytes | None) -> Principal:
        """The principal whose key has this digest; `ANYBODY` for None, if that is allowed. Raises `Unauthenticated`."""
        if digest is not None:
            return await self._principal(digest)
        if self._requires_keys:
            raise Unauthenticated(_NO_KEY)
        return ANYBODY

    def recognises(self, authorization: str) -> bool:
        """True when this `Authorization` has a key that was valid when it was last looked up here."""
        digest = digest_of(_token_in(authorization) or "")
        return digest is not None and digest in self._known

    async def check(self, principal: Principal) -> None:
        """Raise `Unauthenticated` where the principal's key is not valid any more."""
        if principal.digest is not None:
            await self._principal(principal.digest)

    async def until_invalid(self, principal: Principal) -> None:
        """Wait until the principal's key expires, is revoked or gets another role; without a key, for ever."""
        if principal.digest is None:
            await asyncio.Event().wait()
            return
        while True:
            try:
                key = (await self._look_up(principal.digest)).key
                if key.role is not principal.role:
                    return
            except Unauthenticated:
                return
            except Unavailable:
                await asyncio.sleep(TRUSTED_FOR.total_seconds())
                continue
            pause = TRUSTED_FOR
            if key.expires_at is not None:
                pause = min(pause, key.expires_at - self._clock.now())
            await asyncio.sleep(max(0.01, pause.total_seconds()))

    async def _principal(self, digest: bytes) -> Principal:
        known = await self._look_up(digest)
        await self._note_use(known)
        return Principal(name=known.key.name, role=known.key.role, key_id=known.key.id, digest=digest)

    async def _look_up(self, digest: bytes) -> _Known:
        now = self._clock.now()
        known = self._known.get(digest)
        if known is None or not now - TRUSTED_FOR < known.checked_at <= now:
            if self._is_unknown(digest, now):
                raise Unauthenticated(_BAD_KEY)
            key = await self._keys.find(digest)
            if key is None:
                self._known.pop(digest, None)
                self._unknown[digest] = now
                if len(self._unknown) > _MOST_UNKNOWN:
                    self._unknown.popitem(last=False)
                raise Unauthenticated(_BAD_KEY)
            known = _Known(key, now, key.last_used_at if known is None else known.noted_at)
            self._known[digest] = known
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if known.key.expires_at is not None and known.key.expires_at <= now:
            raise Unauthenticated(_BAD_KEY)
        return known

    def _is_unknown(self, digest: bytes, now: datetime) -> bool:
        looked_up_at = self._unknown.get(digest)
        if looked_up_at is None:
            return False
        if now - _UNKNOWN_FOR < looked_up_at <= now:
            return True
        del self._unknown[digest]
        return False

    async def _note_use(self, known: _Known) -> None:
        now = self._clock.now()
        if known.noted_at is None or now - known.noted_at >= _NOTED_EVERY:
            known.noted_at = now
            await self._keys.touch(known.key.id, now)


def _token_in(authorization: str) -> str | None:
    """The token of a `Bearer`; None where the scheme is another."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
