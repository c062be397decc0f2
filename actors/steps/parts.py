"""The parts of a worker that the executors of steps are made of."""

from collections.abc import Callable
from dataclasses import dataclass

from actors.http.client import HttpClient
from actors.transformation_rules.rules import StoredRules
from actors.webhooks.registered_webhooks import RegisteredWebhooks
from domain.circuit_breakers.ports import CircuitBreakers
from domain.executions.children import ChildStarter
from domain.executions.step_executor import StepExecutor
from domain.expressions.evaluator import Evaluator


@dataclass(frozen=True, slots=True, kw_only=True)
class StepParts:
    """The parts of a worker. The `client` is open, and its owner closes it.

    `callback_key` authenticates callback tokens, `public_url` is the address of this installation, `max_items` the most
    items of a loop, `max_output_bytes` the largest size of an output as JSON. Without `rules`, steps that apply a
    transformation rule fail; without `breakers`, no service is guarded.
    """

    client: HttpClient
    evaluator: Evaluator
    children: ChildStarter
    webhooks: RegisteredWebhooks
    callback_key: bytes
    public_url: str
    max_items: int
    max_output_bytes: int
    rules: StoredRules | None = None
    breakers: CircuitBreakers | None = None


MakeExecutor = Callable[[StepParts], StepExecutor]
