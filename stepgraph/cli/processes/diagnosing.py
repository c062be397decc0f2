"""`doctor`: what can be said of PostgreSQL and Redis; `serve` and `worker` ask for it before they begin."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from stepgraph.cli.kit.arguments import AsJson
from stepgraph.cli.kit.exit_codes import Exit, fail, run
from stepgraph.cli.kit.output import console, print_json, table
from stepgraph.cli.processes.addresses import settings_with_servers

if TYPE_CHECKING:
    from domain.system.records import Finding
    from stepgraph.settings import Settings

logger = logging.getLogger(__name__)

_WITHIN = timedelta(seconds=10)
_COLOURS = {"FINE": "green", "WARNING": "yellow", "WAITING": "red", "FAULT": "red"}


def doctor(
    deep: Annotated[
        bool, typer.Option("--deep", help="Look through the rows too, for work that is stuck, lost or counted wrong.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Examine PostgreSQL and Redis, and say what keeps Stepgraph from working on them, or weakens it.

    It changes nothing, and may be run while everything works. The exit code is 1 where work cannot go on, or rows are
    wrong.

    Example: DATABASE_URL=postgresql://… REDIS_URL=redis://… stepgraph doctor --deep
    """
    found = run(_findings(settings_with_servers(), deep=deep))
    if as_json:
        print_json([{"subject": each.subject, "severity": each.severity, "detail": each.detail} for each in found])
    else:
        rows = [(each.subject, Text(each.severity, style=_COLOURS[each.severity]), each.detail) for each in found]
        console.print(table(("subject", "severity", ""), rows))
    if any(each.severity.stops_work for each in found):
        raise typer.Exit(Exit.FAILED)


def refuse_unfit_servers(settings: "Settings") -> None:
    """Leave with exit code 2 where work can never go on as things are; what weakens it is logged.

    What may come by itself is left to the process, which waits for it.
    """
    found = run(_findings(settings, deep=False))
    faults = [each.detail for each in found if each.severity == "FAULT"]
    if faults:
        fail("\n".join(faults), Exit.USAGE)
    for each in found:
        if each.severity == "WARNING":
            logger.warning("%s: %s", each.subject, each.detail)


async def _findings(settings: "Settings", *, deep: bool) -> "Sequence[Finding]":
    from domain.system.records import Finding, Severity
    from persistence.diagnosis import diagnose
    from persistence.postgres.consistency import inconsistencies
    from stepgraph.composition import addresses_of, database_of

    _, redis_url = addresses_of(settings)
    async with database_of(settings) as database:
        found = await diagnose(database, redis_url, _WITHIN)
        if not deep or any(each.severity.stops_work for each in found):
            return found
        wrong = await inconsistencies(database)
        sound = Finding(subject="rows", severity=Severity.FINE, detail="")
        return [*(wrong or [sound]), *found]
