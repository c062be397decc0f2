"""Worker processes: how many, how large, and when one counts as dead."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from stepgraph.settings.types import Duration


class WorkerSettings(BaseSettings):
    """Worker processes."""

    worker_processes: int = Field(2, ge=1, le=256, description="Worker processes that `dev` and `worker` run.")
    worker_threads: int = Field(2, ge=1, le=64, description="Threads of each worker that take messages.")
    worker_executions: int = Field(
        1000, ge=1, le=100_000, description="Executions that one worker process holds at a time."
    )
    worker_metrics_host: str = Field("127.0.0.1", description="The address on which workers serve /metrics.")
    worker_metrics_port: int | None = Field(
        None,
        ge=1,
        le=65_000,
        description="The port on which the first worker process serves /metrics, for Prometheus; the second has the "
        "next one, and so on. Default: none does.",
    )
    heartbeat: Duration = Field(
        timedelta(seconds=2), description="The time between two heartbeats, by which a worker says that it lives."
    )
    lease: Duration = Field(
        timedelta(seconds=8), description="The time without a heartbeat after which a worker counts as dead."
    )
    clock_tolerance: Duration = Field(
        timedelta(seconds=2),
        description="The most by which a machine's clock may differ from PostgreSQL's, which decides. Beyond that "
        "`health` says so, and workers of other machines lead.",
    )
    poisoned_after: int = Field(
        5,
        ge=1,
        description="An execution that has outlived this many workers is failed as POISONED. With less than three "
        "those that were only beside it are failed with it.",
    )
    shutdown_grace: Duration = Field(
        timedelta(seconds=10), description="The time for which running steps may go on when a worker is asked to stop."
    )

    @model_validator(mode="after")
    def _lease_outlasts_heartbeats(self) -> Self:
        if self.lease < 2 * self.heartbeat:
            raise ValueError(
                "STEPGRAPH_LEASE must be at least twice STEPGRAPH_HEARTBEAT, or living workers count as dead"
            )
        return self
