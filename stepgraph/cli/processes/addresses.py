"""The settings of commands that need PostgreSQL and Redis."""

from stepgraph.cli.kit.exit_codes import Exit, fail, settings_of
from stepgraph.settings import Settings
from stepgraph.telemetry.logging import configure_logging


def settings_with_servers(**overrides: object) -> Settings:
    """The settings of a process that needs PostgreSQL and Redis; leaves with exit code 2 when an address is missing."""
    settings = settings_of(**overrides)
    missing = [name.upper() for name in ("database_url", "redis_url") if getattr(settings, name) is None]
    if missing:
        fail(f"{' and '.join(missing)} must be set. `stepgraph dev` starts its own servers.", Exit.USAGE)
    configure_logging(settings.log_level, settings.log_format)
    return settings
