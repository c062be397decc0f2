"""The progress of an execution, as clients see it."""

import pytest

from domain.executions.records import WHOLE, Progress
from domain.kernel.statuses import ExecutionStatus
from graphql_api.executions.types import Progress as Shown


def so_far(ended: int) -> Progress:
    return Progress(total=10, completed=8, failed=1, running=0, ended=ended)


@pytest.mark.parametrize(
    ("ended", "percent"), [(0, 0.0), (WHOLE // 3, 33.33), (WHOLE * 2 // 3, 66.66), (WHOLE - 1, 99.99), (WHOLE, 99.99)]
)
def test_the_percentage_is_rounded_down_and_is_never_100_before_the_end(ended: int, percent: float) -> None:
    for status in set(ExecutionStatus) - {ExecutionStatus.COMPLETED}:
        assert Shown.from_record(so_far(ended), status).percent == percent


def test_a_completed_execution_is_done_though_steps_of_failed_items_never_began() -> None:
    assert Shown.from_record(so_far(WHOLE // 2), ExecutionStatus.COMPLETED).percent == 100.0
