"""Workflow templates over the API: saving, listing, making workflows of them, and the examples of their page."""

import re
import shlex
from typing import Any

import yaml

from domain.workflow_templates.shipped import shipped_templates
from tests.integration.graphql_api.api import Api, nodes
from tests.integration.graphql_api.real import Real
from tests.repository import ROOT

PAGE = (ROOT / "docs" / "templates.md").read_text()
GRAPHQL = re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
[TEMPLATE_FILE] = (yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))

SAVE = """
mutation ($input: WorkflowTemplateInput!) {
  saveWorkflowTemplate(input: $input) {
    __typename
    ... on WorkflowTemplate {
      id name description category shipped document createdAt
      parameters { name description schema required default }
    }
    ... on Error { code message }
    ... on ValidationError { problems { path message hint } }
  }
}
"""
DELETE = """
mutation ($name: String!) {
  deleteWorkflowTemplate(name: $name) { __typename ... on Deleted { id } ... on Error { code message } }
}
"""
INSTANTIATE = """
mutation ($name: String!, $workflowName: String!, $parameters: JSON!) {
  instantiateTemplate(name: $name, workflowName: $workflowName, parameters: $parameters) {
    __typename
    ... on Workflow { name version labels document versions { nodes { note } } }
    ... on Error { code message }
    ... on ValidationError { problems { path message hint } }
  }
}
"""
NODE = "query ($id: ID!) { node(id: $id) { __typename id ... on WorkflowTemplate { name } } }"
DOCUMENT = {"steps": [{"id": "say", "type": "DATA_TRANSFORM", "config": {"output": "<<word>> {{ input }}"}}]}


async def save(api: Api, **input: Any) -> dict[str, Any]:
    given = {"name": "say", "parameters": [{"name": "word", "schema": {"type": "string"}}], "document": DOCUMENT}
    answer: dict[str, Any] = (await api.run(SAVE, input=given | input))["saveWorkflowTemplate"]
    return answer


async def instantiate(api: Api, name: str, workflow: str, **parameters: Any) -> dict[str, Any]:
    data = await api.run(INSTANTIATE, name=name, workflowName=workflow, parameters=parameters)
    answer: dict[str, Any] = data["instantiateTemplate"]
    return answer


async def test_a_saved_template_comes_back(api: Api) -> None:
    parameters = [{"name": "word", "description": "A word", "schema": True, "default": False}]
    saved = await save(api, description="Says a word", category="talk", parameters=parameters)

    id = saved.pop("id")
    assert id.startswith("wt_")
    assert saved == {
        "__typename": "WorkflowTemplate",
        "name": "say",
        "description": "Says a word",
        "category": "talk",
        "shipped": False,
        "document": DOCUMENT,
        "createdAt": "2030-01-01T12:00:00Z",
        "parameters": [parameters[0] | {"required": False}],
    }
    assert (await api.run(NODE, id=id))["node"] == {"__typename": "WorkflowTemplate", "id": id, "name": "say"}


async def test_shipped_templates_are_always_there(api: Api) -> None:
    await save(api, category="integration")

    everything = (await api.run("{ workflowTemplates { nodes { id name shipped } } }"))["workflowTemplates"]["nodes"]
    names = [template["name"] for template in everything]
    assert names == sorted([*(each.settings.name for each in shipped_templates()), "say"])
    assert [template["name"] for template in everything if not template["shipped"]] == ["say"]
    one = everything[0]
    assert (await api.run(NODE, id=one["id"]))["node"]["name"] == one["name"]
    some = await api.run('{ workflowTemplates(category: "integration") { nodes { name } } }')
    assert nodes(some["workflowTemplates"], "name") == ["checked-call", "fan-out", "polled-job", "say"]
    found = await api.run(
        '{ one: workflowTemplate(name: "saga") { shipped } none: workflowTemplate(name: "x") { id } }'
    )
    assert found == {"one": {"shipped": True}, "none": None}


async def test_a_shipped_template_is_not_deleted(api: Api) -> None:
    refused = (await api.run(DELETE, name="saga"))["deleteWorkflowTemplate"]
    assert refused == {
        "__typename": "ConflictError",
        "code": "CONFLICT",
        "message": "The template 'saga' comes with Stepgraph, and cannot be deleted.",
    }
    missing = (await api.run(DELETE, name="sagas"))["deleteWorkflowTemplate"]
    assert missing["code"] == "NOT_FOUND"


