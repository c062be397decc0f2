"""`breakers`: which services are called at present, and how that is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import CircuitBreakerState
from stepgraph.cli.kit.api_calls import call, change, report, with_client
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import fail
from stepgraph.cli.kit.operations import operation
from stepgraph.cli.kit.output import console, duration, moment, print_json, say, table

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient

app = typer.Typer(help="Manage circuit breakers, one for each called service.", no_args_is_help=True)
ServiceId = Annotated[
    str, typer.Argument(help="Host and port of the service, such as api.example.com:443.", show_default=False)
]


@app.command("list")
def list_breakers(
    state: Annotated[
        list[CircuitBreakerState] | None,
        typer.Option(case_sensitive=False, help="Filter by state; may be repeated."),
    ] = None,
    first: Annotated[int, typer.Option(min=1, max=100, help="Number of items, at most.")] = 20,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List circuit breakers, by service.

    Example: stepgraph breakers list --state OPEN --state HALF_OPEN
    """
    wanted: JsonValue = [each.value for each in state] if state else None
    breakers = call(url, "circuit_breakers.CircuitBreakers", state=wanted, first=first)["nodes"]
    if as_json:
        print_json(breakers)
        return
    headings = ("service", "state", "failures", "opened", "next probe", "waiting")
    console.print(table(headings, (_line(breaker) for breaker in breakers)))


@app.command()
def show(service_id: ServiceId, url: Url = None, as_json: AsJson = False) -> None:
    """Show the circuit breaker of a service.

    Example: stepgraph breakers show api.example.com:443
    """
    breaker = call(url, "circuit_breakers.CircuitBreaker", serviceId=service_id)
    if breaker is None:
        fail(f"There is no circuit breaker {service_id}.")
    _show(breaker, as_json=as_json)


@app.command()
def configure(
    service_id: ServiceId,
    failures: Annotated[int | None, typer.Option(help="Failures in a row that open the breaker. Initially 5.")] = None,
    successes: Annotated[int | None, typer.Option(help="Successful probes that close it again. Initially 2.")] = None,
    reset_timeout: Annotated[
        str | None, typer.Option(help="Time from opening to the first probe: PT0.1S to P1D. Initially PT30S.")
    ] = None,
    probes: Annotated[int | None, typer.Option(help="Probes at a time, over all workers. Initially 1.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Configure a circuit breaker, also before its service is called for the first time.

    What is left out stays as it is.

    Example: stepgraph breakers configure api.example.com:443 --failures 10 --reset-timeout PT1M
    """
    given: dict[str, JsonValue] = {
        "failureThreshold": failures,
        "successThreshold": successes,
        "resetTimeout": reset_timeout,
        "halfOpenMaxCalls": probes,
    }
    config = {name: value for name, value in given.items() if value is not None}
    _show(
        change(url, "circuit_breakers.UpdateCircuitBreaker", serviceId=service_id, config=config),
        as_json=as_json,
    )


@app.command()
def reset(service_id: ServiceId, url: Url = None, as_json: AsJson = False) -> None:
    """Close a circuit breaker; steps that wait for it continue.

    Example: stepgraph breakers reset api.example.com:443
    """
    _show(change(url, "circuit_breakers.ResetCircuitBreaker", serviceId=service_id), as_json=as_json)


@app.command()
def delete(service_id: ServiceId, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a circuit breaker and its configuration. The next call of the service creates a new one.

    Example: stepgraph breakers delete old-api.example.com:443
    """
    report(
        change(url, "circuit_breakers.DeleteCircuitBreaker", serviceId=service_id),
        f"deleted {service_id}",
        as_json=as_json,
    )


@app.command()
def watch(
    service_id: Annotated[
        str | None, typer.Argument(help="Filter by service, such as api.example.com:443.", show_default=False)
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print changes of circuit breakers as they happen, until Ctrl-C.

    Example: stepgraph breakers watch api.example.com:443
    """

    async def watching(client: ApiClient) -> None:
        async for data in client.subscribe(operation("circuit_breakers.CircuitBreakerUpdates"), serviceId=service_id):
            breaker = data["circuitBreakerUpdates"]
            if as_json:
                print_json(breaker)
            else:
                say(_sentence(breaker))

    with_client(url, watching)


def _show(breaker: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(breaker)
        return
    config = breaker["config"]
    facts = {
        "id": breaker["id"],
        "state": breaker["state"],
        "failures": f"{breaker['failureCount']}; {config['failureThreshold']} in a row open it",
        "successes": f"{breaker['successCount']}; {config['successThreshold']} of its probes close it",
        "probes": f"at most {config['halfOpenMaxCalls']} at a time",
        "reset timeout": duration(config["resetTimeout"]),
        "opened": moment(breaker["openedAt"]),
        "next probe": moment(breaker["nextProbeAt"]),
        "waiting": f"{breaker['waitingExecutions']} executions",
        "changed": moment(breaker["updatedAt"]),
    }
    console.print(table((breaker["serviceId"], ""), facts.items()))


def _line(breaker: dict[str, Any]) -> tuple[object, ...]:
    return (
        breaker["serviceId"],
        breaker["state"],
        f"{breaker['failureCount']} of {breaker['config']['failureThreshold']}",
        moment(breaker["openedAt"]),
        moment(breaker["nextProbeAt"]),
        breaker["waitingExecutions"],
    )


def _sentence(breaker: dict[str, Any]) -> str:
    until = f", next probe {moment(breaker['nextProbeAt'])}" if breaker["nextProbeAt"] else ""
    return f"{breaker['serviceId']}  {breaker['state']}  failures {breaker['failureCount']}{until}"
