"""All settings, read from the environment: `STEPGRAPH_*`, and `DATABASE_URL` and `REDIS_URL` as they are.

Each subject has a module; this one puts them together and reads them.
"""

import os

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsConfigDict

from stepgraph.settings.api import ApiSettings
from stepgraph.settings.budgets import BudgetSettings
from stepgraph.settings.egress import EgressSettings
from stepgraph.settings.limits import LimitSettings
from stepgraph.settings.log import LogFormat, LogSettings
from stepgraph.settings.processes import ProcessSettings
from stepgraph.settings.sandbox import SandboxSettings
from stepgraph.settings.storage import StorageSettings
from stepgraph.settings.types import MEBIBYTE, is_loopback
from stepgraph.settings.workers import WorkerSettings

__all__ = [
    "MEBIBYTE",
    "UNPREFIXED",
    "InvalidSettings",
    "LogFormat",
    "Settings",
    "is_loopback",
    "load_settings",
]

UNPREFIXED = ("DATABASE_URL", "REDIS_URL")
"""Variables that are also read without the prefix, because other software names them like this."""


class InvalidSettings(ValueError):
    """The environment holds values that cannot be used; the message lists all of them."""


class Settings(  # the last one comes first on the page
    LogSettings,
    EgressSettings,
    LimitSettings,
    SandboxSettings,
    ProcessSettings,
    WorkerSettings,
    BudgetSettings,
    ApiSettings,
    StorageSettings,
):
    """The settings of one process. Durations are ISO 8601 (`PT8S`) or seconds; sizes are bytes."""

    model_config = SettingsConfigDict(
        env_prefix="STEPGRAPH_", extra="ignore", frozen=True, env_ignore_empty=True, validate_by_name=True
    )


def load_settings(**overrides: object) -> Settings:
    """The settings of this process; `overrides` win over the environment. Raises `InvalidSettings` with every fault."""
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = [f"  {_variable(fault['loc'])}{_sentence(fault)}" for fault in error.errors()]
        raise InvalidSettings("These settings cannot be used:\n" + "\n".join(faults)) from error


_SENTENCES = {
    "int_parsing": "must be a whole number.",
    "bool_parsing": "must be true or false.",
    "time_delta_parsing": "must be a duration: seconds, or ISO 8601 such as PT8S.",
}


def _sentence(fault: ErrorDetails) -> str:
    """The fault of a setting, as the rest of a sentence that begins with the variable's name."""
    known = _SENTENCES.get(fault["type"])
    if known is not None:
        return f" {known}"
    text = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return f"{text}."
    return f" {text.replace('Input should be', 'must be', 1).replace('String should', 'must', 1).rstrip('.')}."


def _variable(location: tuple[int | str, ...]) -> str:
    """The variable that a setting was read from: `DATABASE_URL` and `REDIS_URL` go without the prefix too."""
    if not location:
        return ""
    name = str(location[0]).upper()
    prefixed = name if name.startswith("STEPGRAPH_") else f"STEPGRAPH_{name}"
    plain = prefixed.removeprefix("STEPGRAPH_")
    return plain if plain in UNPREFIXED and prefixed not in os.environ else prefixed
