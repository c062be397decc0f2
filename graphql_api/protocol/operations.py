"""Reading an operation once: its document is parsed, measured and validated, and kept for the next request.

A small query costs a tenth of the processor time when it is found here. Only short documents are kept, so that the
cache has a size in bytes and not only in entries.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, parse, validate
from graphql.validation import ASTValidationRule, NoFragmentCyclesRule, NoSchemaIntrospectionCustomRule

from graphql_api.kit.errors import VALIDATION_CODE
from graphql_api.protocol.document_limits import (
    TOO_COMPLEX_CODE,
    OperationLimits,
    excess_of_work,
    excesses,
    fragments_of,
    unstorable_strings,
)

_KEPT_CHARACTERS = 8_000
_KEPT_IN_ALL = 250_000
_KEPT_BESIDE = 500
"""Characters of one document and of all that are kept, and those that each counts in addition.

One takes up to 200 bytes: 50 MB in all.
"""
_MOST_ERRORS = 20
_MESSAGE_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document that was parsed, the number of its operations, and its errors: none, if it can be run."""

    document: DocumentNode
    operations: int
    errors: list[GraphQLError]


class DocumentCache:
    """Prepares documents for one schema and remembers the short ones that were used last."""

    def __init__(self, limits: OperationLimits, *, introspection: bool) -> None:
        self._limits = limits
        self._extra_rules: Sequence[type[ASTValidationRule]] = (
            () if introspection else (NoSchemaIntrospectionCustomRule,)
        )
        self._kept: OrderedDict[str, PreparedDocument] = OrderedDict()
        self._kept_characters = 0

    def prepare(self, query: str, schema: GraphQLSchema, rules: Sequence[type[ASTValidationRule]]) -> PreparedDocument:
        """The document, ready. Raises `GraphQLError` where the text is too long or is not GraphQL."""
        kept = self._kept.get(query)
        if kept is not None:
            self._kept.move_to_end(query)
            return kept
        if len(query) > self._limits.document_bytes or len(query.encode()) > self._limits.document_bytes:
            raise GraphQLError(
                f"The document is longer than {self._limits.document_bytes:,} bytes: send values as variables.",
                extensions={"code": TOO_COMPLEX_CODE},
            )
        document = parse(query, max_tokens=self._limits.tokens)
        prepared = PreparedDocument(document, _operations(document), self._problems(query, document, schema, rules))
        if len(query) <= _KEPT_CHARACTERS:
            self._keep(query, prepared)
        return prepared

    def _keep(self, query: str, prepared: PreparedDocument) -> None:
        self._kept[query] = prepared
        self._kept_characters += len(query) + _KEPT_BESIDE
        while self._kept_characters > _KEPT_IN_ALL:
            oldest, _ = self._kept.popitem(last=False)
            self._kept_characters -= len(oldest) + _KEPT_BESIDE

    def _problems(
        self, query: str, document: DocumentNode, schema: GraphQLSchema, rules: Sequence[type[ASTValidationRule]]
    ) -> list[GraphQLError]:
        problems = list(excesses(document, self._limits))
        # An operation over the limits is not worth validating, and may be a trap for validation.
        if not problems and fragments_of(document):
            problems = validate(schema, document, (NoFragmentCyclesRule,), _MOST_ERRORS)
        if not problems:
            excess = excess_of_work(document, self._limits)
            problems = [] if excess is None else [excess]
        if not problems:
            problems = validate(schema, document, (*rules, *self._extra_rules), _MOST_ERRORS)
        if not problems and ("\\u" in query or "\0" in query):
            problems = unstorable_strings(document)
        for problem in problems:
            problem.message = problem.message[:_MESSAGE_CHARACTERS]  # they quote names, which may be of any length
            problem.extensions = {"code": VALIDATION_CODE, **(problem.extensions or {})}
        return problems


def _operations(document: DocumentNode) -> int:
    return sum(isinstance(definition, OperationDefinitionNode) for definition in document.definitions)
