"""The command line: `stepgraph COMMAND`, composed of the commands in stepgraph/cli/"""

import gc
import sys
from typing import Annotated, ClassVar

import typer

from domain.kernel.errors import InvalidStepKind
from stepgraph.cli.kit.lazy import LazyGroup

_UNUSABLE = 2
"""The exit code where the process cannot work as it was installed, as for settings that cannot be used."""


class Commands(LazyGroup):
    """Every command, with the line of help that its own docstring begins with."""

    sources: ClassVar = {
        name: (f"stepgraph.cli.{source}", line)
        for name, source, line in (
            (
                "demo",
                "processes.development:demo",
                "Start the whole system, execute the example workflow live, and stop.",
            ),
            (
                "dev",
                "processes.development:dev",
                "Run the whole system in this terminal, until Ctrl-C.",
            ),
            (
                "serve",
                "processes.serving:serve",
                "Run the API server, with GraphiQL.",
            ),
            (
                "worker",
                "processes.serving:worker",
                "Run worker processes; one that dies is restarted.",
            ),
            (
                "migrate",
                "processes.serving:migrate",
                "Apply database migrations; safe from several places at once.",
            ),
            ("api-process", "processes.serving:api_process", ""),
            ("worker-process", "processes.serving:worker_process", ""),
            ("apply", "workflows.applying:apply", "Create or update workflows from files."),
            (
                "validate",
                "workflows.validating:validate",
                "Validate workflow documents, with every problem at its line.",
            ),
            (
                "test",
                "workflow_tests.testing:run_tests",
                "Test workflows: run the cases of files, with mocked steps, and show what is not as expected.",
            ),
            (
                "run",
                "executions.running:run_workflow",
                "Execute a workflow; with --follow, show it live until it ends.",
            ),
            (
                "run-many",
                "executions.starting_many:run_many",
                "Execute a workflow once for each input in a file, a thousand in one request.",
            ),
            (
                "orchestrate",
                "executions.orchestrating:orchestrate",
                "Execute the steps of a file without storing a workflow; with --follow, show them live.",
            ),
            (
                "workflows",
                "workflows.commands:app",
                "Manage stored workflows: list, show, pause, activate, archive, delete.",
            ),
            (
                "executions",
                "executions.commands:app",
                "Manage executions: list, count, follow, show, cancel, pause, resume, retry, delete.",
            ),
            (
                "cancel",
                "executions.commands:cancel",
                "Cancel an execution: running steps are stopped, waiting ones do not start.",
            ),
            (
                "signal",
                "executions.control:signal",
                "Send a signal to an execution; it is stored until a step waits for it.",
            ),
            ("evaluate", "system.evaluating:evaluate", "Evaluate an expression as a workflow would."),
            (
                "schedules",
                "schedules.commands:app",
                "Manage schedules: workflows that cron expressions start.",
            ),
            (
                "webhooks",
                "webhooks.commands:app",
                "Manage webhooks: outbound ones that send events, inbound ones that start workflows.",
            ),
            (
                "rules",
                "transformation_rules.commands:app",
                "Manage transformation rules: named expressions that workflows apply.",
            ),
            (
                "templates",
                "workflow_templates.commands:app",
                "Manage workflow templates, and create workflows from them.",
            ),
            ("breakers", "circuit_breakers.commands:app", "Manage circuit breakers, one for each called service."),
            ("views", "saved_views.commands:app", "Manage saved views of lists: own ones and shared ones."),
            ("secrets", "secrets.commands:app", "Manage secrets, which workflows read as secrets.NAME."),
            ("keys", "access.commands:app", "Manage API keys."),
            ("whoami", "access.commands:whoami", "Show the key in use: its name, its role, and what it may not do."),
            ("audit", "access.commands:audit", "Show the audit log: who did what, newest first."),
            ("node", "nodes.commands:node", "Show any object by its id, as JSON with its type in `__typename`."),
            (
                "metrics",
                "system.monitoring:metrics",
                "Show counts and durations of executions, by default of the last 24 hours.",
            ),
            (
                "health",
                "system.monitoring:health",
                "Show the health of the system: components, workers and queues.",
            ),
            (
                "doctor",
                "processes.diagnosing:doctor",
                "Examine PostgreSQL and Redis, and say what keeps Stepgraph from working on them, or weakens it.",
            ),
            ("schema", "system.schema:schema", "Print the GraphQL schema, or the JSON Schema of workflow documents."),
            (
                "encryption-key",
                "secrets.encryption:encryption_key",
                "Generate an encryption key for STEPGRAPH_ENCRYPTION_KEYS. It is printed, and not stored.",
            ),
            (
                "rotate-encryption",
                "secrets.encryption:rotate_encryption",
                "Re-encrypt all secrets with the first of STEPGRAPH_ENCRYPTION_KEYS.",
            ),
        )
    }
    unlisted: ClassVar = frozenset({"api-process", "worker-process"})


app = typer.Typer(
    name="stepgraph",
    cls=Commands,
    help="Durable workflows over APIs: run the servers, manage workflows, follow executions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from stepgraph import __version__

        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """The entry point of the `stepgraph` script."""
    # Of what a command loads nothing is garbage, and searching it takes an eighth of the start: it is on again when the
    # command runs, or the process serves.
    gc.disable()
    try:
        app()
    except InvalidStepKind as error:  # of an installed distribution, which any command may be the first to need
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        sys.exit(_UNUSABLE)
