"""Every shipped template, made into a workflow and executed against a service, also where things go wrong."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from actors.activations.context import ActivationContext
from actors.activations.step_runner import StepRunner
from actors.http.client import HttpClient
from actors.http.destinations import DestinationPolicy
from actors.steps.http_request import HttpRequestExecutor
from domain.executions.records import ExecutionRecord, PendingCommand
from domain.expressions.evaluator import Evaluator
from domain.kernel.failures import FailureCode
from domain.kernel.ids import new_id
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepType
from domain.workflow_templates.checks import check_settings
from domain.workflow_templates.service import WorkflowTemplateService
from domain.workflow_templates.shipped import shipped_templates
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.definitions.definition import Definition
from domain.workflows.service import WorkflowService
from persistence.memory import MemoryStorage
from tests.sandboxes import SchemaSandbox
from tests.scripted_service import Asked, ScriptedService, reply, scripted_service
from tests.unit.actors.world import RunningClock, World

COMPLETED, FAILED, WAITING = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.WAITING


class Office(World):
    """A worker that makes real calls."""

    def __init__(self, client: HttpClient) -> None:
        super().__init__(clock=RunningClock(), max_output_bytes=1_000_000)
        self._http = HttpRequestExecutor(client, Evaluator(), max_items_bytes=1_000_000)

    @property
    def parts(self) -> ActivationContext:
        parts = super().parts
        executors = {**parts.attempts.executors, StepType.HTTP_REQUEST: self._http}
        return replace(
            parts,
            attempts=StepRunner(executors, self.max_output_bytes),
            signal_url="http://stepgraph.test/{}".format,
        )


@dataclass
class Workshop:
    """Makes workflows of templates, and executes them."""

    world: Office
    templates: WorkflowTemplateService
    service: ScriptedService

    @property
    def url(self) -> str:
        return self.service.url

    async def make(self, template: str, **parameters: Any) -> Definition:
        workflow = await self.templates.instantiate(template, new_id().hex, parameters)
        assert workflow.labels == {"template": template}
        return await DefinitionCache(self.world.storage.workflows).get(workflow.definition_id)

    async def run(self, template: str, input: Any = None, **parameters: Any) -> ExecutionRecord:
        return await self.world.run(await self.make(template, **parameters), input)

    async def signal(self, id: UUID, definition: Definition, payload: Any) -> ExecutionRecord:
        """Send the answer to an approval, and go on."""
        await self.world.storage.executions.add_command(
            PendingCommand(
                id=new_id(),
                execution_id=id,
                kind=CommandKind.SIGNAL,
                payload={"name": "approval", "payload": payload},
                created_at=self.world.clock.now(),
            )
        )
        await (await self.world.activation(id, definition)).run()
        return await self.world.record(id)

    def asked(self) -> list[tuple[str, str]]:
        """Method and target of each request, in order."""
        return [(each.method, each.target) for each in self.service.asked]


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(scripted_service(lambda _: reply({})))
        client = await stack.enter_async_context(HttpClient(DestinationPolicy(allow_loopback=True), user_agent="test"))
        world = Office(client)
        storage = MemoryStorage()
        world.storage = storage
        workflows = WorkflowService(workflows=storage.workflows, clock=world.clock)
        templates = WorkflowTemplateService(
            templates=storage.templates,
            workflows=workflows,
            shipped=shipped_templates(),
            clock=world.clock,
            sandbox=SchemaSandbox(),
        )
        yield Workshop(world, templates, service)


def failed_as(record: ExecutionRecord) -> tuple[FailureCode, str | None]:
    assert record.status is FAILED
    assert record.error is not None
    return record.error.code, record.error.path


def test_every_shipped_template_passes_its_own_checks() -> None:
    assert len(shipped_templates()) == 6
    for template in shipped_templates():
        assert check_settings(template.settings).problems == ()
        assert template.settings.category is not None
        assert all(parameter.description for parameter in template.settings.parameters)
    assert len({template.id for template in shipped_templates()}) == 6


async def test_a_checked_call_is_retried_and_its_answer_checked(workshop: Workshop) -> None:
    def answer(asked: Asked) -> bytes:
        return reply({"level": 7}, status=503 if len(workshop.service.asked) < 3 else 200)

    workshop.service.script = answer
    schema = {"type": "object", "required": ["level"]}
    given = {"url": f"{workshop.url}/stock/{{{{ input.id }}}}", "delay": "PT0.01S", "schema": schema}

    record = await workshop.run("checked-call", {"id": "a"}, **given)

    assert (record.status, record.output) == (COMPLETED, {"level": 7})
    assert workshop.asked() == [("GET", "/stock/a")] * 3


async def test_a_checked_call_fails_when_the_answer_is_not_what_it_should_be(workshop: Workshop) -> None:
    workshop.service.script = lambda _: reply({"level": "seven"})
    schema = {"properties": {"level": {"type": "integer"}}}
    given = {"url": workshop.url, "method": "POST", "body": {"id": "{{ input }}"}, "headers": {"x-team": "shop"}}

    assert failed_as(await workshop.run("checked-call", 5, schema=schema, **given)) == (
        FailureCode.VALIDATION_FAILED,
        "check",
    )
    [asked] = workshop.service.asked
    assert (asked.method, asked.json, asked.headers["x-team"]) == ("POST", {"id": 5}, "shop")


async def test_a_checked_call_gives_up_after_its_attempts(workshop: Workshop) -> None:
    workshop.service.script = lambda _: reply({}, status=503)

    record = await workshop.run("checked-call", url=workshop.url, attempts=2, delay="PT0.01S")

    assert failed_as(record) == (FailureCode.HTTP_STATUS, "call")
    assert len(workshop.service.asked) == 2


def pages(workshop: Workshop, broken: int) -> None:
    """Three pages of ten items each; the items up to `broken` cannot be written."""

    def answer(asked: Asked) -> bytes:
        if asked.method == "PUT":
            return reply({}, status=400 if asked.json["id"] < broken else 200)
        page = int(asked.target.partition("=")[2])
        following = None if page == 3 else f"{workshop.url}/items?page={page + 1}"
        items = [{"id": number} for number in range(page * 10 - 10, page * 10)]
        return reply({"items": items, "next": following})

    workshop.service.script = answer


async def test_a_paged_sync_writes_every_item(workshop: Workshop) -> None:
    pages(workshop, broken=1)
    given = {"sourceUrl": f"{workshop.url}/items?page=1", "targetUrl": f"{workshop.url}/copy/{{{{ item.id }}}}"}

    record = await workshop.run("paged-sync", **given)

    assert record.status is COMPLETED, record.error
    assert record.output == {"read": 30, "written": 29, "failed": [{"index": 0, "code": "HTTP_STATUS"}]}
    written = [target for method, target in workshop.asked() if method == "PUT"]
    assert sorted(written) == sorted(f"/copy/{number}" for number in range(30))


async def test_a_paged_sync_fails_when_too_many_items_do(workshop: Workshop) -> None:
    pages(workshop, broken=5)
    given = {"sourceUrl": f"{workshop.url}/items?page=1", "targetUrl": f"{workshop.url}/copy/{{{{ item.id }}}}"}

    code, path = failed_as(await workshop.run("paged-sync", **given))

    assert code is FailureCode.STEP_FAILED
    assert path is not None and path.startswith("write[")


def job(workshop: Workshop, end: str) -> None:
    """A job that is done when it was asked about three times."""

    def answer(asked: Asked) -> bytes:
        if asked.method == "POST":
            return reply({"id": "j1"}, status=202)
        is_done = len(workshop.service.asked) > 3
        return reply({"status": end if is_done else "running", "of": asked.target})

    workshop.service.script = answer


async def test_a_polled_job_is_asked_about_until_it_is_done(workshop: Workshop) -> None:
    job(workshop, "succeeded")
    status_url = f"{workshop.url}/jobs/{{{{ steps.start.output.body.id }}}}"

    record = await workshop.run(
        "polled-job", {"a": 1}, startUrl=f"{workshop.url}/jobs", statusUrl=status_url, interval="PT0.01S"
    )

    assert record.status is COMPLETED, record.error
    assert record.output == {"status": "succeeded", "of": "/jobs/j1"}
    assert workshop.asked() == [("POST", "/jobs"), *[("GET", "/jobs/j1")] * 3]
    assert workshop.service.asked[0].json == {"a": 1}


async def test_a_polled_job_that_has_failed_fails_the_execution(workshop: Workshop) -> None:
    job(workshop, "failed")

    record = await workshop.run(
        "polled-job", startUrl=workshop.url, statusUrl=workshop.url, interval="PT0.01S", body={"size": 5}
    )

    assert failed_as(record) == (FailureCode.VALIDATION_FAILED, "check")
    assert record.error is not None and record.error.details is not None
    problems: Any = record.error.details["problems"]
    assert [each["message"] for each in problems] == ['The job has not succeeded: {"status":"failed","of":"/"}']


async def asked_for_approval(workshop: Workshop, **more: Any) -> tuple[UUID, Definition]:
    """An approval that waits for its answer."""
    given = {
        "notifyUrl": f"{workshop.url}/chat",
        "actionUrl": f"{workshop.url}/accounts",
        "question": "May {{ input }}?",
    }
    definition = await workshop.make("approval", **given, **more)
    id = await workshop.world.execution(definition, "Ada")
    await (await workshop.world.activation(id, definition)).run()
    return id, definition


async def test_what_is_approved_is_done(workshop: Workshop) -> None:
    workshop.service.script = lambda asked: reply({"did": asked.target})
    id, definition = await asked_for_approval(workshop)
    assert (await workshop.world.record(id)).status is WAITING
    [question] = workshop.service.asked
    assert question.json["text"] == "May Ada?"
    assert question.json["answerUrl"] == f"http://stepgraph.test/{id}?name=approval"

    record = await workshop.signal(id, definition, {"approved": True})

    assert record.status is COMPLETED, record.error
    assert record.output == {"approved": True, "result": {"did": "/accounts"}}
    assert workshop.asked() == [("POST", "/chat"), ("POST", "/accounts")]


async def test_what_is_declined_is_not_done_and_told(workshop: Workshop) -> None:
    id, definition = await asked_for_approval(workshop)

    record = await workshop.signal(id, definition, {"approved": False, "reason": "no budget"})

    assert record.status is COMPLETED, record.error
    assert record.output == {"approved": False, "reason": "no budget"}
    assert workshop.asked() == [("POST", "/chat")] * 2
    assert workshop.service.asked[1].json["text"] == "Declined: no budget."


async def test_without_an_answer_in_time_it_is_declined(workshop: Workshop) -> None:
    id, _ = await asked_for_approval(workshop, timeout="PT0.05S")

    record = await workshop.world.record(id)

    assert record.status is COMPLETED, record.error
    assert record.output == {"approved": False, "reason": "nobody answered in time"}


def services(workshop: Workshop, *names: str) -> list[dict[str, str]]:
    return [{"name": name, "url": f"{workshop.url}/{name}"} for name in names]


async def test_the_answers_of_a_fan_out_are_put_together(workshop: Workshop) -> None:
    workshop.service.script = lambda asked: reply(
        {"of": asked.target}, status=404 if asked.target.startswith("/price") else 200
    )
    names = services(workshop, "stock", "price", "reviews")

    record = await workshop.run("fan-out", {"sku": "a"}, services=names, query={"sku": "{{ input.sku }}"}, tolerated=1)

    assert record.status is COMPLETED, record.error
    assert record.output == {
        "answers": [
            {"name": "stock", "answer": {"of": "/stock?sku=a"}},
            {"name": "reviews", "answer": {"of": "/reviews?sku=a"}},
        ],
        "failed": [{"index": 1, "code": "HTTP_STATUS"}],
    }


async def test_a_fan_out_of_one_service_is_one_too(workshop: Workshop) -> None:
    workshop.service.script = lambda _: reply([1, 2])

    record = await workshop.run("fan-out", services=services(workshop, "stock"))

    assert record.status is COMPLETED, record.error
    assert record.output == {"answers": [{"name": "stock", "answer": [1, 2]}], "failed": []}


async def test_a_fan_out_fails_when_more_fail_than_are_tolerated(workshop: Workshop) -> None:
    workshop.service.script = lambda asked: reply({}, status=404 if asked.target == "/price" else 200)

    code, path = failed_as(await workshop.run("fan-out", services=services(workshop, "stock", "price")))

    assert (code, path) == (FailureCode.STEP_FAILED, "ask[1].call")


async def saga(workshop: Workshop, broken: str) -> ExecutionRecord:
    """A saga of which one step is refused for good."""

    def answer(asked: Asked) -> bytes:
        return reply({"id": asked.target.strip("/")[:1]}, status=409 if asked.target == broken else 200)

    workshop.service.script = answer
    return await workshop.run(
        "saga",
        {"order": 1},
        reserveUrl=f"{workshop.url}/reservations",
        cancelUrl=f"{workshop.url}/reservations/{{{{ steps.reserve.output.body.id }}}}",
        chargeUrl=f"{workshop.url}/payments",
        refundUrl=f"{workshop.url}/payments/{{{{ steps.charge.output.body.id }}}}/refund",
        confirmUrl=f"{workshop.url}/orders",
    )


async def test_a_saga_that_goes_through_is_confirmed(workshop: Workshop) -> None:
    record = await saga(workshop, "")

    assert record.status is COMPLETED, record.error
    assert record.output == {"reservation": {"id": "r"}, "charge": {"id": "p"}, "confirmation": {"id": "o"}}
    assert workshop.asked() == [("POST", "/reservations"), ("POST", "/payments"), ("POST", "/orders")]


async def test_a_saga_that_cannot_be_confirmed_is_undone_in_the_reverse_order(workshop: Workshop) -> None:
    assert failed_as(await saga(workshop, "/orders")) == (FailureCode.HTTP_STATUS, "confirm")
    assert workshop.asked()[3:] == [("POST", "/payments/p/refund"), ("DELETE", "/reservations/r")]


async def test_a_saga_undoes_only_what_was_done(workshop: Workshop) -> None:
    assert failed_as(await saga(workshop, "/payments")) == (FailureCode.HTTP_STATUS, "charge")
    assert workshop.asked()[2:] == [("DELETE", "/reservations/r")]
