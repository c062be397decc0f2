"""A second implementation of workflows, to compare with: a recursive interpreter without workers and crashes.

It computes when everything happens instead of letting it happen, so it can look ahead: a block is run to its end, and
what comes after the moment in which it failed is cut away again. Where two things happen in the same moment, what
comes first is open: there are several possible failures, and a row has several possible statuses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from domain.expressions.expression import ExpressionError, compile_expression
from domain.expressions.templates import compile_template
from domain.kernel.durations import parse_duration
from tests.unit.domain.engine.reference_results import Failure, Lanes, Result, Row, cut, failed, run_lanes

Step = dict[str, Any]
Values = dict[str, Any]


@dataclass
class Outcome:
    """The end of an execution; `is_open`: it depends on the order of events in one moment."""

    status: str
    output: Any
    failures: frozenset[Failure]
    rows: Mapping[str, Row]
    is_open: bool


class Interpreter:
    """Runs one document. `seconds_of(path, attempt, seconds)`: the time of a call whose query says `seconds`."""

    def __init__(
        self,
        document: Mapping[str, Any],
        input: Any,
        *,
        start: datetime,
        seconds_of: Callable[[str, int, int], timedelta],
    ) -> None:
        self._document = document
        self._scope: Values = {"input": input, "steps": {}, "attempt": 1}
        self._start = start
        self._seconds_of = seconds_of
        self._is_open = False

    def run(self) -> Outcome:
        """Run the document from the start to the end, `onFailure` included."""
        document = self._document
        result = self._block(document["steps"], "", self._scope, self._start)
        deadline = self._start + _length(document["timeout"]) if "timeout" in document else None
        status, output = "FAILED", None
        if deadline is not None and result.end >= deadline:
            self._is_open |= result.end == deadline
            status = "TIMED_OUT"
            result = replace(failed(deadline, Failure("TIMEOUT")), rows=cut(result.rows, deadline))
        elif not result.is_failed:
            given = self._execution_output(result)
            if isinstance(given, Failure):
                result.failures = frozenset({replace(given, path="output")})
            else:
                status, output = "COMPLETED", given
        if result.is_failed and "onFailure" in document:
            scope = self._with_error(self._scope, result)
            result.rows += self._block(document["onFailure"], "onFailure", scope, result.end).rows
        return Outcome(status, output, result.failures, {row.path: row for row in result.rows}, self._is_open)

    def _execution_output(self, result: Result) -> Any:
        if "output" not in self._document:
            return result.output[self._document["steps"][-1]["id"]]
        steps = {id: {"output": output} for id, output in result.output.items()}
        return self._value(self._document["output"], self._scope | {"steps": steps})

    def _block(self, steps: list[Step], prefix: str, scope: Values, start: datetime) -> Result:
        scope = scope | {"steps": dict(scope["steps"])}
        ended: dict[str, datetime] = {}
        results: dict[str, Result] = {}
        before: list[str] = []
        for each in steps:
            after = each.get("dependsOn", before)
            before = [each["id"]]
            if all(id in ended for id in after):
                path = f"{prefix}.{each['id']}" if prefix else each["id"]
                begins = max((ended[id] for id in after), default=start)
                result = results[each["id"]] = self._step(each, path, scope, begins)
                if not result.is_failed:
                    ended[each["id"]] = result.end
        bad = [result for result in results.values() if result.is_failed]
        if not bad:
            outputs = {id: result.output for id, result in results.items()}
            rows = [row for result in results.values() for row in result.rows]
            return Result(max(ended.values(), default=start), outputs, rows=rows)
        end = min(result.end for result in bad)
        first = {id: result for id, result in results.items() if result.is_failed and result.end == end}
        failures = frozenset(failure for result in first.values() for failure in result.failures)
        rows = Lanes(end, results, first, []).rows
        return Result(end, status="FAILED", failures=failures, rows=rows)

    def _step(self, step: Step, path: str, scope: Values, start: datetime) -> Result:
        """Run a step, and put it into the scope once it counts as ended, as the other steps of its block see it."""
        result = self._run(step, path, scope, start)
        result.rows = [*result.rows, Row(path, start, result.end, frozenset({result.status}))]
        if result.is_failed:
            result.failures = frozenset(replace(each, path=each.path or path) for each in result.failures)
            scope["steps"][step["id"]] = {"output": None, "status": "FAILED"}
            handling = step.get("onError", {})
            if "continue" in handling:
                result = Result(result.end, status="FAILED", rows=result.rows)
            elif "steps" in handling:
                error = self._with_error(scope, result)
                handled = self._block(handling["steps"], f"{path}.onError", error, result.end)
                output = None if handled.is_failed else handled.output[handling["steps"][-1]["id"]]
                result = replace(handled, output=output, status="FAILED", rows=result.rows + handled.rows)
        scope["steps"][step["id"]] = {"output": result.output, "status": result.status}
        return result

    def _with_error(self, scope: Values, result: Result) -> Values:
        self._is_open |= len(result.failures) > 1
        return scope | {"error": next(iter(result.failures)).in_scope}

    def _run(self, step: Step, path: str, scope: Values, start: datetime) -> Result:
        """Every attempt at a step, from its condition on."""
        if "when" in step:
            wanted = self._condition(step["when"], scope)
            if wanted is not True:
                return failed(start, wanted) if isinstance(wanted, Failure) else Result(start, status="SKIPPED")
        execute = getattr(self, f"_{step['type'].lower()}")
        policy, attempt = step.get("retry", {"maxAttempts": 1}), 1
        while True:
            result: Result = execute(step["config"], path, scope | {"attempt": attempt}, start)
            limit = start + _length(step["timeout"]) if "timeout" in step else None
            if limit is not None and result.end >= limit:
                self._is_open |= result.end == limit
                result = replace(failed(limit, Failure("TIMEOUT")), rows=cut(result.rows, limit))
            if attempt >= policy["maxAttempts"] or not any(_is_retryable(each) for each in result.failures):
                return result
            [failure] = result.failures
            wanted = self._condition(
                policy.get("when", "true"), scope | {"attempt": attempt, "error": failure.in_scope}
            )
            if wanted is not True:
                return failed(result.end, wanted) if isinstance(wanted, Failure) else result
            start, attempt = result.end + _length(policy["delay"]), attempt + 1

    def _data_transform(self, config: Step, path: str, scope: Values, start: datetime) -> Result:
        value = self._value(config["expression"], scope)
        return failed(start, value) if isinstance(value, Failure) else Result(start, value)

    def _http_request(self, config: Step, path: str, scope: Values, start: datetime) -> Result:
        query: Any = compile_template(config["query"]).render(scope, now=start, seed=0)
        attempt = scope["attempt"]
        end = start + self._seconds_of(path, attempt, query["seconds"])
        if attempt <= query["fails"]:
            return failed(end, Failure("HTTP_STATUS", status=404 if query["fatal"] else 503))
        return Result(end, {"of": path, "attempt": attempt})

    def _wait(self, config: Step, path: str, scope: Values, start: datetime) -> Result:
        end = start + _length(config["duration"])
        return Result(end, {"until": end.isoformat().replace("+00:00", "Z")})

    def _validation(self, config: Step, path: str, scope: Values, start: datetime) -> Result:
        if all(self._condition(rule["rule"], scope) is True for rule in config["rules"]):
            return Result(start, {"valid": True})
        return failed(start, Failure("VALIDATION_FAILED"))

    def _conditional(self, config: Step, path: str, scope: Values, start: datetime) -> Result:
        chosen = self._condition(config["if"], scope)
        if isinstance(chosen, Failure):
            return failed(start, chosen)
        branch = "then" if chosen else "else"
        result = self._block(config.get(branch, []), f"{path}.{branch}", scope, start)
        return result if result.is_failed else replace(result, output={"branch": branch, "steps": result.output})

    def _parallel(self, config: Step, path: str, scope: Values, start: datetime) -> Result:
        branches = {branch["name"]: branch["steps"] for branch in config["branches"]}
        join = config["join"]

        def decides(result: Result, _: int) -> bool:
            return result.is_failed if join == "ALL" else not result.is_failed if join == "ANY" else False

        def run(name: str, at: datetime) -> Result:
            return self._block(branches[name], f"{path}.{name}", scope, at)

        lanes = run_lanes(branches, config.get("maxConcurrency", len(branches)), start, run, decides)
        if join == "ALL" and lanes.deciding:
            return self._lanes_failed(lanes, None)
        if join == "ANY" and not lanes.deciding:
            return self._lanes_failed(lanes, "STEP_FAILED")
        self._is_open |= len(lanes.deciding) > 1
        shown = lanes.deciding or {name: lanes.results[name] for name in branches}
        return Result(lanes.end, {name: self._settled(each) for name, each in shown.items()}, rows=lanes.rows)

    def _for_each(self, config: Step, path: str, scope: Values, start: datetime) -> Result:
        items = self._value(config["items"], scope)
        tolerated = max(config["toleratedFailures"], len(items) * config.get("toleratedFailurePercent", 0) // 100)

        def decides(result: Result, failures: int) -> bool:
            return result.is_failed and failures > tolerated

        def run(index: int, at: datetime) -> Result:
            seen = scope | {config["as"]: items[index], "index": index}
            return self._item(config, f"{path}[{index}]", seen, at)

        lanes = run_lanes(range(len(items)), config["maxConcurrency"], start, run, decides)
        if lanes.deciding:
            return self._lanes_failed(lanes, "STEP_FAILED")
        results = [lanes.results[index] for index in range(len(items))]
        failures = [{"index": n} | self._settled(each) for n, each in enumerate(results) if each.is_failed]
        output = {
            "results": [each.output for each in results],
            "succeeded": len(items) - len(failures),
            "failed": len(failures),
            "failures": failures,
        }
        return Result(lanes.end, output, rows=lanes.rows)

    def _item(self, config: Step, prefix: str, scope: Values, start: datetime) -> Result:
        result = self._block(config["steps"], prefix, scope, start)
        if result.is_failed:
            return result
        output = result.output[config["steps"][-1]["id"]]
        if "output" in config:
            steps = scope["steps"] | {id: {"output": each} for id, each in result.output.items()}
            output = self._value(config["output"], scope | {"steps": steps})
        if isinstance(output, Failure):
            return replace(failed(result.end, replace(output, path=prefix)), rows=result.rows)
        return replace(result, output=output)

    def _lanes_failed(self, lanes: Lanes, code: str | None) -> Result:
        """A failure with the error of one of the last lanes that failed, or with the step's path and this code."""
        failures = [failure for result in lanes.last for failure in result.failures]
        found = frozenset(each if code is None else Failure(code, each.path) for each in failures)
        return Result(lanes.end, status="FAILED", failures=found, rows=lanes.rows)

    def _settled(self, result: Result) -> Any:
        """The output of a branch or an item, or its error without the message."""
        self._is_open |= len(result.failures) > 1
        return {"error": next(iter(result.failures)).in_scope} if result.is_failed else result.output

    def _value(self, source: str, scope: Values) -> Any:
        try:
            return compile_expression(source).evaluate(scope, now=self._start, seed=0)
        except ExpressionError as error:
            return Failure(error.code.value)

    def _condition(self, source: str, scope: Values) -> "bool | Failure":
        value = self._value(source, scope)
        return value if isinstance(value, bool | Failure) else Failure("EXPRESSION_FAILED")


def _is_retryable(failure: Failure) -> bool:
    return failure.code == "TIMEOUT" or failure.status == 503


def _length(duration: str) -> timedelta:
    return parse_duration(duration)
