"""Ids: UUIDv7 inside, prefixed and sortable outside."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access.service import AccessService
from domain.circuit_breakers.model import BreakerChanges
from domain.circuit_breakers.service import BreakerService
from domain.kernel.ids import (
    IdKind,
    MalformedId,
    from_public,
    kind_of,
    new_id,
    oldest_id_of,
    parse_secret_id,
    parse_step_execution_id,
    parse_workflow_version_id,
    secret_id,
    step_execution_id,
    to_public,
    workflow_version_id,
)
from domain.kernel.statuses import Role
from persistence.memory.access import MemoryApiKeyStore
from persistence.memory.circuit_breakers import MemoryBreakerStore, MemorySharedBreakers
from persistence.memory.tables import MemoryTables
from tests.clocks import ManualClock


@given(st.uuids(), st.sampled_from(IdKind))
def test_a_public_id_names_its_kind_and_reads_back(value: UUID, kind: IdKind) -> None:
    text = to_public(kind, value)

    assert text.startswith(f"{kind.value}_")
    assert kind_of(text) is kind
    assert from_public(text, kind) == value


def test_ids_made_later_sort_later() -> None:
    ids = [to_public(IdKind.EXECUTION, new_id()) for _ in range(100)]

    assert ids == sorted(ids)


@given(st.uuids(), st.text(min_size=1))
def test_a_step_execution_is_named_by_its_execution_and_its_path(execution_id: UUID, path: str) -> None:
    assert parse_step_execution_id(step_execution_id(execution_id, path)) == (execution_id, path)


@pytest.mark.parametrize(
    "text",
    ["", "ex", "ex_", "ex_short", "wf_01h455vb4pex5vsknk084sn02q", "ex_01H455VB4PEX5VSKNK084SN02Q",
     "ex_8zzzzzzzzzzzzzzzzzzzzzzzzz", "ex_01h455vb4pex5vsknk084sn02q0", "ex_é1h455vb4pex5vsknk084sn02q",
     "ex_01h455vb4pex5vsknk084sn02\x00", "01h455vb4pex5vsknk084sn02q"],
)  # fmt: skip
def test_what_is_no_id_of_the_kind_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(MalformedId, match="is not an id that starts with ex_"):
        from_public(text, IdKind.EXECUTION)


@pytest.mark.parametrize("text", ["se_01h455vb4pex5vsknk084sn02q", "se_01h455vb4pex5vsknk084sn02q.", "se_x.fetch"])
def test_a_step_execution_id_needs_both_parts(text: str) -> None:
    with pytest.raises(MalformedId):
        parse_step_execution_id(text)


@given(st.uuids(), st.integers(min_value=1, max_value=999_999_999))
def test_a_version_is_named_by_its_workflow_and_its_number(workflow_id: UUID, version: int) -> None:
    assert parse_workflow_version_id(workflow_version_id(workflow_id, version)) == (workflow_id, version)


@pytest.mark.parametrize("end", ["", ".", ".0", ".01", ".-1", ".x", ".1.1", ".1234567890", ".\u0661"])
def test_a_version_id_ends_in_a_number(end: str) -> None:
    with pytest.raises(MalformedId):
        parse_workflow_version_id(f"wv_01h455vb4pex5vsknk084sn02q{end}")


def test_a_secret_is_named_by_its_name() -> None:
    assert secret_id("shop_token") == "sk_shop_token"
    assert parse_secret_id("sk_shop_token") == "shop_token"
    for text in ("", "sk", "sk_", "se_token"):
        with pytest.raises(MalformedId):
            parse_secret_id(text)


@pytest.mark.parametrize("text", ["zz_01h455vb4pex5vsknk084sn02q", "nothing", ""])
def test_an_unknown_prefix_has_no_kind(text: str) -> None:
    with pytest.raises(MalformedId):
        kind_of(text)


async def test_what_is_stored_has_ids_of_the_clock_that_all_share() -> None:
    clock, tables = ManualClock(datetime(2031, 5, 6, tzinfo=UTC)), MemoryTables()
    key, _ = await AccessService(keys=MemoryApiKeyStore(), clock=clock, requires_keys=True).create(
        "ci", Role.VIEWER, None
    )
    breakers = BreakerService(store=MemoryBreakerStore(tables), shared=MemorySharedBreakers(), clock=clock)
    breaker = await breakers.configure("api.example:443", BreakerChanges())

    soon = clock.now() + timedelta(milliseconds=1)
    for id in (key.id, breaker.id):
        assert oldest_id_of(clock.now()) <= id < oldest_id_of(soon)


def test_ids_of_one_moment_sort_as_they_were_made() -> None:
    clock = ManualClock()
    ids = [clock.new_id() for _ in range(1_000)]
    assert ids == sorted(set(ids))
    assert {id.version for id in ids} == {7}
