"""Sizes and counts of what executions and documents may hold."""

from pydantic import Field
from pydantic_settings import BaseSettings

from stepgraph.settings.types import MEBIBYTE


class LimitSettings(BaseSettings):
    """Sizes and counts of documents, executions and their data."""

    max_document_bytes: int = Field(MEBIBYTE, ge=1024, description="The size of a workflow document.")
    max_expressions: int = Field(
        6_000, ge=1, description="Expressions in a workflow document, those between braces included."
    )
    max_expression_bytes: int = Field(300_000, ge=1024, description="The size of all expressions of a document.")
    max_input_bytes: int = Field(MEBIBYTE, ge=1024, description="The size of an execution's input.")
    max_items: int = Field(100_000, ge=1, description="Items of one FOR_EACH.")
    max_bulk: int = Field(10_000, ge=1, description="Executions that one request may cancel or retry.")
    max_signals: int = Field(
        1_000, ge=1, description="Signals that an execution keeps for steps that come to wait for them."
    )
    max_family: int = Field(
        10_000,
        ge=1,
        description="Executions that come from one by SUB_WORKFLOW steps at any depth, itself and retries included.",
    )
    max_output_bytes: int = Field(4 * MEBIBYTE, ge=1024, description="The size of a step's or an execution's output.")
    max_response_bytes: int = Field(
        4 * MEBIBYTE, ge=1024, description="The size of a called service's response, after decompression."
    )
