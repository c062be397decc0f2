"""The level and the format of the logs."""

from enum import StrEnum
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class LogFormat(StrEnum):
    """The formats of log lines: `AUTO` is CONSOLE on a terminal and JSON elsewhere."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class LogSettings(BaseSettings):
    """The level and the format of the logs."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least level that is logged."
    )
    log_format: LogFormat = Field(
        LogFormat.AUTO, description="`console`, `json`, or `auto`: by whether it is a terminal."
    )
