"""How far an execution is, as clients see it."""

from domain.records import Progress
from domain.statuses import ExecutionStatus
from graphql_api.executions.types import Progress as Shown

TOLERATED = Progress(total=10, completed=8, failed=1, running=0, ended=9)


def test_the_percentage_is_what_has_ended_of_all_that_is_known() -> None:
    assert Shown.from_record(TOLERATED, ExecutionStatus.RUNNING).percent == 90.0


def test_a_completed_execution_is_done_though_steps_of_failed_items_never_began() -> None:
    assert Shown.from_record(TOLERATED, ExecutionStatus.COMPLETED).percent == 100.0
