"""Saving transformation rules: every example must hold; deleting them; and documents that name them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from domain.executions.service import ExecutionService, OrchestrateRequest
from domain.expressions.expression import compile_expression
from domain.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from domain.kernel.json.text import JsonValue
from domain.transformation_rules.model import RuleExample, RuleSettings
from domain.transformation_rules.service import TransformationRuleService
from domain.workflows.service import CreateWorkflow, UpdateWorkflow, WorkflowService
from tests.builders import a_document, constant, step
from tests.sandboxes import AnsweringSandbox
from tests.unit.domain.conftest import Services

DEMANDING = "($f := function($x) { $x * 2 }; $f(input))"


def example(input: JsonValue, output: JsonValue) -> RuleExample:
    return RuleExample(input=input, output=output)


def applying(rule: str, id: str = "apply") -> dict[str, Any]:
    return step(id, "DATA_TRANSFORM", {"rule": {"name": rule}})


@dataclass(frozen=True)
class Desk:
    """The services that know rules."""

    services: Services
    rules: TransformationRuleService
    workflows: WorkflowService
    executions: ExecutionService

    async def save(self, name: str = "total", expression: str = "$sum(input.prices)", **members: Any) -> Any:
        return await self.rules.save(RuleSettings(name=name, expression=expression, **members))

    async def problems(self, **members: Any) -> list[Problem]:
        with pytest.raises(InvalidInput) as refused:
            await self.save(**members)
        return list(refused.value.problems)

    async def store(self, *steps: Any, name: str = "orders") -> Any:
        return await self.workflows.create(CreateWorkflow(document=a_document(name=name, steps=steps)))


@pytest.fixture
def desk(services: Services) -> Desk:
    storage, clock = services.storage, services.clock
    return Desk(
        services,
        TransformationRuleService(rules=storage.rules, clock=clock),
        WorkflowService(workflows=storage.workflows, clock=clock, rules=storage.rules),
        ExecutionService(
            workflows=storage.workflows,
            executions=storage.executions,
            queries=storage.queries,
            queue=storage.queue,
            feed=storage.feed,
            definitions=services.definitions,
            clock=clock,
            rules=storage.rules,
        ),
    )


async def test_a_rule_whose_examples_hold_is_stored(desk: Desk) -> None:
    examples = (example({"prices": [1, 2.5]}, 3.5), example({"prices": 2}, 2.0))
    saved = await desk.save(examples=examples, output_schema={"type": "number"})

    assert await desk.rules.find("total") == await desk.rules.get(saved.id) == saved
    assert (saved.revision, saved.created_at) == (1, desk.services.clock.now())
    assert saved.settings.examples == examples


async def test_saving_it_again_overwrites_it_as_a_whole(desk: Desk) -> None:
    first = await desk.save(description="Adds up.", input_schema={"type": "object"})
    second = await desk.save(expression="0")

    assert (second.id, second.revision) == (first.id, 2)
    assert (second.settings.description, second.settings.input_schema) == (None, None)
    assert (await desk.rules.page(first=5, after=None)).rows == (second,)


async def test_an_example_that_does_not_hold_says_what_came_instead(desk: Desk) -> None:
    examples = (example({"prices": [1]}, 1), example({"prices": [1]}, True), example({"prices": [2, 3]}, {"a": 1}))
    problems = await desk.problems(examples=examples)

    assert [(problem.path, problem.message) for problem in problems] == [
        (("examples", "1", "output"), "The rule gives 1 instead."),
        (("examples", "2", "output"), "The rule gives 5 instead."),
    ]
    assert await desk.rules.count() == 0


async def test_a_long_answer_is_cut(desk: Desk) -> None:
    [problem] = await desk.problems(expression="input", examples=(example("x" * 5_000, 1),))
    assert len(problem.message) < 400


async def test_examples_must_meet_the_schemas_and_everything_is_said_at_once(desk: Desk) -> None:
    problems = await desk.problems(
        name=" total",
        expression="input.a & ''",
        input_schema={"required": ["a"]},
        output_schema={"minLength": 2},
        examples=(example({"a": "xy"}, "xy"), example({}, ""), example({"a": 5}, "5")),
    )
    assert [problem.path for problem in problems] == [
        ("name",),
        ("examples", "1", "input"),
        ("examples", "1", "output"),
        ("examples", "2", "output"),
    ]


async def test_an_example_whose_expression_fails_says_why(desk: Desk) -> None:
    problems = await desk.problems(expression="input.a.b", examples=(example({"a": {}}, 1), example({}, None)))

    assert [problem.path for problem in problems] == [("examples", "0", "output"), ("examples", "1", "output")]
    assert "`input.a` has no `b`" in problems[0].message


async def test_a_rule_that_needs_the_sandbox_is_tried_in_it(desk: Desk) -> None:
    assert compile_expression(DEMANDING).needs_sandbox
    [problem] = await desk.problems(expression=DEMANDING, examples=(example(2, 4),))
    assert "needs the sandbox" in problem.message

    sandbox = AnsweringSandbox(lambda _, data: data["input"] * 2)  # type: ignore[operator]
    rules = TransformationRuleService(rules=desk.services.storage.rules, clock=desk.services.clock, sandbox=sandbox)
    examples = tuple(example(number, number * 2) for number in range(20))
    await rules.save(RuleSettings(name="double", expression=DEMANDING, examples=examples))
    assert len(sandbox.asked) == 20


async def test_examples_that_take_too_long_together_are_refused(desk: Desk) -> None:
    rules = TransformationRuleService(
        rules=desk.services.storage.rules, clock=desk.services.clock, tried_for=timedelta(0)
    )
    with pytest.raises(InvalidInput) as refused:
        await rules.save(RuleSettings(name="same", expression="input", examples=(example(1, 1), example(2, 2))))
    assert [problem.path for problem in refused.value.problems] == [("examples", "0"), ("examples", "1")]
    assert await rules.count() == 0


async def test_a_deleted_rule_is_gone(desk: Desk) -> None:
    saved = await desk.save()

    assert await desk.rules.delete("total") == saved
    assert await desk.rules.find("total") is None
    with pytest.raises(NotFound, match="transformation rule 'total'"):
        await desk.rules.delete("total")


async def test_a_rule_that_workflows_use_is_not_deleted(desk: Desk) -> None:
    await desk.save()
    created = [await desk.store(applying("total"), name=f"workflow-{number}") for number in range(6)]

    with pytest.raises(Conflict, match=r"used by 'workflow-0', .*'workflow-4' and others"):
        await desk.rules.delete("total")
    for workflow in created[1:]:
        await desk.workflows.delete(workflow.id)
    with pytest.raises(Conflict, match=r"used by 'workflow-0': take it out"):
        await desk.rules.delete("total")

    await desk.workflows.update(UpdateWorkflow(workflow_id=created[0].id, changes={"steps": [constant()]}))
    await desk.rules.delete("total")


async def test_a_document_may_only_name_rules_that_exist(desk: Desk) -> None:
    await desk.save()
    loop = step("loop", "FOR_EACH", {"items": "input", "steps": [applying("vat", "inner")]})
    document = a_document(steps=[applying("total"), applying("totl", "typo"), loop], onFailure=[applying("vat", "x")])

    with pytest.raises(InvalidInput) as refused:
        await desk.workflows.create(CreateWorkflow(document=document))
    assert [(".".join(each.path), each.message) for each in refused.value.problems] == [
        ("onFailure.0.config.rule.name", "There is no transformation rule 'vat'."),
        ("steps.1.config.rule.name", "There is no transformation rule 'totl'."),
        ("steps.2.config.steps.0.config.rule.name", "There is no transformation rule 'vat'."),
    ]
    hints = [problem.hint for problem in refused.value.problems]
    assert hints[1] == "Did you mean 'total'?"
    assert hints[0] is not None and "saveTransformationRule" in hints[0]

    with pytest.raises(InvalidInput) as applied:
        await desk.workflows.apply(document)
    with pytest.raises(InvalidInput) as orchestrated:
        await desk.executions.orchestrate(OrchestrateRequest(document={"steps": [applying("vat")]}))
    checked = await desk.workflows.validate(document)
    assert applied.value.problems == checked.problems == refused.value.problems
    assert checked.document is None and checked.graph is not None
    assert [each.path for each in orchestrated.value.problems] == [("steps", "0", "config", "rule", "name")]


async def test_a_changed_document_may_only_name_rules_that_exist(desk: Desk) -> None:
    workflow = await desk.store(constant())

    with pytest.raises(InvalidInput, match="no transformation rule 'total'"):
        await desk.workflows.update(UpdateWorkflow(workflow_id=workflow.id, changes={"steps": [applying("total")]}))
    await desk.save()
    updated = await desk.workflows.update(
        UpdateWorkflow(workflow_id=workflow.id, changes={"steps": [applying("total")]})
    )
    assert updated.version == 2


async def test_a_missing_rule_is_told_beside_everything_else(desk: Desk) -> None:
    checked = await desk.workflows.validate(a_document(steps=[applying("vat"), step("b", "WAIT", {})]))

    assert [".".join(problem.path) for problem in checked.problems] == ["steps.0.config.rule.name", "steps.1.config"]
