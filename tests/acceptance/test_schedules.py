"""Schedules on real processes: every tick is started once, also when a worker is killed; and the command line."""

import json
from datetime import datetime, timedelta
from typing import Any

from domain.kernel.json.text import JsonValue
from stepgraph.cli.kit.operations import operation
from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import stepgraph
from tests.waiting import wait_until

TICKING: JsonValue = {
    "name": "ticking",
    "steps": [{"id": "tick", "type": "DATA_TRANSFORM", "config": {"expression": "input.word"}}],
}
STARTED = """
{
  executions(filter: {labels: {schedule: "each-second"}}, first: 100) {
    nodes { status output labels createdAt }
  }
}
"""


async def test_every_second_is_started_once_though_a_worker_is_killed(deployment: Deployment) -> None:
    await deployment.start_api()
    doomed = await deployment.start_worker()
    await deployment.start_worker()

    async def cli(*arguments: str) -> Any:
        answer = await stepgraph("schedules", *arguments, "--json", extra={"STEPGRAPH_URL": deployment.url})
        assert answer.code == 0, answer.stderr
        return json.loads(answer.stdout)

    async with deployment.client() as client:

        async def started(completed: int) -> list[dict[str, Any]]:
            """The executions that the schedule started, newest first; none before `completed` of them are COMPLETED."""
            nodes: list[dict[str, Any]] = (await client.execute(STARTED))["executions"]["nodes"]
            return nodes if sum(node["status"] == "COMPLETED" for node in nodes) >= completed else []

        await client.execute(operation("workflows.Apply"), document=TICKING)
        saved = await cli(
            "save", "each-second", "ticking", "* * * * * *", "--overlap", "ALLOW", "--input", '{"word": "tock"}'
        )
        await wait_until(lambda: started(2), "it ticks", timeout=30, interval=0.1)
        await doomed.kill()
        known = len(await started(0))
        executions = await wait_until(lambda: started(known + 3), "it goes on", timeout=30, interval=0.1)

    [listed] = await cli("list", "--workflow", "ticking")
    assert (listed["id"], listed["lastError"]) == (saved["id"], None)
    assert len((await cli("show", "each-second", "--count", "3"))["nextRuns"]) == 3
    assert (await cli("delete", "each-second"))["id"] == saved["id"]

    ticks = sorted(datetime.fromisoformat(each["labels"]["scheduledAt"]) for each in executions)
    assert ticks == [ticks[0] + timedelta(seconds=number) for number in range(len(ticks))]
    assert {each["output"] for each in executions if each["status"] == "COMPLETED"} == {"tock"}
