"""GraphQL inputs of schedules."""

from datetime import timedelta

import strawberry

from domain.kernel.ids import IdKind
from domain.schedules.model import ScheduleSettings
from graphql_api.kit.enums import OverlapPolicy
from graphql_api.kit.ids import read_id
from graphql_api.kit.json_input import json_value
from graphql_api.kit.scalars import JSON

_CRON = (
    "Minute, hour, day of the month, month, day of the week: `0 9 * * MON-FRI`. A sixth field in front "
    "is for seconds. Or @hourly, @daily, @weekly, @monthly, @yearly."
)
_TIMEZONE = "An IANA name, such as Europe/Berlin."


@strawberry.input(description="All settings of a schedule: what is left out gets its default, also in one that exists.")
class ScheduleInput:
    """All settings of a schedule."""

    name: str = strawberry.field(description="Unique; the one with this name is overwritten.")
    workflow_id: strawberry.ID
    cron: str = strawberry.field(description=_CRON)
    timezone: str = strawberry.field(default="UTC", description=_TIMEZONE)
    input: JSON | None = strawberry.field(
        description="The input of every execution; it must meet the workflow's inputSchema."
    )
    overlap: OverlapPolicy = strawberry.field(
        default=OverlapPolicy.SKIP,
        description="The policy for a tick while the execution that it started last still runs.",
    )
    catch_up_window: timedelta = strawberry.field(
        default=timedelta(minutes=1),
        description="The age up to which missed ticks are started after an outage, PT0S to P366D; older ones never.",
    )
    enabled: bool = strawberry.field(default=True, description="Ticks while it is disabled are never started.")

    def to_settings(self) -> ScheduleSettings:
        """The settings that the service takes. Raises `InvalidInput` for a malformed id."""
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


@strawberry.input(description="The settings of a schedule that decide when it fires.")
class ScheduleTimingInput:
    """The settings of a schedule that decide when it fires."""

    cron: str = strawberry.field(description=_CRON)
    timezone: str = strawberry.field(default="UTC", description=_TIMEZONE)
