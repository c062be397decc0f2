"""The executor of each step type."""

from collections.abc import Mapping

from actors.http.client import HttpClient
from actors.steps.applied_rules import AppliedRules
from actors.steps.containers import ConditionalExecutor, ForEachExecutor, ParallelExecutor
from actors.steps.data_transform import DataTransformExecutor
from actors.steps.http_request import HttpRequestExecutor
from actors.steps.registered_webhooks import RegisteredWebhooks
from actors.steps.sub_workflow import SubWorkflowExecutor
from actors.steps.validation import ValidationExecutor
from actors.steps.wait import WaitExecutor
from actors.steps.webhook_call import WebhookCallExecutor
from actors.transformation_rules.rules import StoredRules
from domain.circuit_breakers.ports import CircuitBreakers
from domain.executions.children import ChildStarter
from domain.executions.step_executor import StepExecutor
from domain.expressions.evaluator import Evaluator
from domain.kernel.statuses import StepType


def step_executors(
    *,
    client: HttpClient,
    evaluator: Evaluator,
    children: ChildStarter,
    webhooks: RegisteredWebhooks,
    callback_key: bytes,
    public_url: str,
    max_items: int,
    max_output_bytes: int,
    rules: StoredRules | None = None,
    breakers: CircuitBreakers | None = None,
) -> Mapping[StepType, StepExecutor]:
    """The executors of all step types. The client is open, and its owner closes it.

    `callback_key` authenticates callback tokens, `public_url` is the address of this installation, `max_items` the most
    items of a loop, `max_output_bytes` the largest size of an output as JSON. Without `rules`, steps that apply a
    transformation rule fail; without `breakers`, no service is guarded.
    """
    return {
        StepType.HTTP_REQUEST: HttpRequestExecutor(
            client, evaluator, max_items_bytes=max_output_bytes, breakers=breakers
        ),
        StepType.DATA_TRANSFORM: DataTransformExecutor(None if rules is None else AppliedRules(rules, evaluator)),
        StepType.CONDITIONAL: ConditionalExecutor(),
        StepType.PARALLEL: ParallelExecutor(),
        StepType.FOR_EACH: ForEachExecutor(max_items),
        StepType.WAIT: WaitExecutor(),
        StepType.WEBHOOK_CALL: WebhookCallExecutor(
            client, webhooks, key=callback_key, public_url=public_url, breakers=breakers
        ),
        StepType.VALIDATION: ValidationExecutor(evaluator),
        StepType.SUB_WORKFLOW: SubWorkflowExecutor(children),
    }
