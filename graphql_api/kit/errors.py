"""Errors as data: the error types of the unions, which exception becomes which, and what a masked error says.

Three layers. What a client can be expected to handle is a member of the mutation's union. What a query cannot answer
is an entry of `errors` with `extensions.code`. Everything that nobody foresaw is logged with its traceback and shown
as INTERNAL with a `requestId`, and nothing else about it.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias
from uuid import uuid4

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError

from domain.kernel import errors as domain
from graphql_api.kit.enums import ErrorCode

logger = logging.getLogger("stepgraph.graphql")


@strawberry.interface(description="The fields of every member of a result union that is not a success.")
class Error:
    """The base of the error types."""

    message: str
    code: ErrorCode


@strawberry.type(description="There is nothing with the id or the name that was given.")
class NotFoundError(Error):
    """The member for `NotFound`."""

    target_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id or the name that was not found; null where the given id is malformed."
    )

    @classmethod
    def from_error(cls, error: domain.NotFound) -> "NotFoundError":
        """The error as clients see it."""
        return cls(message=str(error), code=error.code, target_id=strawberry.ID(error.key))


@strawberry.type(description="One fault of an input: where it is, what it is, and the next thing to try.")
class Problem:
    """One fault of an input."""

    path: list[str] = strawberry.field(
        description='The place in the input: ["steps", "2", "config", "httpRequest", "url"].'
    )
    message: str
    hint: str | None = None
    step_id: str | None = strawberry.field(
        default=None,
        description="The id of the innermost step of a workflow that it is in; null where it is in no step.",
    )

    @classmethod
    def from_record(cls, problem: domain.Problem) -> "Problem":
        """The problem as clients see it."""
        return cls(path=list(problem.path), message=problem.message, hint=problem.hint, step_id=problem.step_id)


@strawberry.type(description="The input is malformed: every problem at once, each with its place.")
class ValidationError(Error):
    """The member for `InvalidInput` and `LimitExceeded`."""

    problems: list[Problem]

    @classmethod
    def from_error(cls, error: domain.InvalidInput | domain.LimitExceeded) -> "ValidationError":
        """The error as clients see it; a limit is a problem of the input as a whole."""
        if isinstance(error, domain.InvalidInput):
            problems = [Problem.from_record(problem) for problem in error.problems]
        else:
            problems = [Problem(path=[], message=str(error))]
        return cls(message=str(error), code=error.code, problems=problems)


@strawberry.type(description="The object was changed in the meantime, or the name is taken.")
class ConflictError(Error):
    """The member for `Conflict`."""

    @classmethod
    def from_error(cls, error: domain.Conflict) -> "ConflictError":
        """The error as clients see it."""
        return cls(message=str(error), code=error.code)


@strawberry.type(description="The object exists, but its status does not allow the operation.")
class InvalidStateError(Error):
    """The member for `InvalidState`."""

    current_status: str = strawberry.field(
        description="Its current status: a value of the enum of its type's status, such as ExecutionStatus."
    )

    @classmethod
    def from_error(cls, error: domain.InvalidState) -> "InvalidStateError":
        """The error as clients see it."""
        return cls(message=str(error), code=error.code, current_status=error.status)


ErrorMember: TypeAlias = NotFoundError | ValidationError | ConflictError | InvalidStateError


def error_member(error: domain.StepgraphError) -> ErrorMember:
    """The union member for an exception. Raises the exception itself where there is none."""
    match error:
        case domain.NotFound():
            return NotFoundError.from_error(error)
        case domain.InvalidInput() | domain.LimitExceeded():
            return ValidationError.from_error(error)
        case domain.Conflict():
            return ConflictError.from_error(error)
        case domain.InvalidState():
            return InvalidStateError.from_error(error)
        case _:
            raise error


class NotFoundHandler(strawberry.ExceptionHandler[domain.NotFound, NotFoundError]):
    """Answers `NotFound` in unions that have NotFoundError."""

    def handle(self, exception: domain.NotFound, *, field: Any, info: Any) -> NotFoundError:
        """The member for it."""
        return NotFoundError.from_error(exception)


class InvalidInputHandler(strawberry.ExceptionHandler[domain.InvalidInput | domain.LimitExceeded, ValidationError]):
    """Answers `InvalidInput` and `LimitExceeded` in unions that have ValidationError."""

    def handle(
        self, exception: domain.InvalidInput | domain.LimitExceeded, *, field: Any, info: Any
    ) -> ValidationError:
        """The member for it."""
        return ValidationError.from_error(exception)


class MalformedIdHandler(strawberry.ExceptionHandler[domain.InvalidInput, NotFoundError]):
    """In unions without ValidationError the only malformed input is the id, and nothing has that id."""

    def handle(self, exception: domain.InvalidInput, *, field: Any, info: Any) -> NotFoundError:
        """The member for it."""
        return NotFoundError(message=str(exception), code=ErrorCode.NOT_FOUND)


class ConflictHandler(strawberry.ExceptionHandler[domain.Conflict, ConflictError]):
    """Answers `Conflict` in unions that have ConflictError."""

    def handle(self, exception: domain.Conflict, *, field: Any, info: Any) -> ConflictError:
        """The member for it."""
        return ConflictError.from_error(exception)


class InvalidStateHandler(strawberry.ExceptionHandler[domain.InvalidState, InvalidStateError]):
    """Answers `InvalidState` in unions that have InvalidStateError."""

    def handle(self, exception: domain.InvalidState, *, field: Any, info: Any) -> InvalidStateError:
        """The member for it."""
        return InvalidStateError.from_error(exception)


EXCEPTION_HANDLERS: Sequence[strawberry.ExceptionHandler[Any]] = (
    NotFoundHandler(),
    InvalidInputHandler(),
    MalformedIdHandler(),
    ConflictHandler(),
    InvalidStateHandler(),
)
"""In order: the first whose error type is in the field's union answers."""

