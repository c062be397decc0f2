"""The parts of the health that are no servers: the outbox, the reconciler, executions that are due, and clocks."""

from collections.abc import Sequence
from datetime import timedelta

from domain.kernel.durations import format_duration
from domain.system.records import OutboxBacklog, WorkerRecord, WorkProgress
from graphql_api.context import ApiOptions
from graphql_api.system.types import ComponentHealth, ServiceStatus

LONGEST_LAG = timedelta(minutes=1)
"""The longest delay that is healthy: of events in the outbox, and of executions that are due."""

NAMES = frozenset({"outbox", "reconciler", "executions", "clocks"})


def outbox_health(backlog: OutboxBacklog) -> ComponentHealth:
    """DEGRADED when an event has waited for longer than `LONGEST_LAG` to reach metrics and webhooks."""
    if backlog.lag <= LONGEST_LAG:
        return _component("outbox")
    return _component(
        "outbox",
        "events that wait to be told to metrics and webhooks: "
        f"{backlog.pending:,}, the oldest for {_text(backlog.lag)}",
    )


def reconciler_health(progress: WorkProgress, options: ApiOptions) -> ComponentHealth:
    """DEGRADED when no round of the reconciler was completed for two leases. UP if none ever was: no worker has run."""
    since = progress.since_reconciled
    if since is None or since <= 2 * options.worker_lease:
        return _component("reconciler")
    return _component(
        "reconciler",
        f"nobody was through a round of looking after executions for {_text(since)}: waits that are over, retries and "
        "the executions of dead workers stand still. See the workers' logs for why none leads, or start one.",
    )


def executions_health(progress: WorkProgress) -> ComponentHealth:
    """DEGRADED when an execution is due for longer than `LONGEST_LAG`."""
    if progress.overdue_for <= LONGEST_LAG:
        return _component("executions")
    return _component(
        "executions",
        f"an execution is due for {_text(progress.overdue_for)}, and no worker has begun it. If they are full, start "
        "more workers; else see their logs.",
    )


def clocks_health(progress: WorkProgress, workers: Sequence[WorkerRecord], options: ApiOptions) -> ComponentHealth:
    """DEGRADED when the clock of a machine is off the database's by more than the tolerance."""
    offsets = {f"worker's machine {worker.host}": worker.clock_offset for worker in workers}
    offsets["API's machine"] = progress.clock_offset
    wrong = {where: offset for where, offset in offsets.items() if abs(offset) > options.clock_tolerance}
    if not wrong:
        return _component("clocks")
    listed = "; ".join(
        f"the clock of the {where} is {abs(offset).total_seconds():.1f} s "
        f"{'ahead of' if offset > timedelta(0) else 'behind'} PostgreSQL's"
        for where, offset in sorted(wrong.items())
    )
    return _component("clocks", f"{listed}. Everything goes by PostgreSQL's all the same: set the clock there (NTP).")


def _component(name: str, complaint: str | None = None) -> ComponentHealth:
    status = ServiceStatus.UP if complaint is None else ServiceStatus.DEGRADED
    return ComponentHealth(name=name, status=status, latency=None, detail=complaint)


def _text(duration: timedelta) -> str:
    return format_duration(timedelta(seconds=int(duration.total_seconds())))
