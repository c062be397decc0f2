"""Values that are too large to be read with their rows: lists leave them out, and they are read on demand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from uuid import UUID


class ValueKind(Enum):
    """A field that may be large, of a record that lists show."""

    EXECUTION_INPUT = auto()
    EXECUTION_OUTPUT = auto()
    EXECUTION_ERROR = auto()
    EXECUTION_LABELS = auto()
    STEP_INPUT = auto()
    STEP_OUTPUT = auto()
    STEP_ERROR = auto()
    STEP_ATTEMPTS = auto()
    WORKFLOW_LABELS = auto()
    WEBHOOK_INPUT = auto()
    EVENT_PAYLOAD = auto()
    EVENT_ATTEMPTS = auto()
    SCHEDULE_INPUT = auto()
    RULE_EXPRESSION = auto()
    RULE_INPUT_SCHEMA = auto()
    RULE_OUTPUT_SCHEMA = auto()
    RULE_EXAMPLES = auto()
    TEMPLATE_DOCUMENT = auto()
    TEMPLATE_PARAMETERS = auto()


@dataclass(frozen=True, slots=True)
class LargeValue:
    """The place of a value that was left out: the id of its row, or for a step that of its execution and its path.

    `least`: a lower bound of its size as JSON, in bytes.
    """

    kind: ValueKind
    id: UUID
    path: str = ""
    least: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValues:
    """Values as the fields of their records have them, and their size together as JSON, in bytes.

    Large JSON is a `JsonText`. `values` is empty where `size` is more than was asked for, and without those
    whose rows are gone.
    """

    size: int
    values: Mapping[LargeValue, object]
