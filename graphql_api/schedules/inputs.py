"""What clients send about schedules."""

from datetime import timedelta

import strawberry

from domain.kernel.ids import IdKind
from domain.schedules.model import ScheduleSettings
from graphql_api.kit.enums import OverlapPolicy
from graphql_api.kit.ids import read_id
from graphql_api.kit.json_input import json_value
from graphql_api.kit.scalars import JSON


@strawberry.input(description="A schedule as it is to be: what is left out has its default, also in one that exists.")
class ScheduleInput:
    """A schedule as it is to be."""

    name: str = strawberry.field(description="Unique; the one with this name is overwritten.")
    workflow_id: strawberry.ID
    cron: str = strawberry.field(
        description="Minute, hour, day of the month, month, day of the week: `0 9 * * MON-FRI`. A sixth field in front "
        "is for seconds. Or @hourly, @daily, @weekly, @monthly, @yearly."
    )
    timezone: str = strawberry.field(default="UTC", description="An IANA name, such as Europe/Berlin.")
    input: JSON | None = strawberry.field(
        description="The input of every execution; it must meet the workflow's inputSchema."
    )
    overlap: OverlapPolicy = strawberry.field(
        default=OverlapPolicy.SKIP, description="What to do while the execution that it started last still runs."
    )
    catch_up_window: timedelta = strawberry.field(
        default=timedelta(minutes=1),
        description="How far back missed ticks are started after an outage, PT0S to P366D; older ones are dropped.",
    )
    enabled: bool = strawberry.field(default=True, description="What is due while it is disabled is never started.")

    def to_settings(self) -> ScheduleSettings:
        """What the service takes. Raises `InvalidInput` for a malformed id."""
        return ScheduleSettings(
            name=self.name,
            workflow_id=read_id(self.workflow_id, IdKind.WORKFLOW, "workflowId"),
            cron=self.cron.strip(),
            timezone=self.timezone,
            input=json_value(self.input),
            overlap=self.overlap,
            catch_up_window=self.catch_up_window,
            enabled=self.enabled,
        )
