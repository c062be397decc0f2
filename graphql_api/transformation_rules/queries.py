"""Queries about transformation rules."""

import strawberry

from graphql_api.context import Info
from graphql_api.kit.pagination import BY_RULE, Connection, connection, page_size
from graphql_api.transformation_rules.types import TransformationRule


@strawberry.type
class TransformationRuleQueries:
    """The part of Query that is about transformation rules."""

    @strawberry.field(description="Transformation rules, by name.")
    async def transformation_rules(
        self, info: Info, first: int | None = 20, after: str | None = strawberry.UNSET
    ) -> Connection[TransformationRule]:
        size, key = page_size(first), BY_RULE.read(after)
        info.context.spend_rows(size)
        service, values = info.context.services.rules, info.context.large_values
        return connection(
            await service.page(first=size, after=key),
            item=lambda record: TransformationRule.from_record(record, values),
            key=lambda record: record.settings.name,
            cursors=BY_RULE,
            is_first=key is None,
            count=service.count,
        )

    @strawberry.field(description="The transformation rule with this name; null where there is none.")
    async def transformation_rule(self, info: Info, name: str) -> TransformationRule | None:
        record = await info.context.services.rules.find(name, lean=True)
        return None if record is None else TransformationRule.from_record(record, info.context.large_values)
