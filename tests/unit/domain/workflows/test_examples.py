"""The examples are valid, and their table lists all of them with their commands."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from domain.workflows.documents.reading import check_document
from tests.examples import EXAMPLES, SERVICE, command_of

FILES = sorted(file for file in EXAMPLES.glob("*.yaml") if not file.stem.endswith(".test"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_example_is_a_valid_workflow(file: Path) -> None:
    documents = list(yaml.safe_load_all(file.read_text()))

    assert documents
    for document in documents:
        assert check_document(document).problems == ()
        assert document.get("variables", {}).get("api", SERVICE) == SERVICE


def test_every_example_is_in_the_table_with_its_command() -> None:
    table = (EXAMPLES / "README.md").read_text()
    listed = dict(re.findall(r"^\| \[([\w.]+)\]\(\1\) .*\| `(stepgraph run .*)` \|$", table, re.MULTILINE))

    assert {name: shlex.split(command) for name, command in listed.items()} == {
        file.name: command_of(file) for file in FILES
    }
