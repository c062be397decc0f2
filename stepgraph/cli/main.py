"""The command line: `stepgraph COMMAND`, composed of the commands in stepgraph/cli/"""

from typing import Annotated, ClassVar

import typer

from stepgraph.cli.kit.lazy import LazyGroup


class Commands(LazyGroup):
    """Every command, with the line of help that its own docstring begins with."""

    sources: ClassVar = {
        name: (f"stepgraph.cli.{source}", line)
        for name, source, line in (
            (
                "demo",
                "processes.development:demo",
                "Execute the example workflow live, with everything that it needs, and stop.",
            ),
            (
                "dev",
                "processes.development:dev",
                "Run everything in this terminal until Ctrl-C.",
            ),
            (
                "serve",
                "processes.serving:serve",
                "Serve the API and GraphiQL.",
            ),
            (
                "worker",
                "processes.serving:worker",
                "Run workers, each a process of its own; one that dies is replaced.",
            ),
            (
                "migrate",
                "processes.serving:migrate",
                "Bring the database to the newest schema; safe from many places at once.",
            ),
            ("api-process", "processes.serving:api_process", ""),
            ("worker-process", "processes.serving:worker_process", ""),
            ("apply", "workflows.applying:apply", "Create workflows from files, or update them."),
            (
                "validate",
                "workflows.validating:validate",
                "Check workflow documents, and say what is wrong on which line.",
            ),
            ("run", "executions.running:run_workflow", "Execute a workflow, and with --follow watch it live."),
            (
                "run-many",
                "executions.starting_many:run_many",
                "Execute a workflow once for each input in a file, a thousand in one request.",
            ),
            (
                "orchestrate",
                "executions.orchestrating:orchestrate",
                "Execute the steps of a file once, without storing a workflow, and with --follow watch it live.",
            ),
            ("workflows", "workflows.commands:app", "Look at workflows, and change what they may do."),
            ("executions", "executions.commands:app", "Look at executions, and tell them what to do."),
            (
                "cancel",
                "executions.commands:cancel",
                "Cancel an execution: what runs is stopped, what waits does not start.",
            ),
            (
                "signal",
                "executions.control:signal",
                "Send a signal to an execution; it is kept until a step waits for it.",
            ),
            ("evaluate", "system.evaluating:evaluate", "Evaluate an expression, as a workflow would."),
            (
                "schedules",
                "schedules.commands:app",
                "Start workflows again and again, at the times of cron expressions.",
            ),
            (
                "webhooks",
                "webhooks.commands:app",
                "Tell others of what happens here, and let others start workflows.",
            ),
            ("rules", "transformation_rules.commands:app", "Keep expressions by name, for workflows to apply."),
            ("templates", "workflow_templates.commands:app", "Make workflows of templates."),
            ("breakers", "circuit_breakers.commands:app", "Circuit breakers: which services are called at present."),
            ("secrets", "secrets.commands:app", "What workflows read as secrets.NAME."),
            ("keys", "access.commands:app", "The keys of the API."),
            ("audit", "access.commands:audit", "Show what was asked for by whom, newest first."),
            ("node", "nodes.commands:node", "Show whatever has an id, as JSON; `__typename` says what it is."),
            ("metrics", "system.monitoring:metrics", "Show how executions have gone, by default in the last 24 hours."),
            (
                "health",
                "system.monitoring:health",
                "Show how the system is: its components, workers and queues.",
            ),
            ("schema", "system.schema:schema", "Print the GraphQL schema, or the JSON Schema of workflow documents."),
            (
                "encryption-key",
                "secrets.encryption:encryption_key",
                "Print a new key for STEPGRAPH_ENCRYPTION_KEYS; it is stored nowhere.",
            ),
            (
                "rotate-encryption",
                "secrets.encryption:rotate_encryption",
                "Store all secrets anew under the first of STEPGRAPH_ENCRYPTION_KEYS.",
            ),
        )
    }
    unlisted: ClassVar = frozenset({"api-process", "worker-process"})


app = typer.Typer(
    name="stepgraph",
    cls=Commands,
    help="Durable workflows over APIs, with a GraphQL face and live subscriptions.",
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
    app()
