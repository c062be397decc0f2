"""Everything that is wrong with a document is said at once, each fault with its place and the next thing to try."""

from typing import Any

import pytest

from domain.kernel.errors import Problem
from domain.kernel.limits import Limits
from domain.workflows.documents.reading import check_document
from tests.builders import a_document, constant, http, step, transform, wait


def faults(document: object, limits: Limits | None = None) -> dict[str, str]:
    """The messages by dotted path; of several at one place, all in one string."""
    found: dict[str, str] = {}
    for problem in check_document(document, limits).problems:
        path = ".".join(problem.path)
        found[path] = f"{found[path]} {problem.message}" if path in found else problem.message
    return found


def the_problem(document: object) -> Problem:
    [problem] = check_document(document).problems
    return problem


def problem_of(*steps: dict[str, Any], **members: Any) -> Problem:
    return the_problem(a_document(steps=list(steps), **members))


RANGE_HINT = "A range is an array of its own: `list[[0..2]]` takes the first three items."
MISTAKEN: dict[str, Any] = {
    "name": " orders\n",
    "desciption": "misspelt",
    "timeout": "5 minutes",
    "variables": {"api": "http://service.test", "ratio": float("nan"), "nul": "\0"},
    "labels": {"team": ["shop"], "": 1},
    "inputSchema": {"type": "objekt", "required": "id", "properties": {"a": {"minimum": "1"}}},
    "maxConcurrentExecutions": 0,
    "output": "steps.sumary.output",
    "onFailure": [transform("tell", "error.code & eror.message")],
    "steps": [
        http("fetch", "ftp://service.test", metod="GET", expectedStatus=["2xx", "7xx"], after=["nobody"]),
        http("fetch", "", followRedirects="no", headers={"a b": "x"}, query=[1], poll={"until": "respons.body"}),
        http("9lives", retry={"strategy": "EXPONENTAIL", "maxAttempts": 0, "factor": "2", "when": "error.code ="}),
        {"id": "untyped", "config": {}},
        step("typo", "HTTP_REQEST", {"url": "http://service.test"}),
        step("empty", "DATA_TRANSFORM", {}),
        step("both", "DATA_TRANSFORM", {"expression": 5, "output": "{{ input.a"}),
        "not a step",
        transform("self", "steps.self.output"),
        transform("early", "steps.late.output", after=["both"]),
        transform("late", "steps.early.body.x + vars.apy", after=["early"]),
        transform("roots", "late.output & inptu.x"),
        transform("evaluated", "$eval('1')"),
        transform("secret", "secrets.token"),
        transform("ring_a", "1", after=["ring_b"]),
        transform("ring_b", "1", after=["ring_a", "ring_b"]),
        wait("slow", "-PT1S", timeout="P1Y", onError={"continue": "yes", "steps": []}),
        step("signal", "WAIT", {"signal": {"name": ""}}),
        step("choose", "CONDITIONAL", {"then": [transform("inner", "steps.nope.output"), wait("inner")]}),
        step("each", "FOR_EACH", {"items": "input.xs", "as": "input", "maxConcurrency": 0, "steps": []}),
        constant("text", {"a": ["{{ steps.fetch.output }}", "{{ item.x }}"]}, dependsOn="fetch"),
    ],
}

