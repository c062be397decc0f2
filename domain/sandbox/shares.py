"""Shares of the sandbox: its uses."""

from enum import StrEnum


class SandboxUse(StrEnum):
    """The purposes that the sandbox is used for; each has a share of its own, and executions come first."""

    EXECUTION = "EXECUTION"
    HOOK = "HOOK"
    TRIAL = "TRIAL"


class SchemaTooCostly(Exception):
    """A schema could not be compiled, or a value not be checked against it, within the sandbox's limits."""
