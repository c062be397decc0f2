"""From a document to a definition that can run: sorted, parsed, nothing left to look up."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from domain.definition import Block, CompiledStep, Definition, RetryPolicy
from domain.durations import format_duration
from domain.errors import InvalidInput, Problem
from domain.expressions import Expression, compile_expression
from domain.graph import dependencies_of, stages_of
from domain.json_text import JsonValue
from domain.statuses import StepType
from domain.steps import (
    DataTransformConfig,
    HttpAuth,
    HttpRequestConfig,
    RetryPolicyDocument,
    StepConfig,
    StepDocument,
    WaitConfig,
)
from domain.templates import Template, compile_template, template_object, template_of
from domain.workflows import WorkflowDocument


def compile_workflow(
    document: WorkflowDocument, *, definition_id: UUID, workflow_id: UUID | None, version: int | None
) -> Definition:
    """The definition of a document that was checked.

    Raises `InvalidInput` for a step that this release cannot run, as one of a newer release may have been stored.
    """
    return Definition(
        id=definition_id,
        name=document.name,
        workflow_id=workflow_id,
        version=version,
        root=_block(document.steps),
        variables=document.variables or {},
        output=_expression(document.output),
        timeout=document.timeout,
    )


def _block(steps: Sequence[StepDocument]) -> Block:
    dependencies = dependencies_of(steps)
    dependants: dict[str, list[str]] = {id: [] for id in dependencies}
    for id, befores in dependencies.items():
        for before in befores:
            dependants[before].append(id)
    compiled = {
        step.id: _step(step, index, dependencies[step.id], tuple(dependants[step.id]))
        for index, step in enumerate(steps)
    }
    return Block(steps=compiled, stages=stages_of(dependencies))


def _step(step: StepDocument, index: int, depends_on: tuple[str, ...], dependants: tuple[str, ...]) -> CompiledStep:
    inputs_of = _INPUTS.get(step.type)
    if inputs_of is None or (step.on_error is not None and step.on_error.steps is not None):
        raise InvalidInput(
            [
                Problem(
                    path=("steps", str(index)),
                    message=f"This release cannot run the step {step.id!r} ({step.type.value}).",
                    hint="Upgrade the workers to the release that stored the workflow.",
                )
            ]
        )
    return CompiledStep(
        id=step.id,
        path=step.id,
        position=f"{index:04}",
        type=step.type,
        config=step.config,
        inputs=inputs_of(step.config),
        depends_on=depends_on,
        dependants=dependants,
        when=_expression(step.when),
        retry=_retry(step.retry),
        timeout=step.timeout,
        on_error_continue=step.on_error is not None and step.on_error.continue_ is True,
    )


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


def _http_request(config: StepConfig) -> Template:
    assert isinstance(config, HttpRequestConfig)
    members: dict[str, JsonValue] = {"method": config.method.value, "url": config.url}
    for name in ("query", "headers", "body"):
        value = getattr(config, name)
        if value is not None:
            members[name] = value
    if config.auth is not None:
        members["auth"] = _auth(config.auth)
    return compile_template(members)


def _auth(auth: HttpAuth) -> JsonValue:
    value: JsonValue = auth.model_dump(by_alias=True, exclude_none=True, mode="json")
    return value


def _data_transform(config: StepConfig) -> Template:
    assert isinstance(config, DataTransformConfig)
    if config.expression is not None:
        return template_of(compile_expression(config.expression))
    return compile_template(config.output)


def _wait(config: StepConfig) -> Template:
    assert isinstance(config, WaitConfig)
    if config.until is not None:
        return template_object({"until": template_of(compile_expression(config.until))})
    assert config.duration is not None
    return compile_template({"duration": format_duration(config.duration)})


_INPUTS: Mapping[StepType, Callable[[StepConfig], Template]] = {
    StepType.HTTP_REQUEST: _http_request,
    StepType.DATA_TRANSFORM: _data_transform,
    StepType.WAIT: _wait,
}