PLANTED = {
    "name": "no control characters",
    "desciption": "There is no member 'desciption' here.",
    "timeout": "is not an ISO 8601 duration",
    "variables.ratio": "JSON has no nan",
    "variables.nul": "U+0000",
    "labels.team": "not an array",
    "labels.": "1 to 256 characters",
    "inputSchema.type": "not a type of JSON Schema",
    "inputSchema.required": "is not of type",
    "inputSchema.properties.a.minimum": "is not of type",
    "maxConcurrentExecutions": "must be at least 1, and is 0",
    "output": "There is no step 'sumary'.",
    "onFailure.0.config.expression": "Nothing is called `eror` here.",
    "steps.0.config.url": "not an http or https address",
    "steps.0.config.metod": "There is no member 'metod' here.",
    "steps.0.config.expectedStatus.1": "A status is a code like 200",
    "steps.0.dependsOn.0": "There is no step 'nobody' in this block.",
    "steps.1.id": "There is another step 'fetch' in this block, at position 0.",
    "steps.1.config.url": "at least 1 character",
    "steps.1.config.followRedirects": "must be true or false, not a string",
    "steps.1.config.headers.a b": "not the name of a header",
    "steps.1.config.query": "must be an object",
    "steps.1.config.poll.until": "Nothing is called `respons` here.",
    "steps.2.id": "'9lives' is not a valid name.",
    "steps.2.retry.strategy": "There is no `strategy` 'EXPONENTAIL'.",
    "steps.2.retry.maxAttempts": "must be at least 1, and is 0",
    "steps.2.retry.factor": "must be a number, not a string",
    "steps.2.retry.when": "cannot be read",
    "steps.3.type": "`type` is required.",
    "steps.4.type": "There is no step type 'HTTP_REQEST'.",
    "steps.5.config": "Exactly one of `expression`, `output`, `rule` must be given, but none is.",
    "steps.6.config": "but `expression` and `output` are.",
    "steps.6.config.expression": "This must be an expression, or an object or an array",
    "steps.6.config.output": "opened here and never closed",
    "steps.7": "must be an object, not a string",
    "steps.8.config.expression": "has not run yet when it reads its own result",
    "steps.9.config.expression": "The step 'late' may not have run yet",
    "steps.10.config.expression": "`status` and `error`, but no `body`. There is no 'apy' in `vars`.",
    "steps.11.config.expression": "Nothing is called `inptu` here. Nothing is called `late` here.",
    "steps.12.config.expression": "`$eval` is not available",
    "steps.13.config.expression": "A secret cannot be read here",
    "steps.14.dependsOn": "These steps wait for each other in a cycle: ring_a → ring_b → ring_a.",
    "steps.15.dependsOn.1": "cannot depend on itself",
    "steps.16.config.duration": "longer than zero",
    "steps.16.timeout": "is not an ISO 8601 duration",
    "steps.16.onError": "Exactly one of",
    "steps.16.onError.continue": "must be true or false",
    "steps.16.onError.steps": "at least 1 item",
    "steps.17.config.signal.name": "at least 1 character",
    "steps.18.config.if": "`if` is required.",
    "steps.18.config.then.0.config.expression": "There is no step 'nope'.",
    "steps.18.config.then.1.id": "another step 'inner'",
    "steps.19.config.as": "`input` already means something",
    "steps.19.config.maxConcurrency": "must be at least 1",
    "steps.19.config.steps": "at least 1 item",
    "steps.20.dependsOn": "must be an array, not a string",
    "steps.20.config.output.a.1": "Nothing is called `item` here.",
}


def test_more_than_fifty_mistakes_are_all_reported_at_once_each_at_its_place() -> None:
    assert len(PLANTED) > 50

    found = faults(MISTAKEN)

    assert {path: found.get(path) for path, message in PLANTED.items() if message not in found.get(path, "")} == {}
    assert set(found) == set(PLANTED)


def test_every_problem_comes_with_the_next_thing_to_try() -> None:
    assert [problem for problem in check_document(MISTAKEN).problems if not problem.hint] == []


def test_no_message_speaks_of_the_library_that_found_it() -> None:
    for problem in check_document(MISTAKEN).problems:
        text = f"{problem.message} {problem.hint or ''}"
        for jargon in (
            "pydantic",
            "Input should",
            "http://",
            "input_type",
            "validation error",
            "Traceback",
            "StepType.",
        ):
            assert jargon not in text.replace("not an http or https address", ""), text
        assert problem.message[0].isupper() or problem.message[0] in "`'\"-0123456789["
        assert problem.message.rstrip(")").endswith((".", "expression", "…")) or "character" in problem.message


