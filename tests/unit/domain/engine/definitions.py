"""Definitions built by hand, so that the engine's tests depend on nothing but the engine."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from domain.expressions.templates import compile_output, compile_template
from domain.kernel.statuses import StepType
from domain.workflows.definitions.definition import Block, CompiledStep, Definition, RetryPolicy
from domain.workflows.steps.wait import WaitConfig

DEFINITION_ID = UUID(int=7)
ANY_CONFIG = WaitConfig(duration=timedelta(seconds=1))
ANY_INPUTS = compile_template(None)


def definition_of(
    dependencies: Mapping[str, Sequence[str]],
    *,
    retry: Mapping[str, RetryPolicy] | None = None,
    goes_on_after_failure: Sequence[str] = (),
    output: str | None = None,
    timeout: timedelta | None = None,
) -> Definition:
    """A definition whose steps are the keys, in document order, each after the steps it is mapped to."""
    steps = {
        id: CompiledStep(
            id=id,
            path=id,
            position=f"{index:04}",
            type=StepType.WAIT,
            config=ANY_CONFIG,
            inputs=ANY_INPUTS,
            depends_on=tuple(before),
            dependants=tuple(other for other, befores in dependencies.items() if id in befores),
            retry=(retry or {}).get(id),
            on_error_continue=id in goes_on_after_failure,
        )
        for index, (id, before) in enumerate(dependencies.items())
    }
    root = Block(path="", label="", steps=steps, stages=())
    return Definition(
        id=DEFINITION_ID,
        name="a workflow",
        workflow_id=None,
        version=None,
        root=root,
        steps=steps,
        blocks={"": root},
        output=None if output is None else compile_output(output),
        timeout=timeout,
    )
