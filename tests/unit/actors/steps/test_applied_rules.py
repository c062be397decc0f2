"""Steps that apply a stored rule: what they give, how they fail, and how seldom the rule is looked up."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from actors.activations.activation import Activation
from actors.activations.context import ActivationContext
from actors.activations.step_runner import StepRunner
from actors.steps.data_transform import DataTransformExecutor
from actors.transformation_rules.applied_rules import AppliedRules
from actors.transformation_rules.rules import StoredRules
from domain.executions.records import ExecutionRecord
from domain.expressions.evaluator import Evaluator
from domain.kernel.errors import Unavailable
from domain.kernel.failures import FailureCode
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus, StepType
from domain.transformation_rules.model import CompiledRule, RuleRecord, RuleSettings
from persistence.memory import MemoryStorage
from persistence.memory.transformation_rules import MemoryTransformationRuleStore
from tests.builders import a_definition, constant, step
from tests.sandboxes import AnsweringSandbox
from tests.unit.actors.world import SetClock, World
from tests.waiting import wait_until

DEMANDING = "($f := function($x) { $x * 2 }; $f(input))"


class CountedRules(MemoryTransformationRuleStore):
    """Counts look-ups, and may be away."""

    def __init__(self) -> None:
        super().__init__(MemoryStorage().tables)
        self.asked = 0
        self.is_away = False

    async def put(self, name: str = "double", expression: str = "input * 2", **members: Any) -> None:
        now = SetClock().now()
        settings = RuleSettings(name=name, expression=expression, **members)
        await self.save(RuleRecord(id=new_id(), settings=settings, revision=1, created_at=now, updated_at=now))

    async def find_many(self, names: Collection[str], *, lean: bool = False) -> Mapping[str, RuleRecord]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise Unavailable("PostgreSQL is away.")
        return await super().find_many(names, lean=lean)


class RuledWorld(World):
    """A worker that knows rules."""

    def __init__(self, kept_for: float = 3600, sandbox: AnsweringSandbox | None = None) -> None:
        super().__init__(max_output_bytes=1_000_000)
        self.rules = CountedRules()
        self.evaluator = Evaluator(sandbox)
        self.stored = StoredRules(self.rules, kept_for=kept_for)

    @property
    def parts(self) -> ActivationContext:
        parts = super().parts
        executors = dict(parts.attempts.executors)
        executors[StepType.DATA_TRANSFORM] = DataTransformExecutor(AppliedRules(self.stored, self.evaluator))
        return replace(parts, attempts=StepRunner(executors, self.max_output_bytes, self.evaluator))

    async def apply(self, input: Any, name: str = "double", **rule: Any) -> ExecutionRecord:
        """An execution of one step that applies a rule."""
        return await self.run(a_definition(steps=[applying(name, **rule)]), input)


def applying(name: str = "double", id: str = "apply", **rule: Any) -> dict[str, Any]:
    return step(id, "DATA_TRANSFORM", {"rule": {"name": name, **rule}})


def failure(record: ExecutionRecord) -> tuple[FailureCode, str]:
    assert record.error is not None
    return record.error.code, record.error.message


async def test_a_rule_is_applied_to_the_input_of_the_execution_or_to_what_the_step_says() -> None:
    world = RuledWorld()
    await world.rules.put()
    steps = [
        applying(),
        applying(id="again", input="{{ steps.apply.output }}"),
        constant("both", "{{ [steps.apply.output, steps.again.output] }}"),
    ]

    assert (await world.run(a_definition(steps=steps), 21)).output == [42, 84]


async def test_a_rule_sees_nothing_but_its_input() -> None:
    world = RuledWorld()
    await world.rules.put(expression="$")

    assert (await world.apply({"a": 1})).output == {"input": {"a": 1}}


async def test_the_input_and_the_output_must_meet_the_schemas_of_the_rule() -> None:
    world = RuledWorld()
    await world.rules.put(
        expression="input.a * 2",
        input_schema={"required": ["a"], "properties": {"b": {"type": "string"}}},
        output_schema={"maximum": 10},
    )

    assert (await world.apply({"a": 5})).output == 10
    refused = (await world.apply({"b": 1})).error
    assert refused is not None
    assert (refused.code, refused.path) == (FailureCode.VALIDATION_FAILED, "apply")
    assert refused.message == (
        'The input of the rule \'double\' is not valid: "a" is a required property. b: 1 is not of type "string".'
    )
    assert refused.details is not None and refused.details["rule"] == "double"
    problems: Any = refused.details["problems"]
    assert sorted((each["path"], each["message"]) for each in problems) == [
        (["input"], '"a" is a required property.'),
        (["input", "b"], '1 is not of type "string".'),
    ]
    too_much = (await world.apply({"a": 6})).error
    assert too_much is not None and too_much.details is not None
    assert too_much.message == "The output of the rule 'double' is not valid: 12 is greater than the maximum of 10."
    assert too_much.details["problems"] == [{"path": ["output"], "message": "12 is greater than the maximum of 10."}]


async def test_a_rule_that_fails_or_is_gone_fails_the_step() -> None:
    world = RuledWorld(kept_for=0)
    await world.rules.put(expression="input.a.b")

    code, message = failure(await world.apply({"a": None}))
    assert (code, "`input.a` is null" in message) == (FailureCode.EXPRESSION_FAILED, True)
    await world.rules.delete("double")
    assert failure(await world.apply(1)) == (
        FailureCode.EXPRESSION_FAILED,
        "There is no transformation rule 'double': it was deleted.",
    )


async def test_a_rule_that_needs_the_sandbox_is_evaluated_in_it() -> None:
    sandbox = AnsweringSandbox(lambda _, data: [data["input"], "from the sandbox"])
    world = RuledWorld(sandbox=sandbox)
    await world.rules.put(expression=DEMANDING)

    assert [(await world.apply(3)).output for _ in range(2)] == [[3, "from the sandbox"]] * 2
    assert [source for source, _ in sandbox.asked] == [DEMANDING] * 2


async def test_a_rule_that_is_too_costly_here_is_evaluated_in_the_sandbox() -> None:
    costly = "$join($map([1..20000], $string))"
    sandbox = AnsweringSandbox(lambda *_: "done")
    world = RuledWorld(sandbox=sandbox)
    await world.rules.put(expression=f"[$map([1..100000], $string), {costly}]")

    assert [(await world.apply(3)).output for _ in range(2)] == ["done"] * 2


async def test_the_rule_as_it_is_when_the_step_runs_is_used() -> None:
    world = RuledWorld(kept_for=0)
    await world.rules.put()
    assert (await world.apply(5)).output == 10

    await world.rules.put(expression="input * 3")
    assert (await world.apply(5)).output == 15


async def test_all_items_of_a_loop_share_one_look_up() -> None:
    world = RuledWorld()
    await world.rules.put(input_schema={"type": "integer"}, output_schema={"type": "integer"})
    loop = step("loop", "FOR_EACH", {"items": "input", "steps": [applying(input="{{ item }}")], "maxConcurrency": 50})

    record = await world.run(a_definition(steps=[loop], output="$sum(steps.loop.output.results)"), list(range(300)))

    assert record.status is ExecutionStatus.COMPLETED, record.error
    assert record.output == sum(range(300)) * 2
    assert world.rules.asked == 1


async def test_many_who_ask_at_once_share_one_look_up() -> None:
    rules = CountedRules()
    await rules.put()
    stored = StoredRules(rules)

    found = await asyncio.gather(*(stored.get("double") for _ in range(100)))

    assert rules.asked == 1
    assert len({id(rule) for rule in found}) == 1
    assert stored.kept("double") is found[0]


async def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    rules = CountedRules()
    await rules.put()
    stored = StoredRules(rules)
    first, second = (asyncio.create_task(stored.get("double")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()

    assert isinstance(await second, CompiledRule)


async def test_a_rule_is_compiled_once_for_each_revision() -> None:
    rules = CountedRules()
    await rules.put()
    stored = StoredRules(rules, kept_for=0)

    first, second = await stored.get("double"), await stored.get("double")
    await rules.put()
    third = await stored.get("double")

    assert first is second
    assert third is not second
    assert rules.asked == 3


async def test_while_the_database_is_away_the_rule_is_as_it_was() -> None:
    world = RuledWorld(kept_for=0)
    await world.rules.put()
    assert (await world.apply(5)).output == 10
    world.rules.is_away = True
    assert (await world.apply(6)).output == 12


async def test_a_step_waits_for_a_rule_that_is_not_known_while_the_database_is_away() -> None:
    world = RuledWorld(kept_for=0)
    await world.rules.put()
    world.rules.is_away = True
    waiting = asyncio.create_task(world.apply(5))
    await wait_until(lambda: world.rules.asked > 1, "the rule is asked for again")
    assert not waiting.done()
    world.rules.is_away = False

    assert (await waiting).output == 10


async def test_a_rule_that_is_not_there_is_asked_for_again() -> None:
    rules = CountedRules()
    stored = StoredRules(rules)
    assert await stored.get("double") is None
    await rules.put()

    assert await stored.get("double") is not None


async def test_a_step_that_takes_too_long_over_its_rule_is_given_up() -> None:
    ended = asyncio.Event()

    class Slow(CountedRules):
        async def find_many(self, names: Collection[str], *, lean: bool = False) -> Mapping[str, RuleRecord]:
            await ended.wait()
            return {}

    world = RuledWorld()
    world.stored = StoredRules(Slow())
    timed: JsonValue = {**applying(), "timeout": "PT0.01S"}

    record = await world.run(a_definition(steps=[timed]), 1)  # type: ignore[list-item]

    assert failure(record)[0] is FailureCode.TIMEOUT
    ended.set()


async def test_a_worker_without_rules_says_so() -> None:
    world = World(hold=timedelta(0))
    definition = a_definition(steps=[applying()])
    id = await world.execution(definition)
    await Activation(await world.claim(id), definition, world.parts).run()

    assert failure(await world.record(id)) == (FailureCode.INTERNAL, "There are no transformation rules here.")
