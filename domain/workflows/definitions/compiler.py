"""Compiling of a document into a definition that can run: sorted, parsed, with nothing left to look up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.expressions.expression import Expression, compile_expression
from domain.expressions.templates import Template, compile_output
from domain.kernel.json.text import JsonValue
from domain.workflows.definitions.definition import Block, CompiledStep, Definition, RetryPolicy
from domain.workflows.documents.graph import EACH, FAILURE_HANDLER, HANDLER, dependencies_of, inner_blocks, stages_of
from domain.workflows.documents.reading import WorkflowDocument
from domain.workflows.documents.step import RetryPolicyDocument, StepDocument
from domain.workflows.steps.for_each import ForEachConfig
from domain.workflows.steps.registry import kind_of

_LAST = "~"  # sorts after every number
_SIGNAL_URL = ("execution", "signalUrl")


@dataclass(frozen=True, slots=True)
class _Found:
    steps: dict[str, CompiledStep] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)


def compile_workflow(
    document: WorkflowDocument, *, definition_id: UUID, workflow_id: UUID | None, version: int | None
) -> Definition:
    """The definition of a document that was checked."""
    found = _Found()
    root = _block(document.steps, "", "", "", found)
    on_failure = None
    if document.on_failure is not None:
        on_failure = _block(document.on_failure, FAILURE_HANDLER, FAILURE_HANDLER, f"{_LAST}.", found)
    output = _output(document.output)
    expressions = [*_expressions(found, output)]
    return Definition(
        id=definition_id,
        name=document.name,
        workflow_id=workflow_id,
        version=version,
        root=root,
        variables=document.variables or {},
        output=output,
        timeout=document.timeout,
        on_failure=on_failure,
        max_concurrent_executions=document.max_concurrent_executions,
        reads_signal_url=any(_SIGNAL_URL in expression.reads for expression in expressions),
        steps=found.steps,
        blocks=found.blocks,
        expression_count=len(expressions),
    )


def _expressions(found: _Found, output: Template | None) -> Iterator[Expression]:
    """Every expression of a workflow."""
    if output is not None:
        yield from output.expressions
    for step in found.steps.values():
        yield from step.inputs.expressions
        yield from step.expressions.values()
        if step.result is not None:
            yield from step.result.expressions
        for expression in (step.when, None if step.retry is None else step.retry.when):
            if expression is not None:
                yield expression


def _block(documents: Sequence[StepDocument], path: str, label: str, position: str, found: _Found) -> Block:
    """Compile a block whose positions start with `position`; adds it, its steps and its inner blocks to `found`."""
    dependencies = dependencies_of(documents)
    dependants: dict[str, list[str]] = {id: [] for id in dependencies}
    for id, befores in dependencies.items():
        for before in befores:
            dependants[before].append(id)
    steps: dict[str, CompiledStep] = {}
    for index, document in enumerate(documents):
        id = document.id
        static_path = f"{path}.{id}" if path else id
        compiled = _step(document, static_path, f"{position}{index:04}", dependencies[id], tuple(dependants[id]), found)
        steps[id] = found.steps[static_path] = compiled
    block = found.blocks[path] = Block(path=path, label=label, steps=steps, stages=stages_of(dependencies))
    return block


def _step(
    step: StepDocument,
    path: str,
    position: str,
    depends_on: tuple[str, ...],
    dependants: tuple[str, ...],
    found: _Found,
) -> CompiledStep:
    kind = kind_of(step.type)
    inputs = kind.inputs(step.config)
    secrets = inputs.secrets
    blocks: dict[str, Block] = {}
    for ordinal, inner in enumerate(inner_blocks(step, path)):
        if not inner.steps:  # a branch of a condition that does nothing
            continue
        if inner.label == EACH and isinstance(step.config, ForEachConfig):
            inner_path, inner_position = f"{path}[]", f"{position}.*."
        else:
            inner_path = inner.path
            inner_position = f"{position}.{_LAST if inner.label == HANDLER else f'{ordinal:04}'}."
        blocks[inner.label] = _block(inner.steps, inner_path, inner.label, inner_position, found)
    when = _expression(step.when)
    result = step.config.output if isinstance(step.config, ForEachConfig) else None
    return CompiledStep(
        id=step.id,
        path=path,
        position=position,
        type=step.type,
        config=step.config,
        inputs=inputs,
        depends_on=depends_on,
        dependants=dependants,
        when=when,
        retry=_retry(step.retry),
        timeout=step.timeout,
        on_error_continue=step.on_error is not None and step.on_error.continue_ is True,
        blocks=blocks,
        expressions={name: compile_expression(source) for name, source in kind.expressions(step.config).items()},
        result=_output(result),
        needs_waiting=bool(inputs.sandboxed or secrets) or (when is not None and when.needs_sandbox),
        secrets=secrets,
    )


def _output(value: JsonValue) -> Template | None:
    return None if value is None else compile_output(value)


def _expression(source: str | None) -> Expression | None:
    return None if source is None else compile_expression(source)


def _retry(document: RetryPolicyDocument | None) -> RetryPolicy | None:
    if document is None:
        return None
    return RetryPolicy(
        strategy=document.strategy,
        max_attempts=document.max_attempts,
        delay=document.delay,
        factor=document.factor,
        max_delay=document.max_delay,
        jitter=document.jitter,
        max_elapsed=document.max_elapsed,
        when=_expression(document.when),
    )
