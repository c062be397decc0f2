"""Bulk operations: a dry run first, then batch by batch, with the problems of each execution."""

from datetime import timedelta
from typing import Any

import pytest

from domain.executions.bulk.service import BulkRunner
from domain.kernel.statuses import ExecutionStatus
from graphql_api.permissions import MUTATIONS
from tests.integration.graphql_api.api import Api

RESULT = """{ __typename ... on BulkOperation { id action matched done failed left finishedAt }
  ... on BulkPreview { action matched sample { id } } ... on ValidationError { problems { path message hint } } }"""

STOP = """mutation ($id: ID!) { stopBulkOperation(id: $id) { __typename ... on BulkOperation { status done left }
  ... on InvalidStateError { currentStatus } ... on NotFoundError { targetId } } }"""
UNKNOWN = "bo_01h455vb4pex5vsknk084sn02q"


def runner(api: Api) -> BulkRunner:
    services = api.services
    return BulkRunner(
        operations=services.bulk_operations,
        queries=services.execution_queries,
        control=services.control,
        retries=services.retries,
        clock=services.clock,
    )


async def begun(api: Api, action: str, filter: dict[str, Any], arguments: str = "", **given: Any) -> dict[str, Any]:
    field = f"bulk{action}Executions"
    query = f"mutation($f: ExecutionFilter!) {{ {field}(filter: $f {arguments}) {RESULT} }}"
    answer: dict[str, Any] = (await api.run(query, f=filter, **given))[field]
    return answer


async def ended(api: Api, id: str) -> dict[str, Any]:
    """The operation when a worker has carried it to its end."""
    while await runner(api).run():
        pass
    query = """query($id: ID!) { bulkOperation(id: $id) {
      id matched done failed left finishedAt failures { executionId message } } }"""
    answer: dict[str, Any] = (await api.run(query, id=id))["bulkOperation"]
    assert answer["finishedAt"] is not None
    return answer


async def test_a_dry_run_counts_and_shows_ten_and_does_nothing(api: Api) -> None:
    await api.create_workflow("orders")
    hands = [await api.start("orders", labels={"n": 1}) for _ in range(12)]
    await hands[0].finish()

    preview = await begun(api, "Cancel", {"labels": {"n": 1}}, ", dryRun: true")

    assert (preview["__typename"], preview["matched"]) == ("BulkPreview", 11)
    assert [each["id"] for each in preview["sample"]] == [hand.id for hand in hands[:1:-1]]
    assert not await runner(api).run()
    assert (await api.run("{ bulkOperations { totalCount } }"))["bulkOperations"]["totalCount"] == 0


@pytest.mark.parametrize("filter", [{}, {"labels": {}}, {"status": [each.value for each in ExecutionStatus]}])
@pytest.mark.parametrize("dry", ["", ", dryRun: true"])
async def test_a_filter_that_leaves_nothing_out_is_refused(api: Api, filter: dict[str, Any], dry: str) -> None:
    refused = await begun(api, "Delete", filter, dry)
    assert refused["__typename"] == "ValidationError"
    assert refused["problems"][0]["path"] == ["filter"]
    assert "leaves nothing out" in refused["problems"][0]["message"]


async def test_all_that_match_are_paused_resumed_signalled_cancelled_and_deleted(api: Api) -> None:
    await api.create_workflow("orders")
    hands = [await api.start("orders") for _ in range(60)]
    await hands[0].finish()
    wanted = {"workflowName": "orders"}

    async def told(action: str, arguments: str = "") -> tuple[int, int, int, int]:
        begun_ = await begun(api, action, wanted, arguments)
        assert (begun_["done"], begun_["left"]) == (0, begun_["matched"])
        done = await ended(api, begun_["id"])
        return done["matched"], done["done"], done["failed"], done["left"]

    assert await told("Pause") == (59, 59, 0, 0)
    assert await told("Pause") == (59, 0, 59, 0)  # about to be paused, each
    assert await told("Signal", ', name: "go", payload: {ok: true}') == (59, 59, 0, 0)
    assert await told("Resume") == (0, 0, 0, 0)
    assert await told("Cancel", ', reason: "wrong"') == (59, 59, 0, 0)
    kinds = [command.kind.value for command in api.storage.tables.commands.values()]
    assert {kind: kinds.count(kind) for kind in kinds} == {"PAUSE": 59, "SIGNAL": 59, "CANCEL": 59}
    assert await told("Delete") == (1, 1, 0, 0)
    assert (await api.run("{ executionCounts { total } }"))["executionCounts"]["total"] == 59


