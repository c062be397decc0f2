"""Problems inside of blocks and of each step type: every fault has its place and a hint."""

from collections.abc import Sequence
from typing import Any

import pytest

from domain.expressions.expression import compile_expression
from domain.kernel.errors import Problem
from domain.workflows.documents.reading import check_document
from tests.builders import a_document, constant, http, step, transform, wait
from tests.costs import least_seconds

Step = dict[str, Any]


def problems_of(*steps: Step, **members: Any) -> dict[str, Problem]:
    """The problems of steps by dotted path; there must be only one at each."""
    problems = check_document(a_document(steps=list(steps), **members)).problems
    found = {".".join(problem.path): problem for problem in problems}
    assert len(found) == len(problems)
    return found


def the_problem(*steps: Step, **members: Any) -> Problem:
    [problem] = problems_of(*steps, **members).values()
    return problem


def choose(id: str = "choose", *then: Step, **members: Any) -> Step:
    otherwise = {"else": members.pop("otherwise")} if "otherwise" in members else {}
    return step(id, "CONDITIONAL", {"if": "true", "then": list(then)} | otherwise, **members)


def fan(id: str = "fan", *, branches: dict[str, Sequence[Step]], settings: Step | None = None, **members: Any) -> Step:
    named = [{"name": name, "steps": list(steps)} for name, steps in branches.items()]
    return step(id, "PARALLEL", {"branches": named} | (settings or {}), **members)


def loop(id: str = "loop", *steps: Step, settings: Step | None = None, **members: Any) -> Step:
    return step(id, "FOR_EACH", {"items": "input.xs", "steps": list(steps)} | (settings or {}), **members)


def webhook(id: str = "notify", *, settings: Step, **members: Any) -> Step:
    return step(id, "WEBHOOK_CALL", {"eventType": "order.paid"} | settings, **members)


MISTAKEN = a_document(
    timeout="PT0S",
    steps=[
        choose(
            "choose",
            constant("chosen"),
            transform("late", "steps.choose.output"),
            loop(
                "lines",
                transform("line", "item.price * index + itme.count"),
                loop("parts", transform("part", "item"), settings={"items": "item.parts"}),
                transform("other", "steps.fallback.output", retry={"maxAttempts": 0}),
                settings={"output": "steps.lin.output", "toleratedFailurePercent": 101, "maxConcurrency": 0},
            ),
            otherwise=[transform("fallback", "steps.chosen.output"), transform("fallback", "1")],
            retry={"strategy": "FIXED"},
            timeout="-PT1S",
        ),
        transform("outside", "steps.chosen.output & steps.line.output"),
        fan(
            branches={
                "eu": [transform("ask", "steps.tell.output", after=["missing"])],
                "onError": [transform("tell", "1")],
                "e u": [constant("ask")],
                "none": [],
                "us": [choose("onError", transform("deep", "error.code"))],
            },
            settings={"join": "SOME", "maxConcurrency": 1.5},
            retry={},
            onError={
                "steps": [transform("handle", "error.code & steps.fan.output"), transform("ask", "steps.ask.error")]
            },
        ),
        loop("empty", settings={"as": "null", "toleratedFailures": -1, "toleratedFailurePercent": "10", "each": []}),
        http("poll", poll={"until": "page > 1", "interval": "PT0S", "timeout": "soon"}, paginate={"next": "response"}),
        http("pages", paginate={"next": "respose.body.next", "items": "1 +", "maxPages": 0}, serviceId=" shop"),
        http("signed", auth={"oauth2": {"tokenUrl": "{{ a", "clientId": "a", "secret": "b"}}, circuitBreaker="MAYBE"),
        step("approval", "WAIT", {"signal": {"name": 5, "timeout": "1h", "onTimeout": {"a": 1}}, "duration": "PT1S"}),
        webhook("told", settings={"payload": "{{ response.body }}"}),
        webhook("both", settings={"url": "a.test", "webhookId": "wh_1", "headers": {"a\nb": ""}, "awaitCallback": 5}),
        step("valid", "VALIDATION", {"data": "inptu"}),
        step("ruled", "VALIDATION", {"schema": {"type": "objekt"}, "rules": [{"rule": "a >"}, {"message": "{{ a }}"}]}),
        step("child", "SUB_WORKFLOW", {"version": 0, "wait": "no", "input": {"x": "{{ steps.ask.output }}"}}),
        transform("asked", "1", onError={"steps": [wait("undo", after=["undone"])], "continue": True}),
        transform("ruling", "1", when="error.code = 'X'", retry={"when": "eror.code", "delay": "P", "jitter": "SOME"}),
        step("rule", "DATA_TRANSFORM", {"rule": {"name": "r", "input": "{{ secrets.key }}"}}),
    ],
    onFailure=[transform("report", "steps.choose.error & steps.chose.error"), constant("child"), constant("onFailure")],
)