def test_a_document_without_mistakes_has_no_problems_and_is_ready_to_run() -> None:
    checked = check_document(
        a_document(steps=[constant("a"), constant("b", after=[]), transform("c", "steps.b.output")])
    )

    assert checked.is_valid
    assert checked.document is not None and checked.document.name == "orders"
    assert checked.stages == (("a", "b"), ("c",))
    assert checked.graph is not None and len(checked.graph.nodes) == 3


def test_a_document_with_problems_still_shows_its_graph_where_its_order_is_clear() -> None:
    unclear = check_document(a_document(steps=[constant("a"), constant("b", after=["a"])], output="nothing.here"))
    assert (unclear.document, unclear.stages) == (None, (("a",), ("b",)))

    circular = check_document(a_document(steps=[constant("a", after=["b"]), constant("b", after=["a"])]))
    assert (circular.graph, circular.stages) == (None, ())


@pytest.mark.parametrize("raw", [None, [], 5, "text", True])
def test_what_is_no_object_is_no_document(raw: object) -> None:
    assert "A workflow document is an object" in the_problem(raw).message


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        ({}, {"name", "steps"}),
        ({"name": None, "steps": None}, {"name", "steps"}),
        ({"name": "x", "steps": []}, {"steps"}),
        ({"name": "x", "steps": {}}, {"steps"}),
        ({"name": "x" * 129, "steps": [constant()]}, {"name"}),
        ({"name": "a\tb", "steps": [constant()]}, {"name"}),
        ({"name": "x", "steps": [constant()], "labels": []}, {"labels"}),
        ({"name": "x", "steps": [constant()], "variables": []}, {"variables"}),
        ({"name": "x", "steps": [constant()], "inputSchema": 5}, {"inputSchema"}),
        ({"name": "x", "steps": [{"id": [], "type": {}, "config": 5}]}, {"steps.0.id", "steps.0.type"}),
    ],
)
def test_every_member_of_the_wrong_kind_is_named(raw: object, paths: set[str]) -> None:
    assert set(faults(raw)) == paths


HINTS = [
    (problem_of(step("a", "HTTP_REQ", {})), "Did you mean 'HTTP_REQUEST'?"),
    (problem_of(http(retry={"jitter": "FULLL"})), "Did you mean 'FULL'?"),
    (problem_of(http(bdoy=1)), "Did you mean 'body'?"),
    (problem_of(constant("fetch"), constant("b", after=["fetsh"])), "Did you mean 'fetch'?"),
    (problem_of(constant("fetch"), transform("b", "steps.fetsh.output")), "Did you mean 'fetch'?"),
    (problem_of(constant("fetch"), transform("b", "fetch.output.x")), "The output of a step is `steps.fetch.output`."),
    (problem_of(transform("b", "inputs.x")), "Did you mean 'input'?"),
    (problem_of(transform("b", "vars.apy"), variables={"api": 1}), "Did you mean 'api'?"),
    (problem_of(transform("b", "vars.api")), "The workflow has no `variables`."),
    (problem_of(transform("b", "execution.startetAt")), "Did you mean 'startedAt'?"),
    (
        problem_of(constant("a"), transform("b", "steps.a.body.x")),
        "Its result is `steps.a.output`: write `steps.a.output.body`.",
    ),
    (problem_of(constant("a"), transform("b", "steps.a.output", after=[])), "Add 'a' to the step's `dependsOn`."),
]


@pytest.mark.parametrize(("problem", "hint"), HINTS, ids=lambda value: value if isinstance(value, str) else None)
def test_a_problem_names_the_next_thing_to_try(problem: Problem, hint: str) -> None:
    assert problem.hint == hint


