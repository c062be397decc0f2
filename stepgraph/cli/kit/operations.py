"""The GraphQL operations of the commands, read from `operations.graphql` in the folder of each subject.

An operation is sent with the fragments that it spreads, its own subject's and those of `kit/fragments.graphql`, and
with nothing else: an API of another release then refuses the one operation that it does not know.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

_DEFINITION = re.compile(r"^(?:query|mutation|subscription|fragment) (\w+)\b.*?^}$", re.MULTILINE | re.DOTALL)
_SPREAD = re.compile(r"\.\.\.(\w+)")


def operation(name: str) -> str:
    """The document of an operation, by its subject and its own name: `workflows.Apply`. Raises `KeyError`."""
    subject, _, own = name.partition(".")
    definitions = {**_definitions("kit/fragments"), **_definitions(f"{subject}/operations")}
    return "\n\n".join(definitions[each] for each in dict.fromkeys(_with_fragments(own, definitions)))


def _with_fragments(name: str, definitions: Mapping[str, str]) -> Iterator[str]:
    """The name of a definition, and those of all fragments that it leads to; some more than once."""
    yield name
    for spread in _SPREAD.findall(definitions[name]):
        yield from _with_fragments(spread, definitions)


@cache
def _definitions(path: str) -> Mapping[str, str]:
    """The definitions of a file of the command line by their names, without what stands between them."""
    text = files("stepgraph.cli").joinpath(f"{path}.graphql").read_text(encoding="utf-8")
    return {found[1]: found[0] for found in _DEFINITION.finditer(text)}
