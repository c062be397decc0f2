"""Workflows over GraphQL: stored by typed inputs or by documents, and every problem told at its place."""

from dataclasses import replace
from typing import Any

import pytest

from tests.integration.graphql_api.api import Api, nodes

CREATE = """
mutation($input: CreateWorkflowInput!) {
  createWorkflow(input: $input) {
    __typename
    ... on Workflow { id name status version document labels description }
    ... on Error { message code }
    ... on ValidationError { problems { path message hint } }
  }
}
"""
UPDATE = """
mutation($id: ID!, $input: UpdateWorkflowInput!) {
  updateWorkflow(id: $id, input: $input) {
    __typename
    ... on Workflow { name status version document }
    ... on Error { message code }
    ... on ValidationError { problems { path message } }
    ... on NotFoundError { targetId }
  }
}
"""
APPLY = """
mutation($document: JSON!, $note: String) {
  applyWorkflow(document: $document, note: $note) {
    __typename
    ... on Workflow { id version }
    ... on ValidationError { problems { path message } }
  }
}
"""
DELETE = """
mutation($id: ID!) {
  deleteWorkflow(id: $id) {
    __typename
    ... on Deleted { id }
    ... on Error { code message }
    ... on NotFoundError { targetId }
    ... on InvalidStateError { currentStatus }
  }
}
"""


def an_http_step(id: str = "fetch", url: str = "http://service.test/", **members: Any) -> dict[str, Any]:
    return {"id": id, "config": {"httpRequest": {"url": url}}, **members}


async def test_a_typed_workflow_becomes_a_document_without_what_was_left_out(api: Api) -> None:
    steps = [
        {
            "id": "fetch",
            "config": {"httpRequest": {"method": "POST", "url": "http://service.test/", "connectTimeout": "PT60S"}},
            "retry": {"maxAttempts": 5, "maxDelay": None},
        },
        {"id": "shape", "dependsOn": [], "config": {"dataTransform": {"output": {"b": 1, "a": None}}}},
    ]

    data = await api.run(CREATE, input={"name": "orders", "steps": steps, "labels": {"team": "x"}})

    assert data["createWorkflow"]["document"] == {
        "name": "orders",
        "steps": [
            {
                "id": "fetch",
                "type": "HTTP_REQUEST",
                "config": {"method": "POST", "url": "http://service.test/", "connectTimeout": "PT1M"},
                "retry": {"maxAttempts": 5, "maxDelay": None},
            },
            {"id": "shape", "dependsOn": [], "type": "DATA_TRANSFORM", "config": {"output": {"b": 1, "a": None}}},
        ],
        "labels": {"team": "x"},
    }
    assert data["createWorkflow"]["version"] == 1
    assert data["createWorkflow"]["status"] == "ACTIVE"


async def test_a_typed_workflow_and_its_document_are_the_same_version(api: Api) -> None:
    created = await api.run(CREATE, input={"name": "orders", "steps": [an_http_step()]})

    applied = await api.run(APPLY, document=created["createWorkflow"]["document"])

    assert applied["applyWorkflow"]["version"] == 1
    assert applied["applyWorkflow"]["id"] == created["createWorkflow"]["id"]


async def test_every_problem_of_a_typed_input_is_told_at_its_place(api: Api) -> None:
    steps = [
        an_http_step(when="1 +"),
        an_http_step("fetch"),
        {"id": "bad", "dependsOn": ["nowhere"], "config": {"httpRequest": {"url": "", "expectedStatus": ["9xx"]}}},
    ]

    data = await api.run(CREATE, input={"name": "orders", "steps": steps, "timeout": "PT0S"})

    answer = data["createWorkflow"]
    assert answer["__typename"] == "ValidationError"
    assert answer["code"] == "INVALID_INPUT"
    paths = {tuple(problem["path"]) for problem in answer["problems"]}
    assert ("steps", "0", "when") in paths
    assert ("steps", "1", "id") in paths
    assert ("steps", "2", "config", "httpRequest", "url") in paths
    assert ("steps", "2", "config", "httpRequest", "expectedStatus", "0") in paths
    assert ("timeout",) in paths
    assert all(problem["message"] for problem in answer["problems"])


