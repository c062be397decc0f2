"""Files of test cases: what stands in them, and which workflow each is about."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from domain.kernel.json.text import JsonValue, dumps, loads
from domain.kernel.statuses import ExecutionStatus, StepStatus
from stepgraph.cli.kit.documents import SUFFIXES, Document, read_workflows
from stepgraph.cli.kit.exit_codes import Exit, fail, read_document

_MARK = ".test"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


class Expectation(_Strict):
    """The expectation of a run; what is left out may be anything."""

    status: ExecutionStatus | None = None
    output: Any = None
    error: dict[str, Any] | None = None
    steps: dict[str, StepStatus] = Field(default_factory=dict)
    calls: dict[str, int | list[Any]] = Field(default_factory=dict)
    problems: list[dict[str, Any]] | None = None


class Case(_Strict):
    """One run of the workflow, and what is expected of it."""

    name: str = Field(min_length=1)
    input: Any = None
    mocks: dict[str, Any] = Field(default_factory=dict)
    now: AwareDatetime | None = None
    expect: Expectation


class CaseFile(_Strict):
    """The cases of one workflow: of a file beside this one, and of the document in it that is called `name`."""

    workflow: str | None = None
    name: str | None = None
    workflows: list[str] = Field(default_factory=list)
    cases: list[Case] = Field(min_length=1)


class Suite:
    """A file of cases, with the document that it tests, and the others that this may start."""

    def __init__(self, file: Path, cases: list[Case], tested: Document, others: list[Document]) -> None:
        self.file = file
        self.cases = cases
        self.tested = tested
        self.others = others


def read_suites(paths: Iterable[Path]) -> list[Suite]:
    """The suites in files and folders. Leaves with exit code 2 where one cannot be read, or there is none."""
    files = [file for path in paths for file in _files_of(path)]
    if not files:
        fail(f"There are no files that end with {_MARK}.yaml there.", Exit.USAGE)
    return [_suite(file) for file in files]


def _files_of(path: Path) -> list[Path]:
    """The case files of a folder; of a workflow's file, the one beside it; or the file itself."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.stem.endswith(_MARK))
    if path.suffix in SUFFIXES and not path.stem.endswith(_MARK):
        return [path.with_name(f"{path.stem}{_MARK}{path.suffix}")]
    return [path]


def _suite(file: Path) -> Suite:
    given = _read(file)
    source = file.with_name(given.workflow or file.name.replace(f"{_MARK}.", "."))
    documents = read_workflows(source)
    if given.name is None:
        found = documents[-1] if documents else None
    else:
        found = next((each for each in documents if _name_of(each.value) == given.name), None)
    if found is None:
        what = "no workflow" if given.name is None else f"no workflow called {given.name}"
        fail(f"{source} holds {what}.", Exit.USAGE)
    others = [each for each in documents if each is not found]
    others += [each for name in given.workflows for each in read_workflows(file.with_name(name))]
    return Suite(file, given.cases, found, others)


def _read(file: Path) -> CaseFile:
    value = loads(dumps(read_document(file)))  # the times that YAML knows are texts to a workflow
    try:
        return CaseFile.model_validate(value)
    except ValidationError as error:
        told = [f"{file}: {'.'.join(map(str, fault['loc'])) or 'document'}: {fault['msg']}" for fault in error.errors()]
        fail("\n".join(told), Exit.USAGE)


def _name_of(value: JsonValue) -> JsonValue:
    return value.get("name") if isinstance(value, dict) else None
