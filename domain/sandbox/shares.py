"""Shares of the sandbox: what it is used for, and on whose behalf."""

from enum import StrEnum


class SandboxUse(StrEnum):
    """What somebody needs the sandbox for; each use has a share of its own, and executions come first."""

    EXECUTION = "EXECUTION"
    HOOK = "HOOK"
    TRIAL = "TRIAL"


class SchemaTooCostly(Exception):
    """A schema could not be compiled, or a value not be checked against it, within the sandbox's limits."""