async def test_everything_that_is_wrong_with_a_template_is_told_at_once(api: Api) -> None:
    refused = await save(api, name="", parameters=[{"name": "wrd", "schema": {"type": "strng"}}])

    assert [problem["path"] for problem in refused["problems"]] == [
        ["name"],
        ["parameters", "0", "schema", "type"],
        ["document", "steps", "0", "config", "output"],
        ["parameters", "0"],
    ]


async def test_a_workflow_is_made_of_a_template(api: Api) -> None:
    await save(api)

    made = await instantiate(api, "say", "greeting", word="Hello")

    assert made == {
        "__typename": "Workflow",
        "name": "greeting",
        "version": 1,
        "labels": {"template": "say"},
        "document": {
            "name": "greeting",
            "steps": [{"id": "say", "type": "DATA_TRANSFORM", "config": {"output": "Hello {{ input }}"}}],
            "labels": {"template": "say"},
        },
        "versions": {"nodes": [{"note": "From the template 'say'."}]},
    }
    assert (await instantiate(api, "say", "greeting", word="Hello"))["code"] == "CONFLICT"
    assert (await instantiate(api, "shout", "greeting"))["code"] == "NOT_FOUND"
    wrong = await instantiate(api, "say", "other", wrod="Hello")
    assert [problem["path"] for problem in wrong["problems"]] == [["parameters", "wrod"], ["parameters", "word"]]
    broken = await instantiate(api, "say", "other", word="{{ inptu }}")
    assert [problem["path"] for problem in broken["problems"]] == [["document", "steps", "0", "config", "output"]]


async def test_the_examples_of_the_page_run_in_their_order(api: Api) -> None:
    listing, make, save_it, find, delete = GRAPHQL

    listed = (await api.run(listing))["workflowTemplates"]["nodes"]
    assert {each["name"] for each in listed} == {"checked-call", "polled-job", "fan-out"}
    made = (await api.run(make))["instantiateTemplate"]
    assert made["__typename"] == "Workflow", made
    assert made["document"]["steps"][0]["retry"]["maxAttempts"] == 8
    filtered = '{ workflows(filter: {labels: {template: "checked-call"}}) { nodes { name } } }'
    assert (await api.run(filtered))["workflows"]["nodes"] == [{"name": "stock-level"}]

    saved = (await api.run(save_it))["saveWorkflowTemplate"]
    assert saved["__typename"] == "WorkflowTemplate", saved
    assert [each["required"] for each in saved["parameters"]] == [True, False, False]
    assert (await api.run(find))["workflowTemplate"]["shipped"] is False
    assert (await api.run(delete))["deleteWorkflowTemplate"]["__typename"] == "Deleted"


async def test_the_table_of_the_page_lists_what_is_shipped() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \| ([a-z]+) \|", PAGE, re.MULTILINE)
    shipped = [(each.settings.name, each.settings.category) for each in shipped_templates()]
    assert sorted(listed) == shipped


async def test_the_file_of_the_page_makes_a_workflow_as_the_command_says(api: Api) -> None:
    assert (await save(api, **TEMPLATE_FILE))["__typename"] == "WorkflowTemplate"
    [command] = re.findall(r"^stepgraph templates instantiate (pause-and-say .*)$", PAGE, re.MULTILINE)
    name, workflow, *options = shlex.split(command)
    given = dict(option.split("=") for option in options if "=" in option)

    made = await instantiate(api, name, workflow, **given)

    outputs = [step["config"] for step in made["document"]["steps"]]
    assert outputs == [{"duration": "PT0.1S"}, {"output": "Hello, {{ input }}!"}]


async def test_templates_on_real_parts(real: Real) -> None:
    saved = await save(real.api, category="talk")
    assert (await save(real.api))["id"] == saved["id"]
    with real.database.counting() as statements:
        await real.api.run("{ workflowTemplates { nodes { name parameters { name } document } } }")
    assert len(statements) == 2  # the page, and which of the shipped ones are replaced
    assert (await instantiate(real.api, "say", "greeting", word="Hi"))["__typename"] == "Workflow"
    assert (await real.api.run(NODE, id=saved["id"]))["node"]["name"] == "say"
    assert (await real.api.run(DELETE, name="say"))["deleteWorkflowTemplate"]["id"] == saved["id"]
    assert (await real.api.run(DELETE, name="s\0y"))["deleteWorkflowTemplate"]["code"] == "NOT_FOUND"