PLANTED = {
    "timeout": "must be longer than zero",
    "steps.0.retry": "A CONDITIONAL is not retried",
    "steps.0.timeout": "must be longer than zero",
    "steps.0.config.then.1.config.expression": "has not run yet when it reads its own result",
    "steps.0.config.then.2.config.steps.0.config.expression": "Nothing is called `itme` here.",
    "steps.0.config.then.2.config.steps.1.config.as": "a loop around this one is called `item` too",
    "steps.0.config.then.2.config.steps.2.config.expression": "There is no step 'fallback'.",
    "steps.0.config.then.2.config.steps.2.retry.maxAttempts": "must be at least 1",
    "steps.0.config.then.2.config.output": "There is no step 'lin'.",
    "steps.0.config.then.2.config.toleratedFailurePercent": "must be at most 100",
    "steps.0.config.then.2.config.maxConcurrency": "must be at least 1",
    "steps.0.config.else.0.config.expression": "There is no step 'chosen'.",
    "steps.0.config.else.1.id": "There is another step 'fallback'",
    "steps.1.config.expression": "There is no step 'chosen'. There is no step 'line'.",
    "steps.2.retry": "A PARALLEL is not retried",
    "steps.2.config.join": "There is no `join` 'SOME'.",
    "steps.2.config.maxConcurrency": "must be a whole number",
    "steps.2.config.branches.0.steps.0.config.expression": "There is no step 'tell'.",
    "steps.2.config.branches.0.steps.0.dependsOn.0": "There is no step 'missing' in this block.",
    "steps.2.config.branches.1.name": "The name 'onError' is taken",
    "steps.2.config.branches.2.name": "'e u' is not a valid name.",
    "steps.2.config.branches.3.steps": "A branch has at least one step.",
    "steps.2.config.branches.4.steps.0.id": "The name 'onError' is taken",
    "steps.2.config.branches.4.steps.0.config.then.0.config.expression": "Nothing is called `error` here.",
    "steps.2.onError.steps.0.config.expression": "has failed when it is handled",
    "steps.2.onError.steps.1.config.expression": "has not run yet when it reads its own result",
    "steps.3.config.as": "`null` already means something",
    "steps.3.config.each": "There is no member 'each' here.",
    "steps.3.config.steps": "at least 1 item",
    "steps.3.config.toleratedFailures": "must be at least 0",
    "steps.3.config.toleratedFailurePercent": "must be a number, not a string",
    "steps.4.config.poll.until": "Nothing is called `page` here.",
    "steps.4.config.poll.interval": "must be longer than zero",
    "steps.4.config.poll.timeout": "is not an ISO 8601 duration",
    "steps.4.config.paginate": "`poll` and `paginate` cannot both be given.",
    "steps.4.config.paginate.items": "`items` is required.",
    "steps.5.config.paginate.next": "Nothing is called `respose` here.",
    "steps.5.config.paginate.items": "cannot be read",
    "steps.5.config.paginate.maxPages": "must be at least 1",
    "steps.5.config.serviceId": "characters that can be seen",
    "steps.6.config.auth.oauth2.tokenUrl": "opened here and never closed",
    "steps.6.config.auth.oauth2.clientSecret": "`clientSecret` is required.",
    "steps.6.config.auth.oauth2.secret": "There is no member 'secret' here.",
    "steps.6.config.circuitBreaker": "There is no",
    "steps.7.config": "but `signal` and `duration` are.",
    "steps.7.config.signal.name": "must be a string, not a number",
    "steps.7.config.signal.timeout": "is not an ISO 8601 duration",
    "steps.8.config": "Exactly one of `url`, `webhookId` must be given, but none is.",
    "steps.8.config.payload": "Nothing is called `response` here.",
    "steps.9.config": "but `url` and `webhookId` are.",
    "steps.9.config.url": "not an http or https address",
    "steps.9.config.webhookId": "is not an id",
    "steps.9.config.headers.a\nb": "not the name of a header",
    "steps.9.config.awaitCallback": "A duration is a string in ISO 8601",
    "steps.10.config": "At least one of `schema`, `rules` must be given, but none is.",
    "steps.10.config.data": "Nothing is called `inptu` here.",
    "steps.11.config.schema.type": "not a type of JSON Schema",
    "steps.11.config.rules.0.rule": "cannot be read",
    "steps.11.config.rules.0.message": "`message` is required.",
    "steps.11.config.rules.1.rule": "`rule` is required.",
    "steps.11.config.rules.1.message": "Nothing is called `a` here.",
    "steps.12.config.workflow": "`workflow` is required.",
    "steps.12.config.version": "must be at least 1",
    "steps.12.config.wait": "must be true or false",
    "steps.12.config.input.x": "There is no step 'ask'.",
    "steps.13.onError": "but `steps` and `continue` are.",
    "steps.13.onError.steps.0.dependsOn.0": "There is no step 'undone' in this block.",
    "steps.14.when": "Nothing is called `error` here.",
    "steps.14.retry.when": "Nothing is called `eror` here.",
    "steps.14.retry.delay": "is not an ISO 8601 duration",
    "steps.14.retry.jitter": "There is no `jitter` 'SOME'.",
    "steps.15.config.rule.input": "A secret cannot be read here",
    "onFailure.0.config.expression": "There is no step 'chose'.",
    "onFailure.1.id": "A step around this block is called 'child' too",
    "onFailure.2.id": "The name 'onFailure' is taken",
}


