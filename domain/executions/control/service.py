"""Control of executions: cancel, pause, resume, signals, callbacks; and deleting those that have ended."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from domain.executions.control.commands import CommandSender
from domain.executions.lists import Place
from domain.executions.ports import ExecutionQueries, ExecutionStore
from domain.executions.records import ExecutionFilter, ExecutionRecord, PendingCommand
from domain.kernel.clock import Clock
from domain.kernel.errors import InvalidInput, InvalidState, LeaseLost, LimitExceeded, NotFound, Problem
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.json.values import payload_problems
from domain.kernel.limits import Limits
from domain.kernel.statuses import TERMINAL_EXECUTION_STATUSES, CommandKind, ExecutionStatus
from domain.system.workers import WorkQueue

MAX_NAME_CHARACTERS = 256
PAGE = 500
_INPUTS_OF_SIGNALS = 10
LIVE = frozenset(ExecutionStatus) - TERMINAL_EXECUTION_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult:
    """The number of executions that matched, and the number of those that were changed."""

    matched: int
    changed: int


class ExecutionControl:
    """Use cases around executions that exist. Each is a stored command, which their worker applies soon after."""

    def __init__(
        self,
        *,
        executions: ExecutionStore,
        queries: ExecutionQueries,
        queue: WorkQueue,
        clock: Clock,
        limits: Limits | None = None,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._executions = executions
        self._queries = queries
        self._limits = limits or Limits()
        self._commands = CommandSender(executions=executions, queue=queue, clock=clock, new_id=new_id)

    async def cancel(self, execution_id: UUID, reason: str | None = None) -> ExecutionRecord:
        """Ask for an execution to be cancelled; it ends as CANCELLED soon after, and so do those it has started.

        Raises `NotFound`, `InvalidInput` for the reason, or `InvalidState` when it has ended.
        """
        payload = self._reason(reason)
        await self._commands.send((await find(self._queries, execution_id)).id, CommandKind.CANCEL, payload)
        return await find(self._queries, execution_id)

    async def cancel_many(self, filter: ExecutionFilter, reason: str | None = None) -> BulkResult:
        """`cancel` for every matching execution that has not ended.

        Raises `LimitExceeded`, before anything is done, when those are more than `Limits.max_bulk`.
        """
        payload = self._reason(reason)
        changed = 0
        matched = await self._queries.count(filter)
        async for page in pages(self._queries, filter, LIVE, self._limits.max_bulk, lean=True):
            ids = [execution.id for execution in page]
            changed += await self._commands.send_all(ids, CommandKind.CANCEL, payload)
        return BulkResult(matched=matched, changed=changed)

    async def pause(self, execution_id: UUID) -> ExecutionRecord:
        """Let running attempts end, and start nothing new until `resume`. A PENDING execution does not begin.

        Raises `NotFound`, or `InvalidState` when it has ended, or is paused (or about to be).
        """
        execution = await find(self._queries, execution_id)
        if await self._is_paused(execution):
            raise InvalidState("The execution is paused already.", ExecutionStatus.PAUSED.value)
        await self._commands.send(execution_id, CommandKind.PAUSE)
        return await find(self._queries, execution_id)

    async def resume(self, execution_id: UUID) -> ExecutionRecord:
        """Go on after a pause; the deadline is later by the time that was paused.

        Raises `NotFound`, or `InvalidState` when it is not paused (nor about to be), or has ended.
        """
        execution = await find(self._queries, execution_id)
        if not await self._is_paused(execution):
            message = f"The execution is not paused: it is {execution.status.value}."
            raise InvalidState(message, execution.status.value)
        await self._commands.send(execution_id, CommandKind.RESUME)
        return await find(self._queries, execution_id)

    async def signal(self, execution_id: UUID, name: str, payload: JsonValue = None) -> ExecutionRecord:
        """Send a signal; it is kept until a step waits for it, and the step that has waited longest takes it.

        Raises `NotFound`, `InvalidInput`, `InvalidState` when the execution has ended, or `LimitExceeded` when
        `Limits.max_signals` wait for a step to take them, or as many bytes as ten inputs may have.
        """
        self.check_signal(name, payload)
        execution = await find(self._queries, execution_id)
        await self._check_room(execution, payload)
        await self._commands.send(execution_id, CommandKind.SIGNAL, {"name": name, "payload": payload})
        return await find(self._queries, execution_id)

    def check_signal(self, name: str, payload: JsonValue) -> None:
        """Raise `InvalidInput` for what can be no signal."""
        problems = [
            problem.under("payload")
            for problem in payload_problems(payload, max_bytes=self._limits.max_input_bytes, what="payload")
        ]
        if not 1 <= len(name) <= MAX_NAME_CHARACTERS or not name.isprintable():
            message = f"A name has 1 to {MAX_NAME_CHARACTERS} characters, all of them printable."
            problems.append(Problem(path=("name",), message=message))
        if problems:
            raise InvalidInput(problems)

    async def call_back(self, execution_id: UUID, path: str, payload: JsonValue) -> None:
        """Deliver a callback to the step at `path`. While one is on its way, further ones are passed over.

        Raises `NotFound`, `InvalidInput`, or `InvalidState` when the execution or the step has ended.
        """
        problems = payload_problems(payload, max_bytes=self._limits.max_input_bytes, what="body")
        if problems:
            raise InvalidInput(problems)
        execution = await find(self._queries, execution_id)
        step = (await self._queries.steps_by_path([(execution_id, path)], lean=True)).get((execution_id, path))
        if step is not None and step.state.status.is_terminal:
            status = step.state.status.value
            raise InvalidState(f"The step {path!r} waits for no callback: it is {status}.", status)
        if await self._has_callback(execution, path):
            return
        await self._commands.send(execution_id, CommandKind.CALLBACK, {"path": path, "payload": payload})

    async def delete(self, execution_id: UUID) -> None:
        """Remove an execution with its steps. Raises `NotFound`, or `InvalidState` when it has not ended."""
        execution = await find(self._queries, execution_id)
        if await self._executions.delete([execution_id]):
            return
        execution = await find(self._queries, execution_id)
        message = f"Only executions that have ended can be deleted; this one is {execution.status.value}."
        raise InvalidState(message, execution.status.value)

    async def _is_paused(self, execution: ExecutionRecord) -> bool:
        """True when the execution is paused once the commands that wait for it are applied. Raises `InvalidState`."""
        if execution.status.is_terminal:
            raise InvalidState(f"The execution has ended: it is {execution.status.value}.", execution.status.value)
        told = [command.kind for command in await self._pending(execution)]
        told = [kind for kind in told if kind in (CommandKind.PAUSE, CommandKind.RESUME)]
        return told[-1] is CommandKind.PAUSE if told else execution.status is ExecutionStatus.PAUSED

    async def _check_room(self, execution: ExecutionRecord, payload: JsonValue) -> None:
        """Raise `LimitExceeded` where no further signal is kept: all of them stand in the execution's row."""
        told = await self._pending(execution)
        waiting = [signal.payload for signal in execution.signals]
        waiting += [command.payload for command in told if command.kind is CommandKind.SIGNAL]
        most, most_bytes = self._limits.max_signals, _INPUTS_OF_SIGNALS * self._limits.max_input_bytes
        if len(waiting) >= most:
            raise LimitExceeded(f"{len(waiting):,} signals wait for a step to take them; {most:,} are allowed.")
        if waiting and sum(len(dumps(each).encode()) for each in (*waiting, payload)) > most_bytes:
            raise LimitExceeded(f"With this one, more than {most_bytes:,} bytes of signals would wait for a step.")

    async def _has_callback(self, execution: ExecutionRecord, path: str) -> bool:
        """True when a callback for this step was stored and is not taken yet."""
        if any(signal.path == path for signal in execution.signals):
            return True
        pending = (command for command in await self._pending(execution) if command.kind is CommandKind.CALLBACK)
        return any(isinstance(each.payload, Mapping) and each.payload.get("path") == path for each in pending)

    async def _pending(self, execution: ExecutionRecord) -> Sequence[PendingCommand]:
        try:
            return await self._executions.commands(execution.id)
        except LeaseLost as error:  # deleted since it was read
            raise NotFound("execution", to_public(IdKind.EXECUTION, execution.id)) from error

    def check_reason(self, reason: str | None) -> None:
        """Raise `InvalidInput` for a reason that is too long, or cannot be stored."""
        self._reason(reason)

    def _reason(self, reason: str | None) -> JsonValue:
        """The payload of a CANCEL. Raises `InvalidInput`."""
        longest = self._limits.max_note_characters
        if reason is None:
            return None
        if len(reason) > longest or payload_problems(reason, max_bytes=8 * longest, what=""):
            message = f"A reason has at most {longest:,} characters, and none that cannot be stored."
            raise InvalidInput([Problem(path=("reason",), message=message)])
        return {"reason": reason}


