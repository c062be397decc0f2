"""`orchestrate`: the steps of a file, executed once without storing a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.kernel.json.text import JsonValue
from stepgraph.cli.executions.running import report_start_or_end, waited_for
from stepgraph.cli.kit.api_calls import accepted, value_of, with_client
from stepgraph.cli.kit.arguments import AsJson, Labels, Url, WaitFor
from stepgraph.cli.kit.exit_codes import Exit, fail, json_argument, read_document
from stepgraph.cli.kit.filters import labels_of

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient

_TAKEN = ("steps", "output", "variables", "timeout")
_LEFT_OUT = frozenset({"name", "description", "labels"})
"""Members of a workflow's document that change nothing of how its steps are executed; labels are an option."""


def orchestrate(
    file: Annotated[
        Path, typer.Argument(help="File with a workflow (.yaml, .yml, .json), of which steps and output are used.")
    ],
    input: Annotated[str, typer.Option(help="Input as JSON, or @file with JSON or YAML.")] = "null",
    follow_it: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Follow the execution live until it ends.")
    ] = False,
    wait_for: WaitFor = None,
    key: Annotated[str | None, typer.Option(help="Idempotency key: with the same key it starts once.")] = None,
    labels: Labels = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Execute the steps of a file without storing a workflow; with --follow, show them live.

    With --follow or --wait-for, the exit code is 0 only when it has COMPLETED.

    Example: stepgraph orchestrate steps.yaml --input '{"orderId": "o-7"}' --follow
    """
    request = {**orchestration_of(read_document(file), str(file)), "input": json_argument(input, "--input")}
    if key is not None:
        request["idempotencyKey"] = key
    if labels:
        request["labels"] = labels_of(labels)

    async def executing(client: ApiClient) -> dict[str, Any]:
        execution = accepted(await value_of(client, "executions.Orchestrate", input=request))
        return await waited_for(client, execution, follow_it=follow_it, wait_for=wait_for, show=not as_json)

    is_end = follow_it or wait_for is not None
    report_start_or_end(with_client(url, executing), is_end=is_end, as_json=as_json)


def orchestration_of(document: JsonValue, file: str) -> dict[str, JsonValue]:
    """The input of `orchestrate` that a workflow's document comes to. Leaves with exit code 2 where there is none."""
    if not isinstance(document, dict) or "steps" not in document:
        fail(f"{file} has no steps.", Exit.USAGE)
    others = sorted(set(document) - {*_TAKEN, *_LEFT_OUT})
    if others:
        fail(
            f"{file} has {', '.join(others)}, which only stored workflows have: run the file instead"
            f" (stepgraph run {file}), or leave that out.",
            Exit.USAGE,
        )
    found = {name: document[name] for name in _TAKEN if name in document}
    return {**found, "steps": _typed_steps(document["steps"])}


def _typed_steps(steps: JsonValue) -> JsonValue:
    """Steps as the typed inputs of the API have them: the type of a step is the name of its configuration there.

    A value that is not a step is left as it is; the API reports it.
    """
    return [_typed_step(step) for step in steps] if isinstance(steps, list) else steps


def _typed_step(step: JsonValue) -> JsonValue:
    if not isinstance(step, dict) or not isinstance(step.get("type"), str):
        return step
    others = {name: value for name, value in step.items() if name not in ("type", "config")}
    if isinstance(others.get("onError"), dict):
        others["onError"] = _with_typed_steps(others["onError"])
    first, *rest = str(step["type"]).lower().split("_")
    name = first + "".join(word.capitalize() for word in rest)
    return {**others, "config": {name: _with_typed_steps(step.get("config", {}))}}


def _with_typed_steps(block: JsonValue) -> JsonValue:
    if not isinstance(block, Mapping):
        return block
    typed = {name: _typed_steps(value) if name in ("steps", "then", "else") else value for name, value in block.items()}
    branches = typed.get("branches")
    if isinstance(branches, list):
        typed["branches"] = [_with_typed_steps(branch) for branch in branches]
    return typed
