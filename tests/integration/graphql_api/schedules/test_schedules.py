"""Schedules over the API: saving, what is wrong with one, lists, and the examples of their page."""

import re
import shlex
from datetime import timedelta
from typing import Any

import pytest
import yaml

from domain.kernel.ids import IdKind, from_public, to_public
from domain.schedules.firing import ScheduleFiring
from domain.schedules.model import ScheduleRecord
from tests.examples import EXAMPLES
from tests.integration.graphql_api.api import NOON, Api, nodes
from tests.integration.graphql_api.real import Real
from tests.repository import ROOT

PAGE = ROOT / "docs" / "schedules.md"
DOCUMENTED = re.findall(r"```graphql\n(.*?)```", PAGE.read_text(), re.DOTALL)

SAVE = """
mutation ($input: ScheduleInput!) {
  saveSchedule(input: $input) {
    __typename
    ... on Schedule {
      id name cron timezone input overlap catchUpWindow enabled nextRunAt bufferedRunAt lastRunAt lastError
      nextRuns(count: 2) workflow { name } lastExecution { id }
    }
    ... on Error { code message }
    ... on ValidationError { problems { path message hint } }
  }
}
"""
DELETE = "mutation ($id: ID!) { deleteSchedule(id: $id) { __typename ... on Deleted { id } ... on Error { code } } }"

NEXT_RUNS = 'query ($n: Int!) { schedule(by: {name: "hourly"}) { nextRuns(count: $n) } }'

PREVIEW = """
query ($i: ScheduleTimingInput!, $n: Int!) {
  previewSchedule(input: $i, count: $n) {
    __typename
    ... on SchedulePreview { nextRuns warnings }
    ... on ValidationError { problems { path message hint } }
  }
}
"""


async def save(api: Api, **input: Any) -> dict[str, Any]:
    """The answer of `saveSchedule`; by default to a schedule that is due every hour."""
    if "workflowId" not in input:
        input["workflowId"] = (await api.create_workflow())["id"]
    data = await api.run(SAVE, input={"name": "hourly", "cron": "0 * * * *"} | input)
    answer: dict[str, Any] = data["saveSchedule"]
    return answer


async def fire(api: Api, after: timedelta) -> None:
    """Let time pass, and play the worker."""
    api.clock.advance(after)
    services = api.services
    firing = ScheduleFiring(
        schedules=api.storage.schedules, executions=services.executions, control=services.control, clock=api.clock
    )
    await firing.fire(100)


async def test_a_schedule_has_its_defaults(api: Api) -> None:
    saved = await save(api)

    assert saved.pop("id").startswith("sc_")
    assert saved == {
        "__typename": "Schedule",
        "name": "hourly",
        "cron": "0 * * * *",
        "timezone": "UTC",
        "input": None,
        "overlap": "SKIP",
        "catchUpWindow": "PT1M",
        "enabled": True,
        "nextRunAt": "2030-01-01T13:00:00Z",
        "bufferedRunAt": None,
        "lastRunAt": None,
        "lastError": None,
        "nextRuns": ["2030-01-01T13:00:00Z", "2030-01-01T14:00:00Z"],
        "workflow": {"name": "orders"},
        "lastExecution": None,
    }


async def test_the_schedule_with_the_name_is_overwritten_as_a_whole(api: Api) -> None:
    first = await save(api, input={"a": 1}, overlap="ALLOW", timezone="Europe/Berlin", catchUpWindow="P366D")
    second = await save(api, cron="@daily", enabled=False)

    assert (second["id"], second["timezone"], second["overlap"]) == (first["id"], "UTC", "SKIP")
    assert (second["input"], second["nextRuns"], second["nextRunAt"]) == (None, [], None)
    assert len((await api.run("{ schedules { nodes { id } } }"))["schedules"]["nodes"]) == 1


async def test_saving_the_same_again_changes_nothing_and_one_is_not_true(api: Api) -> None:
    async def revision() -> int:
        record: ScheduleRecord | None = await api.storage.schedules.find("hourly")
        assert record is not None
        return record.revision

    await save(api, input={"a": 1})
    await save(api, input={"a": 1})
    assert await revision() == 1
    await save(api, input={"a": True})
    assert await revision() == 2


async def test_all_problems_are_told_at_once(api: Api) -> None:
    schema = {"type": "object", "required": ["day"], "properties": {"day": {"type": "string"}}}
    workflow = await api.create_workflow(inputSchema=schema)

    refused = await save(
        api,
        name=" hourly",
        workflowId=workflow["id"],
        cron="61 * * * *",
        timezone="Europe/Berln",
        catchUpWindow="P367D",
        input={"day": 1},
    )

    assert (refused["__typename"], refused["code"]) == ("ValidationError", "INVALID_INPUT")
    assert [problem["path"] for problem in refused["problems"]] == [
        ["name"],
        ["cron"],
        ["timezone"],
        ["catchUpWindow"],
        ["input", "day"],
    ]
    assert all(problem["hint"] for problem in refused["problems"][:3])