async def find(queries: ExecutionQueries, execution_id: UUID) -> ExecutionRecord:
    """The execution with this id, which is not a part of another one's loop. Raises `NotFound`."""
    record = (await queries.get_many([execution_id])).get(execution_id)
    if record is None or record.is_batch:
        raise NotFound("execution", to_public(IdKind.EXECUTION, execution_id))
    return record


async def pages(
    queries: ExecutionQueries,
    filter: ExecutionFilter,
    statuses: frozenset[ExecutionStatus],
    most: int,
    *,
    size: int = PAGE,
    lean: bool = False,
) -> AsyncIterator[Sequence[ExecutionRecord]]:
    """The executions that match and have one of these statuses, newest first, page by page; `lean`: as lists have them.

    Raises `LimitExceeded`, before the first page, when they are more than `most`.
    """
    wanted = statuses if filter.statuses is None else statuses & filter.statuses
    if not wanted:
        return
    narrowed = replace(filter, statuses=wanted)
    count = await queries.count(narrowed)
    if count > most:
        raise LimitExceeded(
            f"{count:,} executions match, and {most:,} may be changed at once: narrow the filter, "
            "by `createdBefore` for instance."
        )
    after: Place | None = None
    while True:
        page = await queries.page(narrowed, first=size, after=after, lean=lean)
        if page.rows:
            yield page.rows
            after = Place(page.rows[-1].id)
        if not page.has_next:
            return
