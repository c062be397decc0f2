"""Every example does what it says, run by the one command that stands in its first lines."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import Output, stepgraph
from tests.examples import EXAMPLES, SERVICE, command_of
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

WAITING = """
{
  executions(filter: {workflowName: "onboarding", status: [WAITING]}) {
    nodes { id steps { nodes { path waitingFor { kind detail } } } }
  }
}
"""
APPROVE = """
mutation ($id: ID!) {
  signalExecution(id: $id, name: "approval", payload: {approved: true}) {
    __typename
    ... on Error { message }
  }
}
"""


class Examples:
    """Runs examples, pointed to the example service of the test."""

    def __init__(self, deployment: Deployment, directory: Path) -> None:
        self.service = deployment.service
        self.deployment = deployment
        self._directory = directory

    async def run(self, name: str, *changes: tuple[str, str]) -> Output:
        """Run an example by its own command, in which texts may be changed."""
        file = EXAMPLES / f"{name}.yaml"
        mine = self._directory / file.name
        mine.write_text(file.read_text().replace(SERVICE, self.service.url))
        program, *words = command_of(file)
        assert program == "stepgraph"
        for old, new in changes:
            words = [word.replace(old, new) for word in words]
        words[words.index(f"examples/{file.name}")] = str(mine)
        return await stepgraph(*words, "--json", extra={"STEPGRAPH_URL": self.deployment.url})

    async def output(self, name: str, *changes: tuple[str, str]) -> Any:
        """The output of an example that completes."""
        answer = await self.run(name, *changes)
        assert answer.code == 0, answer
        execution = json.loads(answer.stdout)
        assert execution["status"] == "COMPLETED"
        return execution["output"]

    def stored(self, table: str) -> list[Any]:
        """The rows that workflows have stored in a table of the example service."""
        return list(self.service.tables[table].values())


@pytest.fixture
def examples(shared_deployment: Deployment, tmp_path: Path) -> Examples:
    shared_deployment.service.tables.clear()
    return Examples(shared_deployment, tmp_path)


async def test_an_order_is_paid_once_and_shipped(examples: Examples) -> None:
    output = await examples.output("order")

    assert output["orderId"] == "A-1042"
    assert output["paid"] == {"amount": 33.75, "currency": "EUR"}
    assert output["payment"].startswith("pay_")
    assert output["notified"] is True
    assert examples.stored("shipments") == [{"orderId": "A-1042", "paymentId": output["payment"], "quantity": 3}]
    assert examples.service.attempts[f"payment {output['payment'].removeprefix('pay_')}"] == 3


async def test_an_order_of_more_than_there_is_fails_before_anybody_pays(examples: Examples) -> None:
    answer = await examples.run("order", ('"quantity": 3', '"quantity": 43'), ("A-1042", "A-1043"))

    assert answer.code == 1
    error = json.loads(answer.stdout)["error"]
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", "check")
    assert error["details"] == {"problems": [{"path": [], "message": "Only 42 of lamp-7 are left."}]}


async def test_an_employee_is_onboarded_when_the_manager_approves(examples: Examples) -> None:
    async with examples.deployment.client() as client:
        running = asyncio.create_task(examples.output("onboarding"))

        async def asked() -> str | None:
            for execution in (await client.execute(WAITING))["executions"]["nodes"]:
                for step in execution["steps"]["nodes"]:
                    if step["waitingFor"] == {"kind": "SIGNAL", "detail": "approval"}:
                        return str(execution["id"])
            return None

        id = await wait_until(asked, "it waits for the approval", timeout=20, interval=0.1)
        result = (await client.execute(APPROVE, id=id))["signalExecution"]
        assert result["__typename"] == "WorkflowExecution", result
        output = await running

    accounts = [{"system": system, "account": "ada.lovelace"} for system in ("mail", "chat", "code")]
    assert output == {"approved": True, "accounts": accounts}
    assert examples.stored("tickets") == [{"summary": "A desk and a laptop for Ada Lovelace"}]


async def test_a_thousand_contacts_are_read_checked_and_stored(examples: Examples) -> None:
    assert await examples.output("etl") == {"read": 1000, "stored": 990, "rejected": 10}

    assert len(examples.stored("warehouse contacts")) == 990
    rejected = examples.stored("warehouse rejected")
    assert sorted(row["contact"]["id"] for row in rejected) == list(range(100, 1001, 100))
    assert all(problem["path"] == ["email"] for row in rejected for problem in row["problems"])


async def test_leads_are_enriched_as_far_as_they_are_known(examples: Examples) -> None:
    output = await examples.output("enrichment")

    assert output["enriched"] == 36
    assert output["unknown"] == [{"lead": lead, "why": "HTTP_STATUS"} for lead in (10, 20, 30, 40)]
    assert output["best"] == [f"company-{number}" for number in (21, 27, 33, 39)]


async def test_a_video_is_asked_about_until_it_is_ready(examples: Examples) -> None:
    output = await examples.output("transcoding")

    job = re.fullmatch(r"/files/(job-\w+)\.mp4", output["url"])
    assert job is not None
    assert output["video"] == "holiday.mov"
    assert examples.service.attempts[f"poll {job[1]}"] == 4


async def test_a_report_is_worked_out_and_published(examples: Examples) -> None:
    output = await examples.output("report")

    figures = {
        "day": "2026-01-31",
        "total": 6900,
        "regions": [
            {"region": "north", "share": 25.4},
            {"region": "south", "share": 25.4},
            {"region": "east", "share": 24.6},
            {"region": "west", "share": 24.6},
        ],
    }
    assert output["figures"] == figures
    assert output["mailed"] is True
    assert examples.stored("reports") == [figures]
    assert examples.stored("notifications") == [{"to": "board", "text": "2026-01-31: 6900 in all."}]


async def test_an_incident_belongs_to_the_first_who_acknowledges(examples: Examples) -> None:
    before = examples.service.counters["/pager/alice"]

    output = await examples.output("incident")

    assert output["owner"] == "bob"
    assert output["ticket"].startswith("ticket_")
    assert examples.service.counters["/pager/alice"] == before + 1


async def test_an_incident_that_is_not_critical_wakes_nobody(examples: Examples) -> None:
    before = examples.service.counters["/pager/bob"]

    output = await examples.output("incident", ("critical", "minor"))

    assert output["owner"] == "team-checkout"
    assert examples.service.counters["/pager/bob"] == before


async def test_a_trip_that_cannot_be_booked_as_a_whole_is_not_booked_at_all(examples: Examples) -> None:
    answer = await examples.run("trip")

    assert answer.code == 1
    execution = json.loads(answer.stdout)
    assert execution["status"] == "FAILED"
    assert (execution["error"]["code"], execution["error"]["path"]) == ("HTTP_STATUS", "car")
    assert examples.stored("bookings") == []
    [apology] = examples.stored("notifications")
    assert apology["text"].startswith("No trip to Venice: ")


async def test_a_trip_that_can_be_booked_is(examples: Examples) -> None:
    output = await examples.output("trip", ("Venice", "Lisbon"))

    assert output.keys() == {"flight", "hotel", "car"}
    assert set(output.values()) == examples.service.tables["bookings"].keys()


async def test_every_customer_gets_an_invoice(examples: Examples) -> None:
    output = await examples.output("billing")

    assert output == {"invoices": 3, "total": 75, "failed": []}
    invoiced = sorted(row["to"] for row in examples.stored("invoices"))
    assert invoiced == ["c-1@example.com", "c-2@example.com", "c-3@example.com"]
