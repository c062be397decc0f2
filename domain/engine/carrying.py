"""State that a retry carries over for steps that begin again: keys of calls of unknown fate, and children."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from domain.engine.decision_builder import id_of, prefix_of
from domain.engine.state import Attempt, CarriedStep, StepState
from domain.kernel.failures import FailureCode
from domain.kernel.statuses import StepStatus
from domain.workflows.definitions.definition import Definition
from domain.workflows.documents.graph import FAILURE_HANDLER
from domain.workflows.steps.kind import AnyKind, Effect
from domain.workflows.steps.registry import kind_of

EVERY_OTHER: Final = ""
"""The path under which everything is carried over for steps that have no entry of their own."""

_DONE = frozenset({StepStatus.COMPLETED, StepStatus.SKIPPED})
_NEVER_SENT = frozenset(
    {
        FailureCode.CONNECT_FAILED,
        FailureCode.DESTINATION_BLOCKED,
        FailureCode.INVALID_REQUEST,
        FailureCode.SECRET_UNAVAILABLE,
        FailureCode.CIRCUIT_OPEN,
    }
)
_OF_GATEWAYS = frozenset({502, 504})
"""Statuses by which a gateway says that it has got no answer."""

_OF_NOTHING_DONE = frozenset({408, 409, 425, 429, 503})
"""Statuses that refuse a request and say nothing about an earlier one under the same key."""


def is_fate_unknown(row: StepState, *, was_unknown: bool = False) -> bool:
    """True when a call may have been carried out although its step is not done, so that it has to keep its key.

    It is unless the service has refused it by a status of its own, or it was never sent. `was_unknown`: the fate of
    an earlier call under the same key was. An event that was delivered is known to be, whether it was answered or not.
    """
    if kind_of(row.type).is_answered(row.checkpoint):
        return False
    is_unknown = was_unknown
    for attempt in row.attempts:
        is_unknown = _after(attempt, is_unknown)
    return is_unknown


def _after(attempt: Attempt, was_unknown: bool) -> bool:
    error = attempt.error
    if error is None or error.code is FailureCode.CANCELLED:
        return True
    if error.code in _NEVER_SENT:
        return was_unknown
    if error.code is FailureCode.HTTP_STATUS:
        status = attempt.status_code if error.details is None else error.details.get("status", attempt.status_code)
        return status in _OF_GATEWAYS or (was_unknown and status in _OF_NOTHING_DONE)
    # A call that was answered counts as answered, also when a poll or an awaited callback wanted another answer.
    return error.code is not FailureCode.TIMEOUT or attempt.status_code is None


def carried_steps(
    definition: Definition,
    rows: Iterable[StepState],
    kept: Iterable[str],
    *,
    execution_id: UUID,
    retry_id: UUID,
    known: Mapping[str, CarriedStep],
    from_step: str | None = None,
    is_new_version: bool = False,
    latest_version: bool = False,
) -> tuple[CarriedStep, ...]:
    """The steps that the retry `retry_id` carries over from an execution with these `rows`, without those `kept`.

    `known` are the steps that the execution itself carried over, by path. A call of which there is no row may have been
    made as well, by a worker that died before it could say so: the entry at `EVERY_OTHER` stands for all of those.
    Calls keep their key also where `from_step` has them run anew, for they may have been carried out; children do not:
    those are to begin from their first step. With `latest_version` children go on with the newest versions of theirs.
    Nothing of `onFailure` is carried.
    """
    by_path = {row.path: row for row in rows}
    left_out = set(kept)
    anew = () if from_step is None else tuple(_anew(definition, from_step))
    first = known[EVERY_OTHER].origins if EVERY_OTHER in known else (execution_id,)
    carried = [CarriedStep(path=EVERY_OTHER, origins=first)]
    for path in (*by_path, *(path for path in known if path not in by_path)):
        kind = _kind_of(definition, path)
        if path in left_out or kind is None or kind.is_pure:
            continue
        row, before = by_path.get(path), known.get(path)
        is_anew = any(path == other or path.startswith((f"{other}.", f"{other}[")) for other in anew)
        if (
            path.startswith(f"{FAILURE_HANDLER}.")
            or (kind.effect is Effect.CHILD and is_anew)
            or (row is not None and (row.status in _DONE or row.type != kind.name))
        ):
            carried.append(CarriedStep(path=path, origins=(retry_id,)))
        elif kind.effect is Effect.CHILD:
            carried.append(_child(kind, path, row, before or known.get(EVERY_OTHER), execution_id, latest_version))
        else:
            was_unknown = before is not None and before.origins != (execution_id,)
            if row is not None and not is_fate_unknown(row, was_unknown=was_unknown):
                carried.append(CarriedStep(path=path, origins=(retry_id,)))
                continue
            latest, is_other = row or before, is_new_version or is_anew
            checkpoint = None if latest is None else kind.checkpoint_of_retry(latest.checkpoint, is_other=is_other)
            origins = first if before is None else before.origins
            carried.append(CarriedStep(path=path, origins=origins, checkpoint=checkpoint))
    return tuple(carried)


def carried_for(carried: Mapping[str, CarriedStep], path: str) -> CarriedStep | None:
    """The state that is carried over for the step at a path; None in an execution that is no retry."""
    return carried.get(path) or carried.get(EVERY_OTHER)


def _child(
    kind: AnyKind,
    path: str,
    row: StepState | None,
    before: CarriedStep | None,
    execution_id: UUID,
    latest_version: bool,
) -> CarriedStep:
    origins = () if before is None else before.origins
    child = None if before is None or not isinstance(before.checkpoint, Mapping) else before.checkpoint["child"]
    if row is not None:
        origins = tuple(dict.fromkeys((execution_id, *origins)))
        child = kind.child_in(row.checkpoint, None if row.error is None else row.error.details) or child
    return CarriedStep(path=path, origins=origins, checkpoint={"child": child, "latestVersion": latest_version})


def _anew(definition: Definition, from_step: str) -> Iterable[str]:
    """The paths of the steps that run anew: `from_step`, and the steps that depend on it or on a container of it."""
    yield from_step
    path: str | None = from_step
    while path:
        prefix = prefix_of(path)
        steps = definition.block(prefix).steps
        waiting, found = list(steps[id_of(path)].dependants), set[str]()
        while waiting:
            id = waiting.pop()
            if id not in found:
                found.add(id)
                waiting += steps[id].dependants
                yield f"{prefix}.{id}" if prefix else id
        path = prefix[: prefix.rindex("[")] if prefix.endswith("]") else prefix_of(prefix)


def _kind_of(definition: Definition, path: str) -> AnyKind | None:
    try:
        return definition.step(path).kind
    except KeyError:
        return None
