"""The child processes in which what may be costly is evaluated."""

from pydantic import Field
from pydantic_settings import BaseSettings


class SandboxSettings(BaseSettings):
    """The sandbox."""

    sandbox_children: int = Field(
        2, ge=1, le=64, description="Child processes of each process that evaluate expressions which may be costly."
    )
    sandbox_calls: int = Field(
        10_000, ge=1, description="After how many expressions such a child is replaced by a new one."
    )
