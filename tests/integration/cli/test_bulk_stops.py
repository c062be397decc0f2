"""`stepgraph executions bulk stop` against an API on memory, where no worker carries anything on."""

from tests.integration.cli.test_breaker_commands import in_a_thread
from tests.integration.commands import data, lines, refused


def test_a_bulk_operation_is_told_to_stop_and_the_list_says_so() -> None:
    with in_a_thread() as server:
        begun = data(server, "executions", "bulk", "cancel", "--workflow", "orders")
        told = "CANCEL: 0 done, 0 failed, 0 still to come, but it stops after this batch"

        assert lines(server, "executions", "bulk", "stop", begun["id"]) == [told]
        assert lines(server, "executions", "bulk", "show", begun["id"]) == [told]
        assert "no bulk operation" in refused(server, "executions", "bulk", "stop", "bo_01h455vb4pex5vsknk084sn02q")
