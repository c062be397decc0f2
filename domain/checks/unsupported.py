"""What may be written in a document but cannot run yet. Deleting a line of the table opens that gate."""

from collections.abc import Collection
from dataclasses import dataclass

from domain.document_types import DocumentModel
from domain.steps import (
    DataTransformConfig,
    HttpAuth,
    HttpRequestConfig,
    OnErrorDocument,
    StepDocument,
    WaitConfig,
)
from domain.workflow_document import WorkflowDocument


@dataclass(frozen=True, slots=True)
class Gate:
    """A member of a model that is refused: whatever it says, or only with one of `values`."""

    model: type[DocumentModel]
    member: str
    hint: str
    values: Collection[str] | None = None


NOT_YET = (
    Gate(StepDocument, "type", "Give the steps of both branches a `when`.", ("CONDITIONAL",)),
    Gate(StepDocument, "type", "Steps with `dependsOn: []` run at the same time.", ("PARALLEL",)),
    Gate(StepDocument, "type", "Start one execution for each item with `executeWorkflows`.", ("FOR_EACH",)),
    Gate(StepDocument, "type", "Call the receiver with an HTTP_REQUEST.", ("WEBHOOK_CALL",)),
    Gate(StepDocument, "type", "Check the input with the workflow's `inputSchema`.", ("VALIDATION",)),
    Gate(StepDocument, "type", "Put the other workflow's steps into this one.", ("SUB_WORKFLOW",)),
    Gate(OnErrorDocument, "steps", "Use `onError: {continue: true}` and a step that looks at `steps.<id>.error`."),
    Gate(WorkflowDocument, "onFailure", "Use `onError: {continue: true}` and a last step that looks at the errors."),
    Gate(WorkflowDocument, "maxConcurrentExecutions", "Leave it out: executions are not limited."),
    Gate(HttpRequestConfig, "poll", "Repeat the call with a `retry` policy."),
    Gate(HttpRequestConfig, "paginate", "Ask for a page that holds everything, or write a step for each page."),
    Gate(HttpRequestConfig, "circuitBreaker", "Leave it out, or say OFF.", ("WAIT", "FAIL")),
    Gate(HttpRequestConfig, "serviceId", "Leave it out: no circuit breaker is used."),
    Gate(HttpAuth, "oauth2", "Fetch a token with a step, and use `bearer`."),
    Gate(WaitConfig, "signal", "Wait with `duration` or `until`."),
    Gate(DataTransformConfig, "rule", "Write the rule's expression into `expression`."),
)

SANDBOX_HINT = (
    "Use paths, operators, conditions, filters, objects, arrays and plain functions such as $sum, $round or $string; "
    "no variables, lambdas, ranges, sorting, wildcards or regular expressions."
)
SECRETS_HINT = "Pass the value with the execution's input."