@pytest.mark.parametrize(
    ("input", "path"),
    [
        ({"cron": "0 0 30 2 *"}, ["cron"]),
        ({"name": ""}, ["name"]),
        ({"name": "n" * 257}, ["name"]),
        ({"input": "\0"}, ["input"]),
        ({"workflowId": "ex_01h455vb4pex5vsknk084sn02q"}, ["workflowId"]),
    ],
)
async def test_each_of_these_is_refused(api: Api, input: dict[str, Any], path: list[str]) -> None:
    refused = await save(api, **input)

    assert refused["__typename"] == "ValidationError"
    assert [problem["path"] for problem in refused["problems"]] == [path]


async def test_a_workflow_that_is_missing_is_not_found_or_one_problem_of_several(api: Api) -> None:
    missing = to_public(IdKind.WORKFLOW, from_public("ex_01h455vb4pex5vsknk084sn02q", IdKind.EXECUTION))

    assert (await save(api, workflowId=missing))["__typename"] == "NotFoundError"
    refused = await save(api, workflowId=missing, cron="@never")
    assert [problem["path"] for problem in refused["problems"]] == [["cron"], ["workflowId"]]


async def test_next_runs_are_sorted_in_utc_and_at_most_a_hundred(api: Api) -> None:
    await save(api, cron="*/15 * * * *", timezone="Europe/Berlin")

    data = await api.run(NEXT_RUNS, n=100)
    runs = data["schedule"]["nextRuns"]
    assert len(runs) == 100
    assert runs == sorted(set(runs))
    assert runs[0] == "2030-01-01T12:15:00Z"
    for count in (0, 101):
        [error] = await api.errors(NEXT_RUNS, n=count)
        assert error["extensions"]["problems"][0]["path"] == ["count"]


async def test_the_times_of_a_schedule_and_what_is_wrong_with_them_are_told_before_it_is_saved(api: Api) -> None:
    timing = {"cron": " */45 * * * *", "timezone": "Europe/Berlin"}
    told = (await api.run(PREVIEW, i=timing, n=2))["previewSchedule"]
    assert told["nextRuns"] == (await save(api, **timing))["nextRuns"]
    assert len(told["warnings"]) == 1

    wrong = {"cron": "*/90 * * * *", "timezone": "Europe/Berln"}
    refused = (await api.run(PREVIEW, i=wrong, n=2))["previewSchedule"]
    assert refused["problems"] == (await save(api, **wrong))["problems"]
    [problem] = (await api.run(PREVIEW, i=timing, n=101))["previewSchedule"]["problems"]
    assert problem["path"] == ["count"]


async def test_what_it_has_started_is_shown_and_found_by_its_label(api: Api) -> None:
    saved = await save(api, input={"region": "north"})
    await fire(api, timedelta(hours=1))

    data = await api.run(
        """
        query ($id: ID!) {
          node(id: $id) { id ... on Schedule { lastRunAt lastError lastExecution { id input labels } } }
          executions(filter: {labels: {schedule: "hourly"}}) { nodes { id } }
        }
        """,
        id=saved["id"],
    )
    [started] = data["executions"]["nodes"]
    assert data["node"] == {
        "id": saved["id"],
        "lastRunAt": "2030-01-01T13:00:00Z",
        "lastError": None,
        "lastExecution": {
            "id": started["id"],
            "input": {"region": "north"},
            "labels": {"schedule": "hourly", "scheduledAt": "2030-01-01T13:00:00Z"},
        },
    }


async def test_schedules_are_listed_by_name_also_those_of_one_workflow(api: Api) -> None:
    one, other = await api.create_workflow("one"), await api.create_workflow("other")
    for name, workflow in (("b", one), ("a", one), ("c", other)):
        await save(api, name=name, workflowId=workflow["id"])

    everything = (await api.run("{ schedules { nodes { name } } }"))["schedules"]
    assert nodes(everything, "name") == ["a", "b", "c"]
    found = await api.run("query ($id: ID!) { schedules(workflowId: $id) { nodes { name } totalCount } }", id=one["id"])
    assert found == {"schedules": {"nodes": [{"name": "a"}, {"name": "b"}], "totalCount": 2}}