class TestOrder:
    def test_a_step_may_read_what_it_depends_on_over_several_steps(self) -> None:
        steps = [constant("a"), constant("b"), constant("c"), transform("d", "steps.a.output + steps.b.output")]
        assert faults(a_document(steps=steps)) == {}

    def test_a_step_that_runs_at_the_same_time_cannot_be_read(self) -> None:
        problem = problem_of(constant("a"), transform("b", "steps.a.output", after=[]))
        assert problem.path == ("steps", "1", "config", "expression")

    def test_the_output_may_read_every_step(self) -> None:
        steps = [constant("a"), constant("b", after=[])]
        assert faults(a_document(steps=steps, output="steps.a.output + steps.b.output")) == {}

    def test_several_cycles_are_reported_one_by_one(self) -> None:
        ring = [
            constant("a", after=["b"]),
            constant("b", after=["a"]),
            constant("c", after=["d"]),
            constant("d", after=["c"]),
        ]
        assert faults(a_document(steps=ring)) == {
            "steps.0.dependsOn": "These steps wait for each other in a cycle: a → b → a.",
            "steps.2.dependsOn": "These steps wait for each other in a cycle: c → d → c.",
        }

    def test_a_long_cycle_is_named_in_short(self) -> None:
        ring = [constant(f"s{n}", after=[f"s{(n + 1) % 100}"]) for n in range(100)]
        assert "… → s0." in the_problem(a_document(steps=ring)).message

    def test_a_dependency_is_listed_once(self) -> None:
        assert problem_of(constant("a"), constant("b", after=["a", "a"])).message == "'a' is listed twice."


class TestScopes:
    def faults_in(self, *steps: dict[str, Any]) -> dict[str, str]:
        return faults(a_document(steps=list(steps)))

    def test_a_block_reads_what_ran_before_the_step_around_it(self) -> None:
        inner = [transform("x", "steps.a.output"), transform("y", "steps.x.output + steps.a.output")]
        assert self.faults_in(constant("a"), step("c", "CONDITIONAL", {"if": "true", "then": inner})) == {}

    def test_a_block_cannot_read_the_step_around_it_or_what_runs_later(self) -> None:
        inner = [transform("x", "steps.c.output"), transform("y", "steps.late.output", after=[])]
        found = self.faults_in(step("c", "CONDITIONAL", {"if": "true", "then": inner}), constant("late"))
        assert set(found) == {"steps.0.config.then.0.config.expression", "steps.0.config.then.1.config.expression"}

    def test_what_is_inside_a_block_is_not_seen_outside(self) -> None:
        found = self.faults_in(
            step("c", "CONDITIONAL", {"if": "true", "then": [constant("inner")]}), transform("t", "steps.inner.output")
        )
        assert found == {"steps.1.config.expression": "There is no step 'inner'."}

    def test_a_loop_sees_its_item_under_its_name_and_the_index(self) -> None:
        loop = {
            "items": "input.xs",
            "as": "order",
            "output": "steps.x.output + index",
            "steps": [transform("x", "order.id + index")],
        }
        assert self.faults_in(step("loop", "FOR_EACH", loop)) == {}

        loop["steps"] = [transform("x", "item.id")]
        assert "Nothing is called `item` here." in self.faults_in(step("loop", "FOR_EACH", loop)).values()

    def test_a_loop_sees_the_index_of_the_loop_around_it_by_its_name(self) -> None:
        def nested(item: str, read: str) -> dict[str, Any]:
            inner = {"items": "order.lines", "as": item, "steps": [transform("x", read)]}
            steps = [step("lines", "FOR_EACH", inner)]
            return step("loop", "FOR_EACH", {"items": "input.xs", "as": "order", "steps": steps})

        assert self.faults_in(nested("line", "[orderIndex, lineIndex, index]")) == {}
        assert "Nothing is called `otherIndex` here." in self.faults_in(nested("line", "otherIndex")).values()
        assert "would be called the same" in str(self.faults_in(nested("orderIndex", "1")))

    @pytest.mark.parametrize("items", ["'abc'", '"abc"', "5", "-1.5", "true", "null"])
    def test_items_that_are_one_value_are_told(self, items: str) -> None:
        found = self.faults_in(step("loop", "FOR_EACH", {"items": items, "steps": [constant("x")]}))
        assert found == {"steps.0.config.items": "`items` is one value, and not a list."}

    @pytest.mark.parametrize("source", ["input.list[0..2]", "(input.list)[ 1 .. $count(a)]"])
    def test_a_range_in_a_filter_gets_a_hint(self, source: str) -> None:
        problem = the_problem(a_document(steps=[transform("t", source)]))
        assert problem.hint == RANGE_HINT

    @pytest.mark.parametrize("text", ["{{ input.list[0..2] }}", "first: {{ $count(input.list[ 0..$x ]) }}."])
    def test_a_range_in_a_filter_gets_a_hint_in_a_template_too(self, text: str) -> None:
        for document in (a_document(steps=[constant("t", {"x": text})]), a_document(output={"x": text})):
            assert the_problem(document).hint == RANGE_HINT

    @pytest.mark.parametrize("text", ["{{ [0..2] }} {{ input. }}", "list[0..2]: {{ input. }}"])
    def test_a_range_that_is_not_at_fault_gets_no_hint(self, text: str) -> None:
        assert the_problem(a_document(steps=[constant("t", text)])).hint != RANGE_HINT

    def test_a_name_that_is_wrong_is_told_once_however_often_it_is_read(self) -> None:
        found = self.faults_in(transform("t", "lines.price * lines.quantity"))
        assert found == {"steps.0.config.expression": "Nothing is called `lines` here."}

    def test_a_handler_sees_the_error(self) -> None:
        handled = constant("a", onError={"steps": [transform("undo", "error.code")]})
        assert self.faults_in(handled, transform("b", "error.code")) == {
            "steps.1.config.expression": "Nothing is called `error` here."
        }

    def test_a_retry_condition_sees_the_error_and_the_attempt(self) -> None:
        assert self.faults_in(http(retry={"when": "error.status = 503 and attempt < 3"})) == {}

    def test_the_output_sees_no_attempt(self) -> None:
        assert set(faults(a_document(output="attempt"))) == {"output"}

    def test_an_id_is_not_used_again_inside_a_block(self) -> None:
        found = self.faults_in(constant("a"), step("c", "CONDITIONAL", {"if": "true", "then": [constant("a")]}))
        assert set(found) == {"steps.1.config.then.0.id"}

    def test_branches_are_told_apart_by_their_names(self) -> None:
        branches: list[dict[str, Any]] = [{"name": name, "steps": [constant("a")]} for name in ("eu", "eu", "onError")]
        found = self.faults_in(step("fan", "PARALLEL", {"branches": branches}))
        assert set(found) == {"steps.0.config.branches.1.name", "steps.0.config.branches.2.name"}


