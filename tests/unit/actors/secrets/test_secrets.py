"""Secrets in a worker: looked up once for many, opened, put in at the last moment, and taken out of what comes back."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from actors.activations.activation import Activation
from actors.activations.step_runner import StepRunner
from actors.secrets.values import NoSecrets, OpenedSecrets, StoredSecrets, concealed
from domain.engine.state import WaitReason
from domain.executions.step_executor import Deferred, Failed, Outcome, StepCall, Succeeded
from domain.kernel.errors import Unavailable
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus, StepType, WaitKind
from domain.secrets.mask import SecretMask
from domain.secrets.model import SecretRecord, purpose_of
from domain.secrets.ports import Cipher
from persistence.memory.secrets import MemorySecretStore
from persistence.memory.tables import MemoryTables
from persistence.postgres.secrets.cipher import AesGcmCipher, NoCipher
from tests.builders import a_definition, http
from tests.unit.actors.world import World
from tests.waiting import wait_until

CIPHER = AesGcmCipher([bytes(32)])
VALUE = "a-value-0123456789"
NAMES = frozenset({"token"})


class Store(MemorySecretStore):
    """Secrets that count lookups, and can be away."""

    def __init__(self) -> None:
        super().__init__(MemoryTables())
        self.lookups: list[list[str]] = []
        self.is_away = False

    async def find_many(self, names: Collection[str]) -> Mapping[str, SecretRecord]:
        self.lookups.append(sorted(names))
        await asyncio.sleep(0)
        if self.is_away:
            raise Unavailable("PostgreSQL cannot be reached.")
        return await super().find_many(names)

    async def put(self, name: str = "token", value: str = VALUE) -> None:
        now = World().clock.now()
        sealed = CIPHER.encrypt(value.encode(), purpose=purpose_of(name))
        await self.save(SecretRecord(name=name, sealed=sealed, created_at=now, updated_at=now))


@pytest.fixture
async def store() -> Store:
    store = Store()
    await store.put()
    return store


async def values(secrets: StoredSecrets, *names: str) -> Mapping[str, str]:
    opened = await secrets.opened(frozenset(names))
    assert isinstance(opened, OpenedSecrets), opened
    return opened.values


async def error(secrets: StoredSecrets, *names: str) -> StepError:
    opened = await secrets.opened(frozenset(names))
    assert isinstance(opened, StepError)
    return opened


async def test_many_steps_that_ask_at_once_share_one_lookup(store: Store) -> None:
    await store.put("other", "another value")
    secrets = StoredSecrets(store, CIPHER)

    found = await asyncio.gather(*(values(secrets, "token", "other") for _ in range(100)))

    assert found == [{"other": "another value", "token": VALUE}] * 100
    assert store.lookups == [["other", "token"]]
    await values(secrets, "token")
    assert len(store.lookups) == 1


async def test_a_step_that_is_given_up_leaves_the_lookup_to_the_others(store: Store) -> None:
    secrets = StoredSecrets(store, CIPHER)
    given_up = asyncio.create_task(values(secrets, "token"))
    waiting = asyncio.create_task(values(secrets, "token"))
    await asyncio.sleep(0)
    given_up.cancel()

    assert await waiting == {"token": VALUE}


async def test_a_value_is_looked_up_again_once_its_time_is_over(store: Store) -> None:
    secrets = StoredSecrets(store, CIPHER, keep=0.0)
    await values(secrets, "token")
    await store.put(value="a new value")

    assert await values(secrets, "token") == {"token": "a new value"}


async def test_a_step_waits_for_its_secrets_while_the_database_is_away(store: Store) -> None:
    secrets = StoredSecrets(store, CIPHER)
    store.is_away = True
    waiting = asyncio.create_task(values(secrets, "token"))
    await wait_until(lambda: len(store.lookups) > 1, "the secret is asked for again")
    assert not waiting.done()
    store.is_away = False

    assert await waiting == {"token": VALUE}


async def test_what_is_missing_is_named(store: Store) -> None:
    refused = await error(StoredSecrets(store, CIPHER), "token", "nobody")

    assert refused.code is FailureCode.SECRET_UNAVAILABLE
    assert not refused.is_retryable
    assert "'nobody'" in refused.message
    assert refused.details == {"secret": "nobody"}


@pytest.mark.parametrize("cipher", [NoCipher(), AesGcmCipher([b"x" * 32])])
async def test_a_secret_whose_key_is_gone_fails_the_step_and_says_so(store: Store, cipher: Cipher) -> None:
    refused = await error(StoredSecrets(store, cipher), "token")

    assert refused.code is FailureCode.SECRET_UNAVAILABLE
    assert "STEPGRAPH_ENCRYPTION_KEYS" in refused.message


async def test_a_secret_in_the_place_of_another_is_not_opened(store: Store) -> None:
    record = (await store.find_many(["token"]))["token"]
    await store.save(SecretRecord(name="moved", sealed=record.sealed, created_at=NOW, updated_at=NOW))

    assert (await error(StoredSecrets(store, CIPHER), "moved")).code is FailureCode.SECRET_UNAVAILABLE


async def test_opened_secrets_do_not_show_their_values(store: Store) -> None:
    opened = await StoredSecrets(store, CIPHER).opened(NAMES)
    assert VALUE not in repr(opened)


NOW = World().clock.now()
MASK = SecretMask([VALUE])


def test_an_outcome_without_a_value_is_left_alone() -> None:
    outcome = Succeeded(output={"body": "other"})
    assert concealed(outcome, MASK) is outcome


def test_an_error_keeps_what_programs_read() -> None:
    details: dict[str, JsonValue] = {"status": 401, "body": {"status": VALUE}}
    failed = Failed(error=StepError(code=FailureCode.HTTP_STATUS, message=VALUE, details=details), status_code=401)

    shown = concealed(failed, SecretMask([VALUE, "status", "401"]))

    assert isinstance(shown, Failed)
    assert shown.error.details == {"status": 401, "body": {"***": "***"}}
    assert shown.status_code == 401


def test_a_checkpoint_with_a_value_in_it_is_not_kept_for_another_attempt() -> None:
    failed = Failed(error=StepError(code=FailureCode.TIMEOUT, message="late"), checkpoint={"next": f"?key={VALUE}"})
    harmless = Failed(error=StepError(code=FailureCode.TIMEOUT, message="late"), checkpoint={"next": "?page=2"})

    assert concealed(failed, MASK) == Failed(error=StepError(code=FailureCode.TIMEOUT, message="late"))
    assert concealed(harmless, MASK) == harmless


def test_what_a_waiting_step_leaves_is_masked() -> None:
    reason = WaitReason(kind=WaitKind.TIMER, until=None, detail=None)
    deferred = Deferred(until=None, reason=reason, output=[VALUE], checkpoint={"said": VALUE})

    assert concealed(deferred, MASK) == Deferred(until=None, reason=reason, output=["***"], checkpoint={"said": "***"})


async def run(store: Store, world: World, answer: Any, **config: Any) -> Any:
    """An execution of one step that reads `secrets.token`, and its step."""
    world.service.answers = {"a": answer}
    definition = a_definition(steps=[http("a", headers={"x-key": "{{ secrets.token }}"}, **config)])
    id = await world.execution(definition, {"shop": "x"})
    attempts = StepRunner({StepType.HTTP_REQUEST: world.service}, 10_000, secrets=StoredSecrets(store, CIPHER))
    parts = replace(world.parts, attempts=attempts)
    await Activation(await world.claim(id), definition, parts).run()
    return (await world.record(id)), world.steps(id)["a"].state


async def test_the_executor_has_the_value_and_what_is_stored_has_not(store: Store) -> None:
    world = World()

    def said_back(call: StepCall) -> Outcome:
        return Succeeded(output=call.input)

    ended, state = await run(store, world, said_back, body={"shop": "{{ input.shop }}"})

    [call] = world.service.calls
    assert isinstance(call.input, dict)
    assert call.input["headers"] == {"x-key": VALUE}
    assert "secrets" not in call.scope
    assert VALUE not in repr(call)
    assert ended.status is ExecutionStatus.COMPLETED
    assert state.input["headers"] == {"x-key": "***"}
    assert state.input["body"] == {"shop": "x"}
    assert VALUE not in str((ended, state))


async def test_a_fault_of_an_executor_is_logged_without_the_value(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async def faulty(call: StepCall) -> Outcome:
        raise ValueError(f"cannot send {call.input}")

    ended, state = await run(store, World(), faulty)

    assert ended.error.code is FailureCode.INTERNAL
    assert "ValueError: cannot send" in caplog.text
    assert VALUE not in caplog.text + str((ended, state))


async def test_a_worker_without_secrets_fails_the_step(store: Store) -> None:
    world = World()
    ended = await world.run(a_definition(steps=[http("a", headers={"x-key": "{{ secrets.token }}"})]))

    assert ended.error is not None
    assert ended.error.code is FailureCode.SECRET_UNAVAILABLE
    assert isinstance(await NoSecrets().opened(NAMES), StepError)


async def test_a_step_without_secrets_asks_for_none(store: Store) -> None:
    definition = a_definition(steps=[http("a", headers={"x-key": "{{ input.shop }}"})])
    assert definition.root.steps["a"].secrets == frozenset()
    assert not definition.root.steps["a"].needs_waiting