async def test_a_problem_in_a_nested_block_is_told_at_its_place(api: Api) -> None:
    inner = {"id": "deep", "config": {"forEach": {"items": "input", "steps": [an_http_step(url="{{ 1 + }}")]}}}
    branches = [{"name": "one", "steps": [inner]}]
    choice = {"if": "true", "then": [{"id": "fan", "config": {"parallel": {"branches": branches}}}]}
    steps = [{"id": "choose", "config": {"conditional": choice}}]

    data = await api.run(CREATE, input={"name": "orders", "steps": steps})

    chosen = ["steps", "0", "config", "conditional", "then", "0"]
    fan = ["config", "parallel", "branches", "0", "steps", "0"]
    loop = ["config", "forEach", "steps", "0", "config", "httpRequest", "url"]
    paths = [problem["path"] for problem in data["createWorkflow"]["problems"]]
    assert [*chosen, *fan, *loop] in paths


async def test_a_service_whose_name_cannot_be_seen_is_refused_with_a_hint(api: Api) -> None:
    steps = [an_http_step(config={"httpRequest": {"url": "http://service.test/", "serviceId": " shop"}})]

    data = await api.run(CREATE, input={"name": "orders", "steps": steps})

    [problem] = data["createWorkflow"]["problems"]
    assert problem["path"] == ["steps", "0", "config", "httpRequest", "serviceId"]
    assert problem["hint"]


async def test_a_taken_name_is_a_conflict(api: Api) -> None:
    await api.run(CREATE, input={"name": "orders", "steps": [an_http_step()]})

    data = await api.run(CREATE, input={"name": "orders", "steps": [an_http_step()]})

    assert data["createWorkflow"]["__typename"] == "ConflictError"
    assert data["createWorkflow"]["code"] == "CONFLICT"


async def test_an_update_changes_what_it_names_and_removes_what_is_null(api: Api) -> None:
    created = await api.run(
        CREATE, input={"name": "orders", "description": "old", "steps": [an_http_step()], "timeout": "PT1M"}
    )
    id = created["createWorkflow"]["id"]

    data = await api.run(UPDATE, id=id, input={"description": "new", "timeout": None, "status": "PAUSED"})

    answer = data["updateWorkflow"]
    assert answer["version"] == 2
    assert answer["status"] == "PAUSED"
    assert answer["document"]["description"] == "new"
    assert "timeout" not in answer["document"]
    assert answer["document"]["steps"][0]["id"] == "fetch"


async def test_an_update_of_an_old_version_is_a_conflict(api: Api) -> None:
    created = await api.run(CREATE, input={"name": "orders", "steps": [an_http_step()]})

    data = await api.run(UPDATE, id=created["createWorkflow"]["id"], input={"expectedVersion": 9, "name": "other"})

    assert data["updateWorkflow"]["__typename"] == "ConflictError"


async def test_an_update_of_an_unknown_workflow_says_which(api: Api) -> None:
    data = await api.run(UPDATE, id="wf_01h455vb4pex5vsknk084sn02q", input={"name": "other"})

    assert data["updateWorkflow"]["__typename"] == "NotFoundError"
    assert data["updateWorkflow"]["targetId"] == "wf_01h455vb4pex5vsknk084sn02q"


async def test_a_malformed_id_is_a_problem_of_the_mutation(api: Api) -> None:
    updated = await api.run(UPDATE, id="nonsense", input={"name": "other"})
    deleted = await api.run(DELETE, id="ex_01h455vb4pex5vsknk084sn02q")

    assert updated["updateWorkflow"]["problems"][0]["path"] == ["id"]
    assert deleted["deleteWorkflow"]["__typename"] == "NotFoundError"


