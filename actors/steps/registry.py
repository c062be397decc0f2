"""Which executor runs which step type."""

from collections.abc import Mapping

from actors.http import HttpClient
from actors.steps.data_transform import DataTransformExecutor
from actors.steps.executor import StepExecutor
from actors.steps.http_request import HttpRequestExecutor
from actors.steps.wait import WaitExecutor
from domain.statuses import StepType


def step_executors(client: HttpClient) -> Mapping[StepType, StepExecutor]:
    """The executors of all step types that this release runs. The client is open, and its owner closes it."""
    return {
        StepType.HTTP_REQUEST: HttpRequestExecutor(client),
        StepType.DATA_TRANSFORM: DataTransformExecutor(),
        StepType.WAIT: WaitExecutor(),
    }
