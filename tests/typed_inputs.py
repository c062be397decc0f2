"""The typed GraphQL inputs, each with the model of the document that says the same."""

from domain.workflows.documents.step import OnErrorDocument, RetryPolicyDocument, StepDocument
from domain.workflows.documents.workflow import WorkflowDocument
from domain.workflows.fields.types import DocumentModel
from domain.workflows.steps.conditional import ConditionalConfig
from domain.workflows.steps.data_transform import DataTransformConfig, RuleUse
from domain.workflows.steps.for_each import ForEachConfig
from domain.workflows.steps.http_request import (
    BasicAuth,
    HeaderAuth,
    HttpAuth,
    HttpRequestConfig,
    OAuth2Auth,
    PaginateConfig,
    PollConfig,
)
from domain.workflows.steps.parallel import Branch, ParallelConfig
from domain.workflows.steps.sub_workflow import SubWorkflowConfig
from domain.workflows.steps.validation import ValidationConfig, ValidationRule
from domain.workflows.steps.wait import SignalWait, WaitConfig
from domain.workflows.steps.webhook_call import WebhookCallConfig

INPUTS: dict[str, type[DocumentModel]] = {
    "CreateWorkflowInput": WorkflowDocument,
    "StepInput": StepDocument,
    "RetryPolicyInput": RetryPolicyDocument,
    "OnErrorInput": OnErrorDocument,
    "HttpRequestInput": HttpRequestConfig,
    "PollInput": PollConfig,
    "PaginateInput": PaginateConfig,
    "HttpAuthInput": HttpAuth,
    "BasicAuthInput": BasicAuth,
    "HeaderAuthInput": HeaderAuth,
    "OAuth2Input": OAuth2Auth,
    "DataTransformInput": DataTransformConfig,
    "RuleUseInput": RuleUse,
    "ConditionalInput": ConditionalConfig,
    "ParallelInput": ParallelConfig,
    "BranchInput": Branch,
    "ForEachInput": ForEachConfig,
    "WaitInput": WaitConfig,
    "SignalWaitInput": SignalWait,
    "WebhookCallInput": WebhookCallConfig,
    "ValidationInput": ValidationConfig,
    "ValidationRuleInput": ValidationRule,
    "SubWorkflowInput": SubWorkflowConfig,
}
