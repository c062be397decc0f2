"""`test`: the cases of workflows, run without side effects and without a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import Exit, run
from stepgraph.cli.kit.output import console, plain, print_json, say, table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from stepgraph.cli.workflow_tests.case_files import Case, Suite
    from stepgraph.cli.workflow_tests.comparing import Difference
    from stepgraph.cli.workflow_tests.local import Runs


@dataclass(frozen=True, slots=True)
class _Outcome:
    suite: Suite
    case: Case
    differences: Sequence[Difference]
    run: Mapping[str, Any]


def run_tests(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…",
            help="Files of cases, NAME.test.yaml, or of the workflows beside them; of folders, all.",
            show_default=False,
        ),
    ],
    on_server: Annotated[
        bool, typer.Option("--server", help="Run the cases on the API, with the workflows and rules that it stores.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Test workflows: run the cases of files, with mocked steps, and show what is not as expected.

    No server is needed and nothing is called: steps answer as their mocks say, and all waiting is
    skipped. The exit code is 0 when all cases hold, 1 when one does not, and 2 when a file cannot
    be read.

    Example: stepgraph test examples/order.test.yaml
    """
    from stepgraph.cli.workflow_tests.case_files import read_suites

    suites = read_suites(files)
    outcomes = run(_outcomes(suites, _on_server(url) if on_server or url else _here()))
    if as_json:
        print_json([_told(outcome) for outcome in outcomes])
    else:
        _show(outcomes)
    if any(outcome.differences for outcome in outcomes):
        raise typer.Exit(Exit.FAILED)


async def _outcomes(suites: Sequence[Suite], runs: AbstractAsyncContextManager[Runs]) -> list[_Outcome]:
    from stepgraph.cli.workflow_tests.comparing import differences

    outcomes = []
    async with runs as run_case:
        for suite in suites:
            for case in suite.cases:
                answer = await run_case(suite, case)
                outcomes.append(_Outcome(suite, case, differences(case.expect, answer), answer))
    return outcomes


def _here() -> AbstractAsyncContextManager[Runs]:
    from stepgraph.cli.workflow_tests.local import local_runs

    return local_runs()


@asynccontextmanager
async def _on_server(url: str | None) -> AsyncIterator[Runs]:
    """A function that has the API run cases, while the context lasts."""
    from domain.kernel.times import time_text
    from stepgraph.cli.kit.api_calls import value_of
    from stepgraph.cli.kit.client import connected
    from stepgraph.settings import load_settings

    async with connected(url or load_settings().url) as client:

        async def run_case(suite: Suite, case: Case) -> Mapping[str, Any]:
            answer: Mapping[str, Any] = await value_of(
                client,
                "workflow_tests.Test",
                document=suite.tested.value,
                input=case.input,
                mocks=case.mocks,
                now=None if case.now is None else time_text(case.now),
            )
            return answer

        yield run_case


def _show(outcomes: Sequence[_Outcome]) -> None:
    for file, of_file in groupby(outcomes, key=lambda outcome: outcome.suite.file):
        say(str(file), style="bold")
        for outcome in of_file:
            holds = not outcome.differences
            console.print(plain(f"  {'✔' if holds else '✘'} {outcome.case.name}", style="green" if holds else "red"))
            if not holds:
                rows = (
                    (f"    {each.place}", plain(each.expected, "green"), plain(each.found, "red"))
                    for each in outcome.differences
                )
                console.print(table(("    ", "expected", "but it was"), rows))
    failed = sum(bool(outcome.differences) for outcome in outcomes)
    total = "1 case" if len(outcomes) == 1 else f"{len(outcomes):,} cases"
    if failed:
        say(f"{failed:,} of {total} {'does' if failed == 1 else 'do'} not hold", style="red")
    else:
        say(f"{total} {'holds' if len(outcomes) == 1 else 'hold'}", style="green")


def _told(outcome: _Outcome) -> dict[str, Any]:
    """An outcome for programs, with the run."""
    return {
        "file": str(outcome.suite.file),
        "name": outcome.case.name,
        "holds": not outcome.differences,
        "differences": [
            {"place": each.place, "expected": each.expected, "found": each.found} for each in outcome.differences
        ],
        "run": dict(outcome.run),
    }
