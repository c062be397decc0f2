"""Step inputs: each step type's configuration as a template, and the expressions that its executor uses."""

from collections.abc import Callable, Mapping

from domain.expressions.expression import Expression, compile_expression
from domain.expressions.lists import compile_list
from domain.expressions.templates import (
    Template,
    compile_output,
    compile_template,
    template_object,
    template_of,
    template_of_list,
)
from domain.kernel.durations import format_duration
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepType
from domain.workflows.steps import (
    ConditionalConfig,
    DataTransformConfig,
    ForEachConfig,
    HttpRequestConfig,
    StepConfig,
    SubWorkflowConfig,
    ValidationConfig,
    WaitConfig,
    WebhookCallConfig,
)


def inputs_of(type: StepType, config: StepConfig) -> Template:
    """The template that renders to a step's input, in the shape that `CompiledStep` describes."""
    return _INPUTS[type](config)


def expressions_of(config: StepConfig) -> dict[str, Expression]:
    """The expressions that an executor evaluates by itself, by name."""
    sources: dict[str, str] = {}
    match config:
        case HttpRequestConfig(poll=poll, paginate=paginate):
            if poll is not None:
                sources["poll.until"] = poll.until
            if paginate is not None:
                sources |= {"paginate.next": paginate.next, "paginate.items": paginate.items}
        case ValidationConfig(rules=rules):
            sources = {f"rules[{index}]": rule.rule for index, rule in enumerate(rules or ())}
        case _:
            pass
    return {name: compile_expression(source) for name, source in sources.items()}


def _http_request(config: StepConfig) -> Template:
    assert isinstance(config, HttpRequestConfig)
    members: dict[str, JsonValue] = {"method": config.method.value, "url": config.url}
    for name in ("query", "headers", "body"):
        value = getattr(config, name)
        if value is not None:
            members[name] = value
    if config.auth is not None:
        members["auth"] = config.auth.model_dump(by_alias=True, exclude_none=True, mode="json")
    return compile_template(members)


def _data_transform(config: StepConfig) -> Template:
    assert isinstance(config, DataTransformConfig)
    if config.rule is not None:
        given = config.rule.input
        return template_of(compile_expression("input")) if given is None else compile_template(given)
    if config.expression is not None:
        return compile_output(config.expression)
    return compile_template(config.output)


def _conditional(config: StepConfig) -> Template:
    assert isinstance(config, ConditionalConfig)
    return template_object({"if": template_of(compile_expression(config.if_))})


def _parallel(config: StepConfig) -> Template:
    return compile_template({})


def _for_each(config: StepConfig) -> Template:
    assert isinstance(config, ForEachConfig)
    return template_object({"items": template_of_list(compile_list(config.items))})


def _wait(config: StepConfig) -> Template:
    assert isinstance(config, WaitConfig)
    if config.until is not None:
        return template_object({"until": template_of(compile_expression(config.until))})
    if config.signal is not None:
        return compile_template({"signal": config.signal.name})
    assert config.duration is not None
    return compile_template({"duration": format_duration(config.duration)})


def _webhook_call(config: StepConfig) -> Template:
    assert isinstance(config, WebhookCallConfig)
    where = {"webhookId": config.webhook_id} if config.url is None else {"url": config.url}
    members: dict[str, JsonValue] = {**where, "eventType": config.event_type}
    if config.payload is not None:
        members["payload"] = config.payload
    if config.headers is not None:
        members["headers"] = config.headers
    return compile_template(members)


def _validation(config: StepConfig) -> Template:
    assert isinstance(config, ValidationConfig)
    members = {"messages": compile_template([rule.message for rule in config.rules or ()])}
    if config.data is not None:
        members = {"data": template_of(compile_expression(config.data)), **members}
    return template_object(members)


def _sub_workflow(config: StepConfig) -> Template:
    assert isinstance(config, SubWorkflowConfig)
    return compile_template({"input": config.input})


_INPUTS: Mapping[StepType, Callable[[StepConfig], Template]] = {
    StepType.HTTP_REQUEST: _http_request,
    StepType.DATA_TRANSFORM: _data_transform,
    StepType.CONDITIONAL: _conditional,
    StepType.PARALLEL: _parallel,
    StepType.FOR_EACH: _for_each,
    StepType.WAIT: _wait,
    StepType.WEBHOOK_CALL: _webhook_call,
    StepType.VALIDATION: _validation,
    StepType.SUB_WORKFLOW: _sub_workflow,
}
