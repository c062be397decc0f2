"""`rules`: stored expressions that DATA_TRANSFORM steps apply."""

from pathlib import Path
from typing import Annotated, Any

import typer

from domain.kernel.json.text import JsonValue, dumps
from stepgraph.cli.kit.api_calls import call, change, list_all, report, save_all, with_client
from stepgraph.cli.kit.api_errors import problem_lines
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import fail, json_argument, read_objects
from stepgraph.cli.kit.output import console, print_json, say, table

app = typer.Typer(help="Manage transformation rules: named expressions that workflows apply.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the rule.", show_default=False)]


@app.command("list")
def list_rules(url: Url = None, as_json: AsJson = False) -> None:
    """List transformation rules by name.

    Example: stepgraph rules list
    """
    rules = list_all(url, "transformation_rules.TransformationRules")
    if as_json:
        print_json(rules)
        return
    rows = ((rule["name"], rule["description"] or "", len(rule["examples"])) for rule in rules)
    console.print(table(("name", "description", "examples"), rows))


@app.command()
def show(name: Name, url: Url = None, as_json: AsJson = False) -> None:
    """Show a rule with its schemas and examples.

    Example: stepgraph rules show order-total
    """
    rule = _find(name, url)
    if as_json:
        print_json(rule)
        return
    facts: dict[str, str] = {
        "id": rule["id"],
        "description": rule["description"] or "",
        "expression": rule["expression"],
        "input schema": "" if rule["inputSchema"] is None else dumps(rule["inputSchema"]),
        "output schema": "" if rule["outputSchema"] is None else dumps(rule["outputSchema"]),
        "examples": "\n".join(f"{dumps(each['input'])} → {dumps(each['output'])}" for each in rule["examples"]),
    }
    console.print(table((rule["name"], ""), facts.items()))


@app.command()
def save(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files with rules, YAML or JSON: name, description, expression, inputSchema, outputSchema, examples.",
            show_default=False,
        ),
    ],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Create rules from files, or overwrite existing ones. Refused where an example of a rule does not hold.

    Example: stepgraph rules save order-total.yaml
    """
    documents = read_objects(files)
    rules = with_client(url, lambda client: save_all(client, "transformation_rules.SaveTransformationRule", documents))
    if as_json:
        print_json(rules)
    else:
        for rule in rules:
            held = len(rule["examples"])
            say(f"{rule['name']}: saved, {held} {'example holds' if held == 1 else 'examples hold'}")


@app.command()
def delete(name: Name, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a rule. Refused while a workflow uses it.

    Example: stepgraph rules delete order-total
    """
    result = change(url, "transformation_rules.DeleteTransformationRule", name=name)
    report(result, f"deleted {result['id']}", as_json=as_json)


@app.command("try")
def try_rule(
    name: Name,
    input: Annotated[str, typer.Option(help="Input as JSON, or @file with JSON or YAML.")] = "null",
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Apply a rule to an input, and print the output. Nothing is stored.

    Example: stepgraph rules try order-total --input '{"lines": [{"price": 3, "quantity": 2}]}'
    """
    value = json_argument(input, "--input")
    rule = _find(name, url)
    _refuse(rule["inputSchema"], value, "input")
    tried = call(url, "system.Evaluate", expression=rule["expression"], context={"input": value})
    if tried["error"] is not None:
        fail(tried["error"])
    _refuse(rule["outputSchema"], tried["value"], "output")
    print_json(tried if as_json else tried["value"])


def _find(name: str, url: str | None) -> dict[str, Any]:
    """The rule. Leaves with exit code 1 where there is none."""
    rule: dict[str, Any] | None = call(url, "transformation_rules.TransformationRule", name=name)
    if rule is None:
        fail(f"There is no transformation rule {name}.")
    return rule


def _refuse(schema: JsonValue, value: JsonValue, what: str) -> None:
    """Leave with exit code 1 and every problem where a value does not meet its schema."""
    from domain.json_schemas.schema import JsonSchema

    faults = [] if schema is None else JsonSchema(schema).problems_here(value)
    if faults is None:
        typer.secho(f"The {what} was not checked: its schema may cost much, and only workers do that.", err=True)
    elif faults:
        problems = [{"path": [what, *each.path], "message": each.message, "hint": each.hint} for each in faults]
        fail(problem_lines({"message": f"The {what} does not meet the rule's schema.", "problems": problems}))