async def test_retries_are_made_once_also_where_a_batch_is_done_again(api: Api) -> None:
    await api.create_workflow("orders")
    hands = [await api.start("orders") for _ in range(3)]
    for hand in hands:
        await hand.commit(status=ExecutionStatus.FAILED)
    begun_ = await begun(api, "Retry", {"status": ["FAILED"]})
    [row] = (await api.services.bulk_operations.page(first=1, after=None)).rows
    await runner(api).run()
    await api.services.bulk_operations.add(row)  # as it was before the batch: its worker died before it was stored

    done = await ended(api, begun_["id"])

    assert (done["done"], done["failed"]) == (3, 0)
    assert (await api.run("{ executions(filter: {trigger: RETRY}) { totalCount } }"))["executions"]["totalCount"] == 3


async def test_what_could_not_be_done_is_told_by_execution(api: Api) -> None:
    await api.create_workflow("orders")
    hand = await api.start("orders")
    await hand.commit(status=ExecutionStatus.FAILED)
    begun_ = await begun(api, "Retry", {"status": ["FAILED"]}, ', input: {fromStep: "nowhere"}')

    done = await ended(api, begun_["id"])

    assert (done["done"], done["failed"], done["left"]) == (0, 1, 0)
    [problem] = done["failures"]
    assert problem["executionId"] == hand.id
    assert problem["message"]


async def test_what_can_be_no_signal_or_reason_is_refused_before_it_begins(api: Api) -> None:
    signal = await begun(api, "Signal", {"workflowName": "a"}, ', name: ""')
    reason = await begun(api, "Cancel", {"workflowName": "a"}, f', reason: "{"x" * 2_000}"')
    assert signal["problems"][0]["path"] == ["name"]
    assert reason["problems"][0]["path"] == ["reason"]


async def test_executions_that_are_created_later_are_not_meant(api: Api) -> None:
    await api.create_workflow("orders")
    await api.start("orders")
    begun_ = await begun(api, "Cancel", {"workflowName": "orders"})
    api.clock.advance(timedelta(seconds=1))
    await api.start("orders")
    assert (await ended(api, begun_["id"]))["done"] == 1


async def test_one_is_stopped_after_the_batch_at_hand_and_what_is_done_stays_done(api: Api) -> None:
    await api.create_workflow("orders")
    for _ in range(60):
        await api.start("orders")
    begun_ = await begun(api, "Cancel", {"workflowName": "orders"})
    assert await runner(api).run()

    stopped = (await api.run(STOP, id=begun_["id"]))["stopBulkOperation"]
    assert (stopped["status"], stopped["done"], stopped["left"]) == ("STOPPING", 50, 10)
    done = await ended(api, begun_["id"])
    assert (done["done"], done["left"]) == (50, 0)
    assert len(api.storage.tables.commands) == 50

    refused = (await api.run(STOP, id=begun_["id"]))["stopBulkOperation"]
    assert (refused["__typename"], refused["currentStatus"]) == ("InvalidStateError", "STOPPED")
    unknown = (await api.run(STOP, id=UNKNOWN))["stopBulkOperation"]
    assert unknown == {"__typename": "NotFoundError", "targetId": UNKNOWN}


async def test_node_fetches_an_operation(api: Api) -> None:
    begun_ = await begun(api, "Cancel", {"workflowName": "orders"})
    data = await api.run("query($id: ID!) { node(id: $id) { __typename id } }", id=begun_["id"])
    assert data["node"] == {"__typename": "BulkOperation", "id": begun_["id"]}


@pytest.mark.parametrize("action", ["Cancel", "Pause", "Resume", "Signal", "Retry", "Delete"])
def test_whoever_may_do_it_with_one_may_do_it_with_many(action: str) -> None:
    assert MUTATIONS[f"bulk{action}Executions"] is MUTATIONS[f"{action.lower()}Execution"]
