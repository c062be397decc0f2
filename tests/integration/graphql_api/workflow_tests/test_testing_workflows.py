"""`testWorkflow`: a run without side effects, answered with the types of a real one."""

from typing import Any

import pytest

from domain.kernel.statuses import Role
from tests.integration.graphql_api.access.test_access import a_token, code_of
from tests.integration.graphql_api.api import Api, serving

TEST = """
query($document: JSON!, $input: JSON, $mocks: JSON, $now: DateTime) {
  testWorkflow(document: $document, input: $input, mocks: $mocks, now: $now) {
    problems { path message hint }
    unusedMocks
    calls { path type attempt request mock }
    children { status trigger { kind } parent { status } steps { nodes { path } } workflow { name } }
    execution {
      id status output createdAt error { code path }
      progress { total completed percent }
      steps(first: 2) { totalCount pageInfo { hasNextPage endCursor } nodes { path status output attempts { number } } }
      step(path: "fetch") { output }
      none: step(path: "none") { output }
      workflow { name }
      parent { id }
    }
  }
}
"""
DOCUMENT: dict[str, Any] = {
    "name": "tested",
    "steps": [
        {"id": "fetch", "type": "HTTP_REQUEST", "config": {"url": "https://example.org"}},
        {"id": "double", "type": "DATA_TRANSFORM", "config": {"expression": "steps.fetch.output * 2"}},
        {"id": "pause", "type": "WAIT", "config": {"duration": "P1D"}},
    ],
    "output": "steps.double.output",
}


async def tried(api: Api, **variables: Any) -> Any:
    return (await api.run(TEST, **{"document": DOCUMENT, **variables}))["testWorkflow"]


async def test_a_test_answers_as_a_run_does(api: Api) -> None:
    found = await tried(api, mocks={"fetch": {"output": 21}}, now="2026-02-01T06:00:00Z")

    execution = found["execution"]
    assert (execution["status"], execution["output"]) == ("COMPLETED", 42)
    assert execution["createdAt"].startswith("2026-02-01T06:00:00")
    assert execution["progress"] == {"total": 3, "completed": 3, "percent": 100}
    assert execution["steps"]["totalCount"] == 3
    assert execution["steps"]["pageInfo"]["hasNextPage"]
    assert [step["path"] for step in execution["steps"]["nodes"]] == ["fetch", "double"]
    assert execution["step"] == {"output": 21}
    assert execution["none"] is execution["workflow"] is execution["parent"] is None
    assert found["calls"] == [
        {
            "path": "fetch",
            "type": "HTTP_REQUEST",
            "attempt": 1,
            "request": {"method": "GET", "url": "https://example.org"},
            "mock": "fetch",
        }
    ]


async def test_nothing_is_stored_queued_or_told(api: Api) -> None:
    await tried(api, mocks={"fetch": {"failure": {"status": 500}}})

    tables = api.storage.tables
    assert not tables.executions
    assert not tables.steps
    assert not tables.definitions
    assert not tables.outbox
    assert api.storage.queue.hints == []
    assert not tables.metrics


async def test_problems_come_as_validation_gives_them(api: Api) -> None:
    document = {"name": "tested", "steps": [{"id": "fetch", "type": "HTTP_REQUSET", "config": {}}]}
    found = await tried(api, document=document, mocks={"fetch": {"outptu": 1}})
    report = await api.run(
        "query($document: JSON!) { validateWorkflow(document: $document) { problems { path message hint } } }",
        document=document,
    )

    assert found["execution"] is None
    assert found["problems"][: len(report["validateWorkflow"]["problems"])] == (report["validateWorkflow"]["problems"])
    assert found["problems"][-1]["path"][:2] == ["mocks", "fetch"]


async def test_a_stored_sub_workflow_runs_with_it(api: Api) -> None:
    child = {"name": "child", "steps": [{"id": "call", "type": "HTTP_REQUEST", "config": {"url": "https://x.org"}}]}
    await api.run("mutation($d: JSON!) { applyWorkflow(document: $d) { __typename } }", d=child)
    parent = {"name": "parent", "steps": [{"id": "go", "type": "SUB_WORKFLOW", "config": {"workflow": "child"}}]}

    found = await tried(api, document=parent, mocks={"go/call": {"output": 1}})

    assert found["execution"]["status"] == "COMPLETED"
    assert found["children"] == [
        {
            "status": "COMPLETED",
            "trigger": {"kind": "PARENT"},
            "parent": {"status": "COMPLETED"},
            "steps": {"nodes": [{"path": "call"}]},
            "workflow": {"name": "child"},
        }
    ]
    assert not api.storage.tables.executions


async def test_several_tests_of_one_request_are_told_apart_and_counted(api: Api) -> None:
    fields = " ".join(
        f"t{number}: testWorkflow(document: $d, mocks: {{fetch: {{output: {number}}}}}) {{ execution {{ output }} }}"
        for number in range(6)
    )
    few = fields[: fields.index("t2:")]

    answer = await api.run(f"query($d: JSON!) {{ {few} }}", d=DOCUMENT)
    assert {name: test["execution"]["output"] for name, test in answer.items()} == {"t0": 0, "t1": 2}
    [error] = await api.errors(f"query($d: JSON!) {{ {fields} }}", d=DOCUMENT)
    assert "may test 5 workflows" in error["message"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize(("role", "code"), [(Role.OPERATOR, "FORBIDDEN"), (Role.EDITOR, None)])
async def test_it_needs_the_role_that_runs_steps_of_its_own(role: Role, code: str | None) -> None:
    api = Api(requires_keys=True)
    token, _ = await a_token(api, role)

    async with serving(api) as server:
        assert await code_of(server, "{ testWorkflow(document: {}) { problems { message } } }", token) == code
