"""Mixed work on a system that breaks: what is started, told and followed, and what must have become of all of it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from stepgraph.cli.kit.api_errors import ApiRefused, ApiUnreachable
from stepgraph.cli.kit.client import ApiClient
from tests.acceptance.workflows import APPLY, order
from tests.chaos.faults import for_a_while

ITEMS = 40
START = """
mutation ($input: ExecuteWorkflowInput!) {
  executeWorkflow(input: $input) { __typename ... on WorkflowExecution { id } ... on Error { code message } }
}
"""
SIGNAL = """
mutation ($id: ID!) {
  signalExecution(id: $id, name: "go", payload: 7) { __typename ... on Error { code message } }
}
"""
CANCEL = "mutation ($id: ID!) { cancelExecution(id: $id) { __typename ... on Error { code message } } }"
SHOWN = "query ($id: ID!) { execution(id: $id) { status output sequence error { code message } } }"
FOLLOW = """
subscription ($id: ID!, $after: Int) {
  executionProgress(id: $id, afterSequence: $after) { sequence execution { status } steps { path status } }
}
"""
ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})
_AGAIN_AFTER = 0.3
"""Seconds."""


def workflows(api: str) -> list[dict[str, Any]]:
    """One of each kind of work."""
    patient = {"strategy": "FIXED", "delay": "PT0.3S", "maxAttempts": 60, "jitter": "NONE"}
    called = {
        "id": "call",
        "type": "HTTP_REQUEST",
        "retry": patient,
        "config": {"url": f"{api}/delay/20", "circuitBreaker": "OFF"},
    }
    computed = {"id": "double", "type": "DATA_TRANSFORM", "config": {"expression": "item * 2"}}
    paid = order(api)
    for step in paid["steps"]:
        if step["type"] == "HTTP_REQUEST":
            step["retry"] = patient
            step["config"]["circuitBreaker"] = "OFF"
    return [
        paid,
        {
            "name": "loop",
            "steps": [
                {
                    "id": "loop",
                    "type": "FOR_EACH",
                    "config": {"items": "input.items", "maxConcurrency": 10, "steps": [called, computed]},
                }
            ],
            "output": "steps.loop.output.results",
        },
        {
            "name": "child",
            "steps": [called, {"id": "rest", "type": "WAIT", "config": {"duration": "PT1S"}}],
            "output": "input.n",
        },
        {
            "name": "parent",
            "steps": [
                {
                    "id": "child",
                    "type": "SUB_WORKFLOW",
                    "config": {"workflow": "child", "input": {"n": "{{ input.n }}"}},
                }
            ],
            "output": "steps.child.output.output",
        },
        {
            "name": "signalled",
            "steps": [{"id": "go", "type": "WAIT", "config": {"signal": {"name": "go"}}}, called],
            "output": "steps.go.output.payload",
        },
        {"name": "cancelled", "steps": [called, {"id": "rest", "type": "WAIT", "config": {"duration": "PT1H"}}]},
    ]


@dataclass
class Work:
    """One execution: its kind and number, and every sequence that a follower of it has seen, by connection."""

    kind: str
    number: int
    id: str = ""
    followed: list[list[int]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def expected(self) -> tuple[str, Any]:
        """The status and the output that it must end with; of an order only the status is known."""
        outputs: Mapping[str, Any] = {
            "loop": [2 * item for item in range(ITEMS)],
            "parent": self.number,
            "signalled": 7,
        }
        return "CANCELLED" if self.kind == "cancelled" else "COMPLETED", outputs.get(self.kind)


class Load:
    """All that is asked of the system while it breaks. Whatever is not answered is asked again, with its key."""

    def __init__(self, client: ApiClient, chance: random.Random) -> None:
        self._client, self._chance = client, chance
        self._tasks: set[asyncio.Task[None]] = set()
        self.all: list[Work] = []

    async def prepare(self, api: str) -> None:
        """Store the workflows."""
        for document in workflows(api):
            applied = (await self._client.execute(APPLY, document=document))["applyWorkflow"]
            assert applied["__typename"] == "Workflow", applied

    async def go_on(self, every: float) -> None:
        """Start one execution after the other, until this is cancelled."""
        kinds = ("order", "order", "order", "loop", "parent", "signalled", "cancelled")
        while True:
            work = Work(self._chance.choice(kinds), len(self.all))
            self.all.append(work)
            task = asyncio.create_task(self._see_to(work))
            self._tasks.add(task)
            await for_a_while(self._chance.expovariate(1 / every))

    async def finish(self) -> None:
        """Wait until everything is started, told and followed to its end."""
        await asyncio.gather(*self._tasks)

    async def insist(self, operation: str, **variables: Any) -> Mapping[str, Any]:
        """The answer, however often it has to be asked for."""

        async def ask() -> Mapping[str, Any]:
            return await self._client.execute(operation, **variables)

        return await _insisted(ask)

    async def _see_to(self, work: Work) -> None:
        input = {"n": work.number, "sku": f"sku-{work.number}", "delay": 50, "items": list(range(ITEMS))}
        asked = {"workflowName": work.kind, "input": input, "idempotencyKey": f"key-{work.number}"}
        while not work.id:
            answer = (await self.insist(START, input=asked))["executeWorkflow"]
            work.id = answer.get("id", "")
            if not work.id:
                assert answer["code"] == "UNAVAILABLE", answer
                await for_a_while(_AGAIN_AFTER)
        tellers = {"signalled": SIGNAL, "cancelled": CANCEL}
        await asyncio.gather(self._follow(work), self._tell(work, tellers.get(work.kind)))

    async def _tell(self, work: Work, operation: str | None) -> None:
        if operation is None:
            return
        await for_a_while(self._chance.uniform(0, 3))
        while True:
            [answer] = (await self.insist(operation, id=work.id)).values()
            if answer.get("code") in (None, "INVALID_STATE"):  # a repeated one may come after the end
                return
            await for_a_while(_AGAIN_AFTER)

    async def _follow(self, work: Work) -> None:
        """Follow it to its end, over as many connections as it takes, each from where the last one ended."""
        last, steps = None, dict[str, str]()
        while True:
            seen: list[int] = []
            work.followed.append(seen)
            with suppress(ApiUnreachable, ApiRefused):
                async for data in self._client.subscribe(FOLLOW, id=work.id, after=last):
                    update = data["executionProgress"]
                    last = update["sequence"]
                    seen.append(last)
                    for step in update["steps"]:
                        before = steps.get(step["path"])
                        if before in ENDED and step["status"] != before:
                            work.faults.append(f"{step['path']} went from {before} to {step['status']}")
                        steps[step["path"]] = step["status"]
                    if update["execution"]["status"] in ENDED:
                        return
            await for_a_while(_AGAIN_AFTER)


async def _insisted(ask: Callable[[], Awaitable[Mapping[str, Any]]]) -> Mapping[str, Any]:
    while True:
        with suppress(ApiUnreachable, ApiRefused):
            return await ask()
        await for_a_while(_AGAIN_AFTER)
