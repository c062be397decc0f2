"""Rules and templates from the command line to a worker: saved, tried, made into a workflow, executed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import Output, stepgraph

pytestmark = pytest.mark.asyncio(loop_scope="session")

RULE = """
name: full-name
expression: ($parts := [input.first, input.last]; $join($parts, " "))
inputSchema: {type: object, required: [first, last]}
examples:
  - {input: {first: Ada, last: Lovelace}, output: EXPECTED}
"""
TEMPLATE = """
name: greet
category: talk
parameters:
  - {name: word, schema: {type: string}}
  - {name: pause, schema: {type: string}, default: PT0.01S}
document:
  steps:
    - {id: pause, type: WAIT, config: {duration: "<<pause>>"}}
    - {id: name, type: DATA_TRANSFORM, config: {rule: {name: full-name}}}
    - {id: say, type: DATA_TRANSFORM, config: {output: "<<word>>, {{ steps.name.output }}!"}}
"""


async def test_a_rule_and_a_template_are_saved_tried_and_executed(
    shared_deployment: Deployment, tmp_path: Path
) -> None:
    async def run(*words: str) -> Output:
        return await stepgraph(*words, extra={"STEPGRAPH_URL": shared_deployment.url})

    async def answer(*words: str) -> Any:
        output = await run(*words, "--json")
        assert output.code == 0, output.stderr
        return json.loads(output.stdout)

    file = tmp_path / "full-name.yaml"
    file.write_text(RULE.replace("EXPECTED", "Ada"))
    refused = await run("rules", "save", str(file))
    assert refused.code == 1
    assert "examples.0.output" in refused.stderr
    assert 'The rule gives "Ada Lovelace" instead.' in refused.stderr

    file.write_text(RULE.replace("EXPECTED", "Ada Lovelace"))
    [saved] = await answer("rules", "save", str(file))
    assert saved["name"] == "full-name"
    tried = await run("rules", "try", "full-name", "--input", '{"first": "Grace", "last": "Hopper"}')
    assert (tried.code, json.loads(tried.stdout)) == (0, "Grace Hopper")
    unfit = await run("rules", "try", "full-name", "--input", '{"first": "Grace"}')
    assert unfit.code == 1
    assert '"last" is a required property' in unfit.stderr

    template = tmp_path / "greet.yaml"
    template.write_text(TEMPLATE)
    assert "greet: saved" in (await run("templates", "save", str(template))).stdout
    assert [each["name"] for each in await answer("templates", "list", "--category", "talk")] == ["greet"]
    made = await answer("templates", "instantiate", "greet", "greeting-of-a-template", "--set", "word=Hello")
    assert made["name"] == "greeting-of-a-template"
    given = ("--input", '{"first": "Grace", "last": "Hopper"}')
    assert (await answer("run", made["name"], *given, "--follow"))["output"] == "Hello, Grace Hopper!"

    used = await run("rules", "delete", "full-name")
    assert used.code == 1
    assert "used by 'greeting-of-a-template'" in used.stderr
