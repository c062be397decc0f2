"""`exportExecution`: an execution as one JSON document."""

import strawberry

from domain.executions.export.collecting import MOST_STEPS, ExecutionExporter
from domain.kernel.errors import InvalidInput, NotFound, Problem
from domain.kernel.ids import IdKind
from domain.webhooks.hook_mask import HookMask
from graphql_api.context import Info
from graphql_api.kit.ids import read_id
from graphql_api.kit.scalars import JSON

_LEAST, _MOST = 10_000, 12_000_000


@strawberry.type
class ExportQueries:
    """The part of Query that is about exports."""

    @strawberry.field(
        description="An execution as one JSON document that needs no server: the execution, its steps with their "
        "attempts, the document that it ran, and its graph. Secrets and the addresses of hooks are masked. What would "
        "make it larger than maxBytes (10,000 to 12,000,000) is left out, and the document says so; so are steps "
        f"beyond {MOST_STEPS:,}. Null where there is none with this id."
    )
    async def export_execution(self, info: Info, id: strawberry.ID, max_bytes: int = 8_000_000) -> JSON | None:
        execution_id = read_id(id, IdKind.EXECUTION)
        if not _LEAST <= max_bytes <= _MOST:
            message = f"maxBytes must be between {_LEAST:,} and {_MOST:,}, and is {max_bytes:,}."
            raise InvalidInput([Problem(path=("maxBytes",), message=message)])
        info.context.spend_rows(MOST_STEPS)
        services = info.context.services
        exporter = ExecutionExporter(
            queries=services.execution_queries,
            values=services.large_values,
            workflows=services.workflow_store,
            definitions=services.definitions,
            clock=services.clock,
            mask=HookMask(await services.installation.key()).masked,
            release=info.context.options.version,
        )
        try:
            return JSON(await exporter.export(execution_id, max_bytes=max_bytes))
        except NotFound:
            return None
