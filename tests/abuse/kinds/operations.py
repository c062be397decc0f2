"""Operations on what is stored, by what one request may ask of each: tests, lists, plans, exports, bulk work, views."""

import json
from random import Random
from typing import Any

from tests.abuse.attack import NONCE, Attack, Kind, Target, ask, kind, numbered, repeated
from tests.abuse.kinds.bodies import hostile_json
from tests.abuse.kinds.workflows import steps

OPERATIONS: list[Kind] = []
_TEST = """query ($d: JSON!, $i: JSON, $m: JSON) {
  testWorkflow(document: $d, input: $i, mocks: $m) {
    problems { message } unusedMocks calls { path attempt } execution { output steps { nodes { id output } } }
  }
}"""
_LIST = """query ($f: ExecutionFilter, $o: ExecutionOrder) {
  executions(filter: $f, orderBy: $o, first: 100) { totalCount nodes { id status } }
}"""
_SAVE = "mutation ($v: CreateSavedViewInput!) { createSavedView(input: $v) { __typename ... on SavedView { id } } }"
_PLAN = """query ($i: ID!, $r: RetryExecutionInput) {
  %s
}"""
_PLANNED = (
    "planRetry(executionId: $i, input: $r) { __typename ... on RetryPlan { run steps { nodes { __typename } } } }"
)
_BULK = ("bulkCancelExecutions", "bulkDeleteExecutions", "bulkPauseExecutions", "bulkResumeExecutions")


def _value(chance: Random, size: int) -> Any:
    """Hostile JSON as a value, or as the text that it is where it is none."""
    text = hostile_json(chance, size)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _sent(token: str, query: str, **variables: Any) -> Attack:
    """The operation; without its variables where these are nested too deeply to be written."""
    try:
        return ask(token, query, **variables)
    except (ValueError, RecursionError):
        return ask(token, query)


def execution_filter(chance: Random, target: Target, size: int) -> dict[str, Any]:
    """A filter of executions that is costly to read, to look for, or both."""
    words = min(size, chance.choice([100, 4_000, 400_000]))
    return chance.choice(
        [
            {"labelText": repeated("a ", words)},
            {"labelText": "%_\\" * (words // 3)},
            {"labels": {f"l{number}": "x" for number in range(words // 12)}},
            {"labels": _value(chance, words)},
            {"idPrefix": "ex_" + "0" * words},
            {"idPrefix": "ex_0", "labelText": "x", "failedStep": "a[3].b" * (words // 6)},
            {"status": ["COMPLETED", "FAILED"] * (words // 20)},
            {"workflowName": "n" * words, "errorCode": "E" * 90},
            {"idempotencyKey": "k" * words},
            {"longerThan": "P" + "1D" * (words // 2)},
            {"longerThan": "PT0S", "createdAfter": "0001-01-01T00:00:00Z", "endedBefore": "9999-12-31T23:59:59Z"},
            {"triggerId": target.execution_id, "trigger": "RETRY", "workflowId": target.workflow_id},
            {"workflowId": "wf_" + "z" * words},
        ]
    )


@kind(OPERATIONS, "operation: executions by filter", reads_lists=True)
def filters(chance: Random, target: Target, size: int) -> Attack:
    order = {"by": chance.choice(["CREATED", "ENDED", "DURATION"]), "ascending": chance.random() < 0.5}
    return _sent(target.token("VIEWER"), _LIST, f=execution_filter(chance, target, size), o=order)


@kind(OPERATIONS, "operation: bulk by filter", reads_lists=True)
def bulk(chance: Random, target: Target, size: int) -> Attack:
    count = min(99, max(1, size // 200))
    fields = numbered(f"a#: {chance.choice(_BULK)}(filter: $f, dryRun: true) {{ __typename }}", 1_000_000, most=count)
    query = f"mutation ($f: ExecutionFilter!) {{ {fields} }}"
    return _sent(target.token("OPERATOR"), query, f=execution_filter(chance, target, size // 2))


@kind(OPERATIONS, "operation: test of a workflow", uses_sandbox=True)
def tests(chance: Random, target: Target, size: int) -> Attack:
    document = {"name": "x", "steps": steps(chance, size // 2)}
    mocks = chance.choice(
        [_value(chance, size // 4), {f"s{number}": {"output": 1} for number in range(size // 100)}, {"s": [1] * 50}]
    )
    return _sent(target.token("EDITOR"), _TEST, d=document, i=_value(chance, size // 4), m=mocks)


@kind(OPERATIONS, "operation: plan of a retry", reads_lists=True)
def plans(chance: Random, target: Target, size: int) -> Attack:
    count = min(99, max(1, size // 200))
    given = chance.choice(
        [
            {"fromStep": "a[0].b." * (min(size, 40_000) // 7)},
            {"latestVersion": True},
            {"input": _value(chance, size // 2), "fromStep": "a"},
        ]
    )
    query = _PLAN % numbered("a#: " + _PLANNED, 1_000_000, most=chance.choice([1, count]))
    return _sent(target.token("OPERATOR"), query, i=target.execution_id, r=given)


@kind(OPERATIONS, "operation: export of an execution", reads_lists=True)
def exports(chance: Random, target: Target, size: int) -> Attack:
    most = chance.choice([10_000, 8_000_000, 12_000_000, 2**31 - 1])
    field = f'a#: exportExecution(id: "{target.execution_id}", maxBytes: {most})'
    return ask(target.token("VIEWER"), "{ " + numbered(field, size, most=chance.choice([1, 20, 99])) + " }")


@kind(OPERATIONS, "operation: saved views", reads_lists=True)
def views(chance: Random, target: Target, size: int) -> Attack:
    if chance.random() < 0.3:
        field = "a#: savedViews(first: 100) { nodes { id name filter columns } }"
        return ask(target.token("VIEWER"), "{ " + numbered(field, size, most=99) + " }")
    view = chance.choice(
        [
            {"filter": _value(chance, size)},
            {"columns": ["c" * 90] * (size // 95)},
            {"columns": ["c"], "filter": {f"k{number}": number for number in range(min(size, 16_000) // 12)}},
            {"name": "n" * size},
        ]
    )
    return _sent(target.token("VIEWER"), _SAVE, v={"kind": "EXECUTIONS", "name": f"v{NONCE}", **view})


@kind(OPERATIONS, "operation: times of schedules")
def schedules(chance: Random, target: Target, size: int) -> Attack:
    cron = chance.choice(
        ["0 0 29 2 *", "0 0 31 */7 *", "0 0 L */11 5L", "* * * * * *", "0 0 30 2 *", "1," * (min(size, 40_000) // 2)]
    )
    field = "a#: previewSchedule(input: $t, count: 100) { __typename ... on SchedulePreview { nextRuns } }"
    query = f"query ($t: ScheduleTimingInput!) {{ {numbered(field, 1_000_000, most=min(99, max(1, size // 200)))} }}"
    zone = chance.choice(["Europe/Berlin", "Australia/Lord_Howe", "z" * min(size, 4_000)])
    return _sent(target.token("VIEWER"), query, t={"cron": cron, "timezone": zone})
