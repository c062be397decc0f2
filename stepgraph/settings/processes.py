"""Settings of every process that runs an event loop."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings

from stepgraph.settings.types import Duration


class ProcessSettings(BaseSettings):
    """The API process and worker processes alike."""

    watchdog_timeout: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(seconds=1),
        description="The time for which the event loop of the API or of a worker may stand still. Then the process "
        "writes where it stands, ends, and is started anew. Set it to `P1D` to halt in a debugger.",
    )
