"""`templates`: workflow documents with parameters, and workflows made of them."""

from pathlib import Path
from typing import Annotated

import typer

from domain.kernel.json.text import JsonValue, dumps, loads
from stepgraph.cli.kit.api_calls import call, change, list_all, report, save_all, with_client
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import Exit, fail, json_argument, read_objects
from stepgraph.cli.kit.output import console, print_json, say, table

app = typer.Typer(help="Manage workflow templates, and create workflows from them.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the template.", show_default=False)]


@app.command("list")
def list_templates(
    category: Annotated[str | None, typer.Option(help="Filter by category.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List templates by name: shipped ones and saved ones.

    Example: stepgraph templates list --category integration
    """
    templates = list_all(url, "workflow_templates.WorkflowTemplates", category=category)
    if as_json:
        print_json(templates)
        return
    rows = (
        (each["name"], each["category"] or "", "yes" if each["shipped"] else "", each["description"] or "")
        for each in templates
    )
    console.print(table(("name", "category", "shipped", "description"), rows))


@app.command()
def show(name: Name, url: Url = None, as_json: AsJson = False) -> None:
    """Show the parameters of a template; with --json, its document too.

    Example: stepgraph templates show polled-job
    """
    template = call(url, "workflow_templates.WorkflowTemplate", name=name)
    if template is None:
        fail(f"There is no workflow template {name}.")
    if as_json:
        print_json(template)
        return
    say(template["description"] or "")
    rows = (
        (
            each["name"],
            "required" if each["required"] else dumps(each["default"]),
            dumps(each["schema"]),
            each["description"] or "",
        )
        for each in template["parameters"]
    )
    console.print(table(("parameter", "default", "schema", "description"), rows))


@app.command()
def save(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files with templates, YAML or JSON: name, description, category, parameters, document.",
            show_default=False,
        ),
    ],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Create templates from files, or overwrite existing ones.

    Example: stepgraph templates save nightly-copy.yaml
    """
    documents = read_objects(files)
    templates = with_client(url, lambda client: save_all(client, "workflow_templates.SaveWorkflowTemplate", documents))
    if as_json:
        print_json(templates)
    else:
        for template in templates:
            say(f"{template['name']}: saved")


@app.command()
def delete(name: Name, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a saved template. Workflows that were created from it stay.

    Example: stepgraph templates delete nightly-copy
    """
    result = change(url, "workflow_templates.DeleteWorkflowTemplate", name=name)
    report(result, f"deleted {result['id']}", as_json=as_json)


@app.command()
def instantiate(
    name: Name,
    workflow: Annotated[str, typer.Argument(help="Name of the new workflow.", show_default=False)],
    parameters: Annotated[str, typer.Option(help="Parameters: a JSON object, or @file with JSON or YAML.")] = "{}",
    parameter: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="One parameter; VALUE is JSON or text. May be repeated."),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Create a workflow from a template.

    Example: stepgraph templates instantiate checked-call stock --set url=https://stock.example.com/levels
    """
    given = json_argument(parameters, "--parameters")
    if not isinstance(given, dict):
        fail("--parameters must be an object.", Exit.USAGE)
    values: dict[str, JsonValue] = {**given, **dict(map(_pair, parameter or ()))}
    result = change(url, "workflow_templates.InstantiateTemplate", name=name, workflowName=workflow, parameters=values)
    report(result, f"{result['name']}: version {result['version']}", as_json=as_json)


def _pair(text: str) -> tuple[str, JsonValue]:
    name, equals, value = text.partition("=")
    if not equals:
        fail(f"--set {text}: write name=value.", Exit.USAGE)
    try:
        return name, loads(value)
    except ValueError:
        return name, value