async def test_a_deleted_schedule_is_gone(api: Api) -> None:
    saved = await save(api)

    assert await api.run(DELETE, id=saved["id"]) == {"deleteSchedule": {"__typename": "Deleted", "id": saved["id"]}}
    assert (await api.run(DELETE, id=saved["id"]))["deleteSchedule"]["code"] == "NOT_FOUND"
    data = await api.run("query ($id: ID!) { schedule(by: {id: $id}) { id } node(id: $id) { id } }", id=saved["id"])
    assert data == {"schedule": None, "node": None}


async def test_the_schedules_of_a_deleted_workflow_are_gone(api: Api) -> None:
    workflow = await api.create_workflow()
    await save(api, workflowId=workflow["id"])

    await api.run("mutation ($id: ID!) { deleteWorkflow(id: $id) { __typename } }", id=workflow["id"])

    assert await api.run("{ schedules { nodes { id } } }") == {"schedules": {"nodes": []}}


async def test_a_list_costs_a_fixed_number_of_statements(real: Real) -> None:
    for number in range(4):
        workflow = await real.api.create_workflow(f"workflow-{number}")
        await save(real.api, name=f"schedule-{number}", workflowId=workflow["id"])
    await fire(real.api, timedelta(hours=1))

    with real.database.counting() as statements:
        data = await real.api.run("{ schedules { nodes { name workflow { name } lastExecution { id } nextRuns } } }")

    assert len(data["schedules"]["nodes"]) == 4
    assert all(nodes(data["schedules"], "lastExecution"))
    assert len(statements) == 3


async def test_one_request_previews_five_schedules(api: Api) -> None:
    """Each may take ten milliseconds of the processor."""
    one = 'previewSchedule(input: {cron: "0 0 29 2 *"}, count: 100) { __typename ... on Error { message } }'

    told = await api.run(f"{{ {' '.join(f'a{n}: {one}' for n in range(12))} }}")

    kinds = [each["__typename"] for each in told.values()]
    assert sorted(kinds) == ["SchedulePreview"] * 5 + ["ValidationError"] * 7
    assert {each.get("message") for each in told.values()} - {None} == {
        "One request may preview 5 schedules: send the rest in another one."
    }


async def test_the_examples_of_the_page_run_in_their_order(api: Api) -> None:
    workflow = await api.create_workflow()
    save_it, started, listed, preview, delete_it = DOCUMENTED

    previewed = (await api.run(preview))["previewSchedule"]
    saved = (await api.run(save_it, workflowId=workflow["id"]))["saveSchedule"]
    assert (saved["nextRuns"], previewed["warnings"]) == (previewed["nextRuns"], [])
    assert saved["nextRuns"] == ["2030-01-02T05:00:00Z", "2030-01-03T05:00:00Z", "2030-01-04T05:00:00Z"]
    await fire(api, timedelta(hours=17))
    [execution] = (await api.run(started))["executions"]["nodes"]
    [schedule] = (await api.run(listed))["schedules"]["nodes"]
    assert schedule["lastExecution"] == {"id": execution["id"], "status": "PENDING"}
    assert schedule["lastRunAt"] == execution["labels"]["scheduledAt"] == "2030-01-02T05:00:00Z"
    assert (await api.run(delete_it, id=saved["id"]))["deleteSchedule"]["__typename"] == "Deleted"


async def test_the_report_of_the_examples_can_be_scheduled_as_it_says(api: Api) -> None:
    file = EXAMPLES / "report.yaml"
    [command] = re.findall(r"^#\s+(stepgraph schedules save .*)$", file.read_text(), re.MULTILINE)
    assert command in PAGE.read_text()
    _, _, _, name, workflow, cron, _, timezone, _, input = shlex.split(command)
    document = yaml.safe_load(file.read_text())
    assert document.pop("name") == workflow
    created = await api.create_workflow(workflow, **document)

    saved = await save(
        api, name=name, workflowId=created["id"], cron=cron, timezone=timezone, input=yaml.safe_load(input)
    )
    await fire(api, timedelta(days=1))

    assert (saved["__typename"], saved["nextRunAt"]) == ("Schedule", "2030-01-02T05:00:00Z")
    schedule = (await api.run('{ schedule(by: {name: "every-morning"}) { lastRunAt lastError } }'))["schedule"]
    assert schedule["lastRunAt"] is None  # an hour too late for a window of a minute
    assert "dropped" in schedule["lastError"]
    await fire(api, NOON.replace(day=3, hour=5) - api.clock.now())
    schedule = (await api.run('{ schedule(by: {name: "every-morning"}) { lastRunAt lastError } }'))["schedule"]
    assert schedule == {"lastRunAt": "2030-01-03T05:00:00Z", "lastError": None}
