"""The limits on data that users may send. One of which there is a setting of the same name has its value from there."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes are bytes of compact JSON in UTF-8 unless the name says otherwise.

    `max_document_values` are the scalars, arrays and objects of a document, `max_expressions` and
    `max_expression_bytes` its expressions, those in templates included. `max_depth` counts blocks within blocks, the
    workflow's own steps being the first. `max_wait` is the longest `waitFor`, `max_batch` the most executions that one
    request may start, `max_items` the most items of a FOR_EACH, `max_bulk` the most executions that one request may
    cancel or retry. `max_signals` may wait in an execution for steps to take them. `max_family` is the most executions
    that come from one: itself, its children, theirs, and their retries. `max_sandbox_time` is the time for which one
    request that starts or retries many may use the sandbox.
    """

    max_document_bytes: int = 1_000_000
    max_steps: int = 10_000
    max_document_values: int = 200_000
    max_expressions: int = 6_000
    max_expression_bytes: int = 300_000
    max_depth: int = 10
    max_input_bytes: int = 1_000_000
    max_labels: int = 50
    max_label_characters: int = 256
    max_note_characters: int = 1_000
    max_wait: timedelta = timedelta(minutes=5)
    max_batch: int = 1_000
    max_items: int = 100_000
    max_bulk: int = 10_000
    max_signals: int = 1_000
    max_family: int = 10_000
    max_sandbox_time: timedelta = timedelta(seconds=10)
