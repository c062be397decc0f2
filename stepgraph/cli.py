"""The command line: `stepgraph COMMAND`, composed of the commands in stepgraph/commands/."""

from typing import Annotated

import typer

from stepgraph import __version__
from stepgraph.commands import (
    breakers,
    bulk,
    control,
    development,
    encryption,
    executions,
    keys,
    monitoring,
    rules,
    schedules,
    schema,
    secrets,
    serving,
    templates,
    webhooks,
    workflows,
)

app = typer.Typer(
    name="stepgraph",
    help="Durable workflows over APIs, with a GraphQL face and live subscriptions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(development.demo)
app.command()(development.dev)
app.command()(serving.serve)
app.command()(serving.worker)
app.command("api-process", hidden=True)(serving.api_process)
app.command("worker-process", hidden=True)(serving.worker_process)
app.command()(serving.migrate)
app.command()(workflows.apply)
app.command("run")(workflows.run_workflow)
for told in (control.signal, control.pause, control.resume, control.retry, control.delete):
    executions.app.command()(told)
for changed in (bulk.cancel_all, bulk.retry_all):
    executions.app.command()(changed)
app.add_typer(executions.app, name="executions")
app.command("cancel")(executions.cancel)
app.command("signal")(control.signal)
app.add_typer(keys.app, name="keys")
app.command()(keys.audit)
app.add_typer(secrets.app, name="secrets")
app.command("encryption-key")(encryption.encryption_key)
app.command("rotate-encryption")(encryption.rotate_encryption)
app.add_typer(schedules.app, name="schedules")
app.add_typer(breakers.app, name="breakers")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(rules.app, name="rules")
app.add_typer(templates.app, name="templates")
app.command()(monitoring.metrics)
app.command()(monitoring.health)
app.command()(schema.schema)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """The entry point of the `stepgraph` script."""
    app()