async def test_apply_makes_a_version_only_where_something_changed(api: Api) -> None:
    document = {"name": "orders", "steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"output": 1}}]}

    first = await api.run(APPLY, document=document)
    same = await api.run(APPLY, document=document)
    changed = await api.run(APPLY, document={**document, "description": "now with words"}, note="said so")

    assert [first["applyWorkflow"]["version"], same["applyWorkflow"]["version"]] == [1, 1]
    assert changed["applyWorkflow"]["version"] == 2
    versions = await api.run(
        "query($id: ID!) { workflow(id: $id) { versions { totalCount nodes { version note document } } } }",
        id=first["applyWorkflow"]["id"],
    )
    assert versions["workflow"]["versions"]["totalCount"] == 2
    assert nodes(versions["workflow"]["versions"], "version") == [2, 1]
    assert nodes(versions["workflow"]["versions"], "note") == ["said so", None]


@pytest.mark.parametrize("document", [None, 1, "text", [], {}, {"name": 5, "steps": {}}, {"steps": [None]}])
async def test_a_document_that_is_none_has_problems(api: Api, document: object) -> None:
    if document is None:
        data = await api.run(
            'mutation { applyWorkflow(document: "") { ... on ValidationError { problems { path } } } }'
        )
    else:
        data = await api.run(APPLY, document=document)

    assert data["applyWorkflow"]["problems"]


OUTPUT = """query($id: ID!) { workflow(id: $id) { output document } }"""


@pytest.mark.parametrize("output", ['{"a": input.a}', "{{ input.a }}", "a is {{ input.a }}"])
async def test_an_output_that_is_a_text_comes_back_as_it_was_sent(api: Api, output: str) -> None:
    created = await api.run(CREATE, input={"name": "orders", "steps": [an_http_step("a")], "output": output})

    shown = (await api.run(OUTPUT, id=created["createWorkflow"]["id"]))["workflow"]
    assert (shown["output"], shown["document"]["output"]) == (output, output)


async def test_an_output_that_is_an_object_is_shown_as_json_text_and_kept_by_an_update(api: Api) -> None:
    output = {"b": "{{ input.b }}", "a": [2**70, None]}
    document = {
        "name": "orders",
        "steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"expression": {"x": "{{ input.x }}"}}}],
        "output": output,
    }
    apply = """mutation($document: JSON!) { applyWorkflow(document: $document) { ... on Workflow { id version } } }"""
    update = (
        """mutation($id: ID!) { updateWorkflow(id: $id, input: {timeout: "PT1M"}) { ... on Workflow { version } } }"""
    )
    applied = (await api.run(apply, document=document))["applyWorkflow"]
    assert (await api.run(update, id=applied["id"]))["updateWorkflow"] == {"version": 2}

    shown = (await api.run(OUTPUT, id=applied["id"]))["workflow"]

    assert shown["output"] == '{"b":"{{ input.b }}","a":[1180591620717411303424,null]}'
    assert shown["document"] == {**document, "timeout": "PT1M"}
    again = (await api.run(apply, document=shown["document"]))["applyWorkflow"]
    assert again["version"] == 2


async def test_a_workflow_shows_its_steps_with_what_they_run_after(api: Api) -> None:
    retry = {"strategy": "FIXED", "delay": "PT2S"}
    created = await api.run(
        CREATE,
        input={"name": "orders", "steps": [an_http_step("a"), an_http_step("b", retry=retry, timeout="PT5S")]},
    )

    data = await api.run(
        """query($id: ID!) { workflow(id: $id) { inputSchema output timeout maxConcurrentExecutions
          steps { stepId name type dependsOn when timeout config
            retry { strategy maxAttempts delay factor maxDelay jitter maxElapsed } steps { stepId } }
          graph { nodes { path type name parent } edges { from to label } } } }""",
        id=created["createWorkflow"]["id"],
    )

    first, second = data["workflow"]["steps"]
    assert (first["dependsOn"], first["retry"]) == ([], None)
    assert second["dependsOn"] == ["a"]
    assert second["timeout"] == "PT5S"
    assert second["config"] == {"url": "http://service.test/"}
    assert second["retry"] == {
        "strategy": "FIXED",
        "maxAttempts": 3,
        "delay": "PT2S",
        "factor": 2.0,
        "maxDelay": "PT1M",
        "jitter": "FULL",
        "maxElapsed": None,
    }
    assert data["workflow"]["graph"]["edges"] == [{"from": "a", "to": "b", "label": None}]


async def test_validation_reports_without_storing(api: Api) -> None:
    query = """query($input: CreateWorkflowInput, $document: JSON)
      { validateWorkflow(input: $input, document: $document)
        { valid problems { path } stages graph { nodes { path } } } }"""

    good = await api.run(query, input={"name": "x", "steps": [an_http_step("a"), an_http_step("b", dependsOn=[])]})
    bad = await api.run(query, input={"name": "x", "steps": [an_http_step(url="{{ 1 + }}")]})
    document = {"name": "x", "steps": [{"id": "a", "type": "HTTP_REQUEST", "config": {"url": "{{ 1 + }}"}}]}
    bad_document = await api.run(query, document=document)

    assert good["validateWorkflow"]["valid"]
    assert good["validateWorkflow"]["stages"] == [["a", "b"]]
    assert bad["validateWorkflow"]["problems"] == [{"path": ["steps", "0", "config", "httpRequest", "url"]}]
    assert bad_document["validateWorkflow"]["problems"] == [{"path": ["steps", "0", "config", "url"]}]
    assert (await api.run("{ workflows { totalCount } }"))["workflows"]["totalCount"] == 0


async def test_validation_wants_one_of_input_and_document(api: Api) -> None:
    [error] = await api.errors("{ validateWorkflow { valid } }")

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["path"] == ["validateWorkflow"]


async def test_a_workflow_is_found_by_id_and_by_name_and_is_null_when_unknown(api: Api) -> None:
    created = await api.create_workflow("orders")

    data = await api.run(
        """query($id: ID!) { byId: workflow(id: $id) { name } byName: workflow(name: "orders") { id }
          unknown: workflow(name: "nothing") { id } node(id: $id) { __typename id ... on Workflow { name } } }""",
        id=created["id"],
    )

    assert data["byId"] == {"name": "orders"}
    assert data["byName"] == {"id": created["id"]}
    assert data["unknown"] is None
    assert data["node"] == {"__typename": "Workflow", "id": created["id"], "name": "orders"}


async def test_a_deleted_workflow_is_gone_and_its_name_is_free(api: Api) -> None:
    created = await api.create_workflow("orders")

    deleted = await api.run(DELETE, id=created["id"])
    again = await api.run(DELETE, id=created["id"])

    assert deleted["deleteWorkflow"] == {"__typename": "Deleted", "id": created["id"]}
    assert again["deleteWorkflow"]["__typename"] == "NotFoundError"
    assert again["deleteWorkflow"]["targetId"] == created["id"]
    assert (await api.create_workflow("orders"))["id"] != created["id"]


async def test_a_workflow_with_a_live_execution_is_not_deleted(api: Api) -> None:
    created = await api.create_workflow("orders")
    await api.start("orders")

    data = await api.run(DELETE, id=created["id"])

    assert data["deleteWorkflow"]["__typename"] == "InvalidStateError"


async def test_a_note_that_is_too_long_is_a_problem(api: Api) -> None:
    document = {"name": "x", "steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"output": 1}}]}

    data = await api.run(APPLY, document=document, note="x" * 5_000)

    assert data["applyWorkflow"]["__typename"] == "ValidationError"


async def test_workflows_are_listed_newest_first_by_filter(api: Api) -> None:
    for name, team in (("one", "a"), ("two", "b"), ("three", "a")):
        await api.create_workflow(name, labels={"team": team})
    query = "query($f: WorkflowFilter) { workflows(filter: $f) { totalCount nodes { name } } }"

    everything = await api.run(query)
    by_label = await api.run(query, f={"labels": {"team": "a"}})
    by_name = await api.run(query, f={"nameContains": "T", "status": ["ACTIVE"]})
    none = await api.run(query, f={"createdAfter": "2040-01-01T00:00:00+01:00"})

    assert nodes(everything["workflows"], "name") == ["three", "two", "one"]
    assert nodes(by_label["workflows"], "name") == ["three", "one"]
    assert nodes(by_name["workflows"], "name") == ["three", "two"]
    assert none["workflows"] == {"totalCount": 0, "nodes": []}


async def test_a_stored_document_that_cannot_be_read_harms_itself_alone(api: Api) -> None:
    await api.create_workflow("fine")
    await api.create_workflow("broken")
    rows = api.storage.tables
    record = next(each for each in rows.workflows.values() if each.name == "broken")
    document: dict[str, Any] = {
        **record.document,
        "steps": [{"id": "a", "type": "WAIT", "config": {"duration": "P1M"}}],
    }
    rows.definitions[record.definition_id] = replace(rows.definitions[record.definition_id], document=document)
    rows.workflows[record.id] = replace(record, document=document)

    data = await api.run("{ workflows { nodes { name steps { stepId } graph { nodes { path } } documentProblem } } }")

    [broken, fine] = sorted(data["workflows"]["nodes"], key=lambda each: each["name"])
    assert (broken["steps"], broken["graph"]) == ([], {"nodes": []})
    assert broken["documentProblem"].startswith("This release cannot read version 1 of the workflow: steps")
    assert (fine["steps"], fine["graph"], fine["documentProblem"]) == (
        [{"stepId": "a"}],
        {"nodes": [{"path": "a"}]},
        None,
    )
    assert (await api.create_workflow("broken"))["version"] == 2
