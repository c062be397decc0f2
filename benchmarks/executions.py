"""Steps that all workloads share: store a workflow, start executions of it, and see them end over a subscription."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from benchmarks.graphql import GraphQLClient, GraphQLFailed, Subscriptions

_ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"})
_LIVE_SECONDS = 120
_ON_THE_WAY_SECONDS = 2
"""Seconds that the news of an end may take once the API shows the end."""
_LOOK_SECONDS = 0.1

_APPLY = """mutation Apply($document: JSON!) {
  applyWorkflow(document: $document) { __typename ... on ValidationError { problems { path message } } }
}"""
_EXECUTE = """mutation Execute($input: ExecuteWorkflowInput!) {
  executeWorkflow(input: $input) { __typename ... on WorkflowExecution { id } }
}"""
_EXECUTE_MANY = """mutation ExecuteMany($inputs: [ExecuteWorkflowInput!]!) {
  executeWorkflows(inputs: $inputs) {
    __typename ... on ExecutionBatch { results { __typename ... on WorkflowExecution { id } } }
  }
}"""
_STATUS = "query Status($id: ID!) { execution(id: $id) { status } }"
_UPDATES = "subscription Updates($filter: ExecutionFilter) { executionUpdates(filter: $filter) { id status } }"
_PROGRESS = """subscription Progress($id: ID!) {
  executionProgress(id: $id) { kind sequence execution { status } steps { path status } }
}"""
_INPUT = {"sku": "widget", "start": 0}


async def apply(api: GraphQLClient, name: str, steps: Sequence[Mapping[str, Any]]) -> None:
    """Store a workflow. Raises `GraphQLFailed` when it is refused."""
    data = await api.execute(_APPLY, {"document": {"name": name, "steps": steps}})
    if data["applyWorkflow"]["__typename"] != "Workflow":
        raise GraphQLFailed(str(data["applyWorkflow"]))


async def execute(api: GraphQLClient, workflow: str) -> str:
    """Start one execution; returns its id."""
    data = await api.execute(_EXECUTE, {"input": {"workflowName": workflow, "input": _INPUT}})
    return _id_of(data["executeWorkflow"])


async def execute_to_end(api: GraphQLClient, workflow: str) -> str:
    """Start one execution and wait until it has ended; returns its id. Raises `TimeoutError`."""
    id = await execute(api, workflow)
    async with asyncio.timeout(_LIVE_SECONDS):
        while not await _has_ended(api, id):  # noqa: ASYNC110 -- another process ends it
            await asyncio.sleep(_LOOK_SECONDS)
    return id


async def execute_many(api: GraphQLClient, workflow: str, count: int) -> list[str]:
    """Start executions with one mutation; returns their ids."""
    inputs = [{"workflowName": workflow, "input": _INPUT}] * count
    data = await api.execute(_EXECUTE_MANY, {"inputs": inputs})
    return [_id_of(answer) for answer in data["executeWorkflows"]["results"]]


class Watch:
    """The ends of all executions of a workflow, seen over `executionUpdates` on one WebSocket connection."""

    def __init__(self, api: GraphQLClient, workflow: str, subscriptions: Subscriptions) -> None:
        self._api = api
        self._workflow = workflow
        self._subscriptions = subscriptions

    async def next_end(self) -> tuple[str, str]:
        """The id and the status of the next execution that has ended."""
        while True:
            _, data = await self._subscriptions.next()
            if data is None:
                raise GraphQLFailed("the subscription ended by itself")
            update = data["executionUpdates"]
            if update["status"] in _ENDED:
                return update["id"], update["status"]

    async def seconds_for(self, count: int) -> float:
        """Start `count` executions with one mutation; the seconds from then until the last end is seen.

        Raises `RuntimeError` when one of them does not complete.
        """
        ended: dict[str, str] = {}
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            starting = group.create_task(execute_many(self._api, self._workflow, count))
            while len(ended) < count:
                id, status = await self.next_end()
                ended[id] = status
            elapsed = time.perf_counter() - started
        if ended.keys() != set(starting.result()) or set(ended.values()) != {"COMPLETED"}:
            raise RuntimeError(f"not all {count} executions of {self._workflow} completed: {set(ended.values())}")
        return elapsed

    async def seconds_for_one(self) -> float:
        """Start one execution; the seconds from sending the mutation until its end is seen."""
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            starting = group.create_task(execute(self._api, self._workflow))
            id, status = await self.next_end()
            elapsed = time.perf_counter() - started
        if id != starting.result() or status != "COMPLETED":
            raise RuntimeError(f"an execution of {self._workflow} ended as {status}")
        return elapsed

    async def be_live(self) -> None:
        """Run single executions until the end of one is seen: then the subscription listens, and caches are warm.

        The next one begins when the one before has ended, however long that takes: they are not to add to each other.
        """
        async with asyncio.timeout(_LIVE_SECONDS):
            while not await self._sees_the_end_of(await execute(self._api, self._workflow)):
                pass

    async def _sees_the_end_of(self, id: str) -> bool:
        seeing = asyncio.create_task(self._until_the_end_of(id))
        try:
            while not seeing.done() and not await _has_ended(self._api, id):
                await asyncio.wait([seeing], timeout=_LOOK_SECONDS)
            await asyncio.wait([seeing], timeout=_ON_THE_WAY_SECONDS)
            if seeing.done():
                await seeing  # raises what it met
            return seeing.done()
        finally:
            seeing.cancel()

    async def _until_the_end_of(self, id: str) -> None:
        while (await self.next_end())[0] != id:
            pass


@contextlib.asynccontextmanager
async def watching(api: GraphQLClient, workflow: str) -> AsyncIterator[Watch]:
    """A subscription to the ends of a workflow's executions, proven to listen."""
    async with api.connect() as subscriptions:
        await subscriptions.start(_UPDATES, {"filter": {"workflowName": workflow, "status": sorted(_ENDED)}})
        watch = Watch(api, workflow, subscriptions)
        await watch.be_live()
        yield watch


async def seconds_with_progress(api: GraphQLClient, subscriptions: Subscriptions, workflow: str) -> float:
    """Start one execution, follow it with `executionProgress`; the seconds from the mutation until its end is seen."""
    started = time.perf_counter()
    id = await execute(api, workflow)
    await subscriptions.start(_PROGRESS, {"id": id})
    status = ""
    while status not in _ENDED:
        _, data = await subscriptions.next()
        if data is None:
            raise GraphQLFailed("the subscription ended before the execution did")
        status = data["executionProgress"]["execution"]["status"]
    elapsed = time.perf_counter() - started
    while data is not None:
        _, data = await subscriptions.next()
    return elapsed


async def _has_ended(api: GraphQLClient, id: str) -> bool:
    data = await api.execute(_STATUS, {"id": id})
    return data["execution"]["status"] in _ENDED


def _id_of(answer: Mapping[str, Any]) -> str:
    if answer["__typename"] != "WorkflowExecution":
        raise GraphQLFailed(str(answer))
    return str(answer["id"])