def test_more_than_fifty_mistakes_in_all_blocks_and_step_types_are_reported_with_place_and_hint() -> None:
    assert len(PLANTED) > 50
    problems = check_document(MISTAKEN).problems
    found: dict[str, str] = {}
    for problem in problems:
        path = ".".join(problem.path)
        found[path] = f"{found[path]} {problem.message}" if path in found else problem.message

    assert {path: found.get(path) for path, message in PLANTED.items() if message not in found.get(path, "")} == {}
    assert set(found) == set(PLANTED)
    assert [problem for problem in problems if not problem.hint] == []


class TestRetry:
    @pytest.mark.parametrize(
        "container", [choose(retry={}), fan(branches={"eu": [wait()]}, retry={}), loop("loop", constant("a"), retry={})]
    )
    def test_a_container_is_not_retried(self, container: Step) -> None:
        problem = the_problem(container)
        assert problem.path == ("steps", "0", "retry")
        assert problem.hint == "Move `retry` to the steps inside."

    def test_what_is_in_it_is(self) -> None:
        assert problems_of(loop("loop", http(retry={"when": "error.status = 503 and item.x and index > 1"}))) == {}


class TestLoops:
    def test_a_loop_in_a_loop_needs_a_name_of_its_own_for_its_item(self) -> None:
        inner = loop("inner", constant("a"), settings={"items": "item.parts"})
        problem = the_problem(loop("outer", inner))
        assert problem.path == ("steps", "0", "config", "steps", "0", "config", "as")

        named = inner | {"config": inner["config"] | {"as": "part", "output": "part.x + item.y + index"}}
        assert problems_of(loop("outer", named)) == {}

    def test_two_loops_beside_each_other_may_use_the_same(self) -> None:
        assert problems_of(loop("one", transform("a", "item")), loop("two", transform("a", "item"))) == {}

    def test_an_item_may_be_called_like_a_step(self) -> None:
        assert problems_of(loop("order", transform("a", "order.x"), settings={"as": "order"})) == {}

    @pytest.mark.parametrize("name", ["input", "steps", "index", "error", "attempt", "true", "and", "function"])
    def test_an_item_is_not_called_like_what_means_something_already(self, name: str) -> None:
        assert the_problem(loop("loop", constant("a"), settings={"as": name})).path[-1] == "as"

    def test_the_items_and_the_condition_are_read_outside_of_the_loop(self) -> None:
        found = problems_of(loop("loop", constant("a"), settings={"items": "item.parts"}, when="index = 0"))
        assert set(found) == {"steps.0.config.items", "steps.0.when"}

    def test_where_the_item_has_another_name_that_name_is_the_hint(self) -> None:
        problem = the_problem(loop("loop", transform("a", "item"), settings={"as": "order"}))
        assert problem.hint == "The item is called `order` here."


class TestHandlers:
    def handled(self, *handlers: Step) -> list[Step]:
        return [
            constant("before"),
            constant("beside", after=[]),
            transform("a", after=["before"], onError={"steps": list(handlers)}),
        ]

    def test_a_handler_reads_the_failed_step_and_what_ran_before_it(self) -> None:
        reading = transform("undo", "error.code & steps.a.error.code & steps.a.status & steps.before.output.id")
        assert problems_of(*self.handled(reading)) == {}

    def test_it_reads_no_output_of_the_failed_step(self) -> None:
        assert the_problem(*self.handled(transform("undo", "steps.a.output.x"))).hint == "Read `error`."

    def test_it_reads_nothing_that_may_not_have_run(self) -> None:
        problem = the_problem(*self.handled(transform("undo", "steps.beside.output")))
        assert "may not have run yet" in problem.message

    def test_what_handles_a_whole_container_reads_none_of_the_steps_in_it(self) -> None:
        container = choose("choose", constant("inner"), onError={"steps": [transform("undo", "steps.inner.output")]})
        assert the_problem(container).path == ("steps", "0", "onError", "steps", "0", "config", "expression")

    def test_a_handler_inside_of_a_loop_reads_the_item_too(self) -> None:
        handled = constant("a", onError={"steps": [transform("undo", "item.id & index & error.code")]})
        assert problems_of(loop("loop", handled)) == {}

    def test_steps_after_it_read_what_the_handler_gave_as_the_output_of_the_step(self) -> None:
        handled = constant("a", onError={"steps": [constant("undo")]})
        problem = the_problem(handled, transform("b", "steps.undo.output"))
        assert problem.hint == "It is inside of 'a', and its result comes out as `steps.a.output`."

    def test_the_steps_of_on_failure_read_every_step_of_the_workflow_and_the_error(self) -> None:
        steps = [constant("a"), constant("b", after=[])]
        reading = [
            transform("tell", "error.path & steps.a.output & steps.b.error"),
            transform("x", "steps.tell.output"),
        ]
        assert problems_of(*steps, onFailure=reading) == {}


class TestReadingBlocks:
    @pytest.mark.parametrize(
        ("container", "read"),
        [
            (choose("c", constant("x")), "steps.c.output.steps.x"),
            (choose("c", choose("d", constant("x"))), "steps.c.output.steps.d.steps.x"),
            (fan("f", branches={"eu": [constant("x")]}), "steps.f.output.eu.x"),
            (fan("f", branches={"eu": [choose("c", constant("x"))]}), "steps.f.output.eu.c.steps.x"),
            (loop("l", constant("x")), "steps.l.output.results"),
            (choose("c", loop("l", choose("d", constant("x")))), "steps.c.output.steps.l.results"),
        ],
    )
    def test_who_reads_a_step_of_an_inner_block_is_told_where_its_result_comes_out(
        self, container: Step, read: str
    ) -> None:
        hint = the_problem(container, transform("after", "steps.x.output.y")).hint
        assert hint is not None and f"`{read}`" in hint

        assert problems_of(container, transform("after", read)) == {}

    def test_the_output_of_the_workflow_is_told_too(self) -> None:
        assert "`steps.c.output.steps.x`" in str(the_problem(choose("c", constant("x")), output="steps.x.output").hint)

    def test_one_branch_does_not_read_the_other(self) -> None:
        problem = the_problem(fan(branches={"eu": [constant("x")], "us": [transform("y", "steps.x.output")]}))
        assert problem.hint is not None and problem.hint.startswith("It is in another block")

    def test_branches_may_use_the_same_ids(self) -> None:
        assert problems_of(fan(branches={"eu": [constant("x")], "us": [constant("x")]})) == {}


class TestWhatOnlySomeSee:
    @pytest.mark.parametrize("root", ["error", "response", "page", "index", "item"])
    def test_a_root_that_means_nothing_here_is_told_where_it_does(self, root: str) -> None:
        assert f"`{root}`" in str(the_problem(transform("a", root)).hint)

    def test_poll_and_paginate_see_the_response_and_nothing_else_does(self) -> None:
        assert problems_of(http(poll={"until": "response.body.done"})) == {}
        assert (
            problems_of(http(paginate={"next": "response.body.next", "items": "response.body.items[page > 0]"})) == {}
        )
        assert set(problems_of(http(body="{{ response }}", retry={"when": "response.status = 1"}))) == {
            "steps.0.config.body",
            "steps.0.retry.when",
        }


WEBHOOK = {"url": "http://service.test/hook", "eventType": "order.paid"}


@pytest.mark.parametrize(
    "allowed",
    [
        choose("c", http(), otherwise=[]),
        choose("c"),
        fan(branches={"eu": [http()], "us": [constant("a")]}, settings={"join": "ANY", "maxConcurrency": 1}),
        loop("l", constant("a"), settings={"toleratedFailurePercent": 2.5, "toleratedFailures": 3}),
        step("w", "WAIT", {"signal": {"name": "go", "timeout": "PT1H", "onTimeout": None}}),
        step("w", "WEBHOOK_CALL", WEBHOOK | {"payload": {"a": "{{ input.a }}"}, "awaitCallback": "P1D"}),
        step("v", "VALIDATION", {"schema": {"type": "object"}}),
        step(
            "v", "VALIDATION", {"rules": [{"rule": "input.a > 1", "message": "a is {{ input.a }}"}], "data": "input.x"}
        ),
        step("s", "SUB_WORKFLOW", {"workflow": "orders", "wait": False}, retry={}),
        http(auth={"oauth2": {"tokenUrl": "http://t.test", "clientId": "a", "clientSecret": "{{ input.s }}"}}),
        constant("a", onError={"steps": [constant("b")]}, timeout="PT1S"),
    ],
    ids=lambda value: value["type"],
)
def test_every_step_type_may_be_stored(allowed: Step) -> None:
    assert problems_of(allowed, maxConcurrentExecutions=1, onFailure=[constant("tell")]) == {}


def tower(steps_of_a_block: int) -> list[Step]:
    """Ten blocks in each other."""
    steps: list[Step] = []
    for depth in range(10):
        inner = [choose(f"c{depth}", *steps, after=[])] if steps else []
        steps = [constant(f"s{depth}_{n}", after=[]) for n in range(steps_of_a_block)] + inner
    return steps


def test_ten_thousand_nested_steps_are_checked_in_a_second() -> None:
    document = a_document(steps=tower(999))

    def check() -> None:
        compile_expression.cache_clear()
        assert check_document(document).problems == ()

    assert least_seconds(check, enough=1) < 1


@pytest.mark.parametrize("read", ["steps.stop{:05}.output", "steps.step{:05}.output", "stop{:05}", "1 + ){}"])
def test_as_many_that_are_all_wrong_take_little_longer(read: str) -> None:
    steps = [transform(f"step{n:05}", read.format(n), after=[]) for n in range(9_000)]

    def check() -> None:
        assert len(check_document(a_document(steps=steps)).problems) == 501

    assert least_seconds(check, enough=3) < 3