@pytest.mark.parametrize("service_id", [" shop", "two\nlines", "x" * 201])
def test_a_service_needs_a_name_that_can_be_seen(service_id: str) -> None:
    assert problem_of(http(serviceId=service_id)).path == ("steps", "0", "config", "serviceId")


@pytest.mark.parametrize(
    "allowed",
    [
        http(circuitBreaker="OFF"),
        http(circuitBreaker="FAIL", serviceId="shop"),
        step("a", "WEBHOOK_CALL", {"url": "http://service.test", "eventType": "x", "circuitBreaker": "WAIT"}),
        http(auth={"bearer": "{{ input.token }}"}),
        http(url="http://service.test/{{ secrets.token }}", query={"key": ["{{ secrets.key }}"]}),
        http(headers={"x-key": "Key {{ secrets.key }}"}, body={"key": "{{ secrets.key }}"}),
        http(auth={"bearer": "{{ secrets.token }}"}),
        http(auth={"basic": {"username": "{{ secrets.user }}", "password": "{{ secrets.password }}"}}),
        http(auth={"header": {"name": "x-key", "value": "{{ secrets.key }}"}}),
        http(auth={"oauth2": {"tokenUrl": "http://t.test", "clientId": "a", "clientSecret": "{{ secrets.client }}"}}),
        step("a", "WEBHOOK_CALL", {"url": "{{ secrets.hook }}", "eventType": "x", "headers": {"a": "{{ secrets.a }}"}}),
        constant(onError={"continue": True}),
        transform(expression='$round(input.a * 2, 1) > 3 ? "x" : input.b ?? vars.c'),
    ],
)
def test_what_can_run_is_not_refused(allowed: dict[str, Any]) -> None:
    assert faults(a_document(steps=[allowed], variables={"c": 1})) == {}
