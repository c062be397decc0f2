"""Calls of the API for a command, over a client of its own: what is refused becomes a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from domain.kernel.json.text import JsonValue
from stepgraph.cli.kit.api_errors import ApiRefused, problem_lines
from stepgraph.cli.kit.exit_codes import fail, run
from stepgraph.cli.kit.operations import operation
from stepgraph.cli.kit.output import print_json, say

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient

Result = TypeVar("Result")
_PAGE = 100
"""Items of a list in one page: the most that the API gives."""


def with_client(url: str | None, work: Callable[[ApiClient], Coroutine[Any, Any, Result]]) -> Result:
    """Run `work` with a client of the API, and return its result. `url`: None for the one in the settings."""
    from stepgraph.cli.kit.client import connected  # what a command that is only explained does without
    from stepgraph.settings import load_settings

    async def main() -> Result:
        async with connected(url or load_settings().url) as client:
            return await work(client)

    return run(main())


def call(url: str | None, operation_name: str, /, **variables: JsonValue) -> Any:
    """Execute one operation with a client of its own, and return the value of its only field."""
    return with_client(url, lambda client: value_of(client, operation_name, **variables))


def change(url: str | None, operation_name: str, /, **variables: JsonValue) -> dict[str, Any]:
    """The result of a mutation. Leaves with exit code 1 and every problem where it is refused."""
    return accepted(call(url, operation_name, **variables))


def list_all(url: str | None, operation_name: str, /, **variables: JsonValue) -> list[dict[str, Any]]:
    """The nodes of all pages of a list, read with a client of its own."""
    return with_client(url, lambda client: all_of(client, operation_name, None, **variables))


async def all_of(
    client: ApiClient, operation_name: str, /, member: str | None = None, **variables: JsonValue
) -> list[dict[str, Any]]:
    """The nodes of all pages of a list, read by an operation that takes `$first` and `$after`.

    `member` is the name of the list inside the operation's field; None when the field is the list.
    """
    found: list[dict[str, Any]] = []
    after = None
    while True:
        value = await value_of(client, operation_name, first=_PAGE, after=after, **variables)
        page = value if member is None else value[member]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def value_of(client: ApiClient, operation_name: str, /, **variables: JsonValue) -> Any:
    """Execute one operation, such as `workflows.Apply`, and return the value of its only field."""
    [value] = (await client.execute(operation(operation_name), **variables)).values()
    return value


def accepted(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a mutation, or leave with exit code 1 and every problem when it is an error."""
    if result["__typename"].endswith("Error"):
        fail(problem_lines(result))
    return result


async def save_all(
    client: ApiClient, operation_name: str, documents: Sequence[dict[str, JsonValue]]
) -> list[dict[str, Any]]:
    """Save the documents one after the other, each as the `input` of an operation, and return the results in order.

    Leaves with exit code 1 at the first that is refused, which is named where there are several.
    """
    results: list[dict[str, Any]] = []
    for document in documents:
        title = f"{document.get('name')}:\n" if len(documents) > 1 else ""
        try:
            result: dict[str, Any] = await value_of(client, operation_name, input=document)
        except ApiRefused as error:
            fail(f"{title}{error}")
        if result["__typename"].endswith("Error"):
            fail(f"{title}{problem_lines(result)}")
        results.append(result)
    return results


def report(result: Any, sentence: str, *, as_json: bool) -> None:
    """Print what was done: as the API has put it, or as a sentence."""
    if as_json:
        print_json(result)
    else:
        say(sentence)