SYNTAX_CODE = "GRAPHQL_PARSE_FAILED"
VALIDATION_CODE = "GRAPHQL_VALIDATION_FAILED"
USER_INPUT_CODE = "BAD_USER_INPUT"


def publish(error: GraphQLError) -> None:
    """Give an error its `extensions.code`; what nobody foresaw is logged and masked. Changes the error in place.

    Errors of validation come with a code already: they are cached with their document and must not change.
    """
    extensions = error.extensions or {}
    if "code" in extensions:
        return
    cause = _cause(error)
    if isinstance(error, GraphQLSyntaxError):
        code = SYNTAX_CODE
    elif cause is None or (error.path is None and isinstance(error.original_error, GraphQLError)):
        code = USER_INPUT_CODE  # graphql-core's own: a variable or an argument that does not fit its type
    elif isinstance(cause, domain.InvalidInput):
        code = USER_INPUT_CODE
        problems = [
            {"path": list(problem.path), "message": problem.message, "hint": problem.hint} for problem in cause.problems
        ]
        extensions = {**extensions, "problems": problems}
    elif isinstance(cause, domain.StepgraphError) and cause.code is not ErrorCode.INTERNAL:
        code = cause.code.value
    else:
        request_id = uuid4().hex
        logger.error(
            "request %s failed at %s",
            request_id,
            error.path or "its start",
            exc_info=cause,
            extra={"requestId": request_id},
        )
        error.message = "Something went wrong on our side. The log has the details under this requestId."
        code = ErrorCode.INTERNAL.value
        extensions = {"requestId": request_id}
    error.extensions = {"code": code, **extensions}


def drop_tracebacks(errors: Iterable[BaseException]) -> None:
    """Take the tracebacks off errors that were told: their frames hold all that an operation has read.

    An error that a frame of its own traceback knows is a cycle. Hundreds of megabytes would stay until the garbage
    collector finds it, and what the next operations keep would come to lie between them.
    """
    left, seen = list(errors), set[int]()
    while left:
        error = left.pop()
        if id(error) not in seen:
            seen.add(id(error))
            error.with_traceback(None)
            beside = (error.__cause__, error.__context__, getattr(error, "original_error", None))
            left.extend(each for each in beside if each is not None)


def _cause(error: GraphQLError) -> BaseException | None:
    """The exception that a resolver or a scalar raised first; None for graphql-core's own errors."""
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause
