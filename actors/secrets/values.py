"""The values of secrets in a worker: looked up when a step needs them, kept for two seconds, and hidden afterwards."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from domain.executions.step_executor import Deferred, Failed, Opened, Outcome, Succeeded
from domain.kernel.errors import Undecipherable
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.shared_lookups import SharedLookups
from domain.secrets.mask import MASK, SecretMask
from domain.secrets.model import purpose_of
from domain.secrets.ports import Cipher, SecretStore
from domain.webhooks.model import WebhookAttempt
from persistence.connections.retrying import until_available

KEPT_FOR = 2.0
"""The seconds for which a secret is not looked up again: for so long a new value may go unnoticed."""

_MOST_KEPT = 1_000
_QUICKLY_MASKED = 8_192
"""The characters of values beyond which looking for all the ways to write them would hold up the event loop."""

Found = Mapping[str, str | Undecipherable | None]


@dataclass(frozen=True, slots=True)
class OpenedSecrets:
    """The values of the secrets that one step needs, by name, and the mask that takes them out of what is stored."""

    values: Mapping[str, str] = field(repr=False)
    mask: SecretMask

    @property
    def masked(self) -> Mapping[str, JsonValue]:
        """The text shown in the place of each value, by the secret's name."""
        return dict.fromkeys(self.values, MASK)


@dataclass(frozen=True, slots=True)
class Concealed:
    """An input as it may be kept, and the mask that takes the values of its secrets out of whatever comes of it."""

    input: JsonValue
    mask: SecretMask


class SecretSource(Protocol):
    """The source from which steps get secrets."""

    async def opened(self, names: frozenset[str]) -> OpenedSecrets | StepError:
        """The secrets with these names, or the error of a step that needs them. Waits while the store is away."""


class NoSecrets:
    """A source without secrets: every step fails that needs one."""

    async def opened(self, names: frozenset[str]) -> OpenedSecrets | StepError:
        return _missing(min(names))


class StoredSecrets:
    """Reads secrets of a store: one statement for all of a step's, and for all steps that ask within `keep` seconds."""

    def __init__(self, secrets: SecretStore, cipher: Cipher, *, keep: float = KEPT_FOR) -> None:
        self._secrets = secrets
        self._cipher = cipher
        self._known = SharedLookups[str, str | Undecipherable | None](
            "secrets", kept_for=timedelta(seconds=keep), most=_MOST_KEPT
        )
        self._masks: dict[frozenset[str], tuple[tuple[str, ...], SecretMask]] = {}

    async def opened(self, names: frozenset[str]) -> OpenedSecrets | StepError:
        """The secrets with these names, or the error of a step that needs them."""
        ordered = sorted(names)
        values: dict[str, str] = {}
        found = await until_available(lambda: self._known.many(ordered, self._read), "a step's secrets")
        for name in ordered:
            value = found[name]
            if isinstance(value, Undecipherable):
                return StepError(code=FailureCode.SECRET_UNAVAILABLE, message=str(value))
            if value is None:
                return _missing(name)
            values[name] = value
        return OpenedSecrets(values, await self._mask(names, tuple(values.values())))

    async def _read(self, names: Collection[str]) -> Found:
        records = await self._secrets.find_many(names)
        found: dict[str, str | Undecipherable | None] = dict.fromkeys(names)
        for name, record in records.items():
            try:
                found[name] = self._cipher.decrypt(record.sealed, purpose=purpose_of(name)).decode()
            except Undecipherable as error:
                found[name] = error
        return found

    async def _mask(self, names: frozenset[str], values: tuple[str, ...]) -> SecretMask:
        made = self._masks.get(names)
        if made is None or made[0] != values:
            if len(self._masks) >= _MOST_KEPT:
                self._masks.clear()
            is_quick = sum(map(len, values)) <= _QUICKLY_MASKED
            mask = SecretMask(values) if is_quick else await asyncio.to_thread(SecretMask, values)
            made = self._masks[names] = values, mask
        return made[1]


def unopened(names: frozenset[str]) -> OpenedSecrets:
    """A stand-in for secrets whose values are not needed, as nothing is sent: each value is the mask."""
    return OpenedSecrets(dict.fromkeys(names, MASK), SecretMask(()))


def concealed(outcome: Outcome, mask: SecretMask) -> Outcome:
    """An outcome without the values of secrets.

    A checkpoint of a failed attempt that holds one is not kept: the next attempt starts over.
    """
    match outcome:
        case Succeeded(output=output):
            shown = mask.output(output)
            return outcome if shown is output else replace(outcome, output=shown)
        case Failed(error=error, checkpoint=checkpoint):
            details = error.details
            if details is not None:
                details = {name: mask.shown(value) for name, value in details.items()}
            shown_error = replace(error, message=mask.text(error.message), details=details)
            return replace(outcome, error=shown_error, checkpoint=None if mask.hides(checkpoint) else checkpoint)
        case Deferred():
            return replace(outcome, output=mask.output(outcome.output), checkpoint=mask.output(outcome.checkpoint))
        case Opened():
            return outcome


def concealed_attempt(attempt: WebhookAttempt, mask: SecretMask) -> WebhookAttempt:
    """An attempt at a webhook call, without the values of secrets."""
    return replace(
        attempt,
        error=None if attempt.error is None else mask.text(attempt.error),
        excerpt=None if attempt.excerpt is None else mask.text(attempt.excerpt),
    )


def _missing(name: str) -> StepError:
    message = f"There is no secret {name!r}: set it with `setSecret` or `stepgraph secrets set {name}`."
    return StepError(code=FailureCode.SECRET_UNAVAILABLE, message=message, details={"secret": name})
