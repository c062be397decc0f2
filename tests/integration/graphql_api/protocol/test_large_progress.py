"""Following executions of very many steps."""

import asyncio

import pytest

from graphql_api.context import ApiOptions
from tests.integration.graphql_api.api import Api, a_step
from tests.integration.graphql_api.protocol.test_subscriptions import PROGRESS, started, summary, upcoming


async def test_a_snapshot_has_only_so_many_steps_and_says_how_to_follow_without_one() -> None:
    api = Api(options=ApiOptions(max_rows=10))
    hand = await started(api)
    await hand.commit(*(a_step(f"loop[{number}].work") for number in range(11)))

    with pytest.raises(AssertionError, match=r"More than 10 steps .* afterSequence"):
        await anext(api.subscribe(PROGRESS, id=hand.id))

    events = api.subscribe(PROGRESS, id=hand.id, after=1)
    following = upcoming(events)
    await asyncio.sleep(0)
    await hand.finish({"all": "done"})
    assert summary(await following) == ("DELTA", 2, [])


@pytest.mark.parametrize(
    ("operation", "is_limited"),
    [
        ("sequence execution { progress { percent } } } }", False),
        ("sequence execution { steps(first: 1) { nodes { path } } } } }", False),
        ("sequence ...Rest } } fragment Rest on ExecutionUpdate { kind }", False),
        ("sequence ... { ...Steps } } } fragment Steps on ExecutionUpdate { steps { path } }", True),
    ],
)
async def test_who_selects_no_steps_follows_an_execution_of_any_size(operation: str, is_limited: bool) -> None:
    api = Api(options=ApiOptions(max_rows=10))
    hand = await started(api)
    await hand.commit(*(a_step(f"loop[{number}].work") for number in range(11)))
    first = api.subscribe("subscription($id: ID!) { executionProgress(id: $id) { " + operation, id=hand.id)
    if is_limited:
        with pytest.raises(AssertionError, match="More than 10 steps"):
            await anext(first)
    else:
        assert (await anext(first))["executionProgress"]["sequence"] == 1
    await first.aclose()
