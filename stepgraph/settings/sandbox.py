"""The sandbox: child processes in which costly expressions are evaluated."""

from pydantic import Field
from pydantic_settings import BaseSettings


class SandboxSettings(BaseSettings):
    """The sandbox."""

    sandbox_children: int = Field(
        2,
        ge=1,
        le=64,
        description="Child processes of each process that evaluate expressions and check schemas which may be costly.",
    )
    sandbox_trial_children: int = Field(
        1,
        ge=1,
        le=64,
        description="Further children of an API process, for what people try out, which never takes what executions "
        "need.",
    )
    sandbox_calls: int = Field(
        10_000, ge=1, description="Expressions after which such a child is replaced by a new one."
    )
