"""WAIT: waits for a while, until a time, or for a signal."""

from typing import Any

from domain.expressions.expression import compile_expression
from domain.expressions.templates import Template, compile_template, template_object, template_of
from domain.kernel.durations import format_duration
from domain.kernel.statuses import StepType
from domain.workflows.fields.types import DocumentModel, ExpressionText, OneOf, PlainText, PositiveDuration
from domain.workflows.steps.kind import Effect, StepConfig, StepKind


class SignalWait(DocumentModel):
    """Waits until a signal with this name is sent."""

    name: PlainText
    timeout: PositiveDuration | None = None
    on_timeout: Any | None = None


class WaitConfig(StepConfig, OneOf):
    """Waits for a while, until a time, or for a signal; the output is {until} or {signal, payload}."""

    duration: PositiveDuration | None = None
    until: ExpressionText | None = None
    """An expression that gives an RFC 3339 time."""
    signal: SignalWait | None = None


class Wait(StepKind[WaitConfig]):
    """Waits. The input is `{"duration": "PT5S"}`, `{"until": <what the expression gives>}` or `{"signal": name}`."""

    name = StepType.WAIT.value
    config = WaitConfig
    executor = "actors.steps.wait:executor"
    graphql_input = "graphql_api.workflows.step_inputs.wait:WaitInput"
    effect = Effect.NONE
    takes_signals = True

    def inputs(self, config: WaitConfig) -> Template:
        if config.until is not None:
            return template_object({"until": template_of(compile_expression(config.until))})
        if config.signal is not None:
            return compile_template({"signal": config.signal.name})
        assert config.duration is not None
        return compile_template({"duration": format_duration(config.duration)})

    def awaits_message(self, config: WaitConfig) -> bool:
        return config.signal is not None


WAIT = Wait()
