"""Queries about transformation rules."""

import strawberry

from graphql_api.context import Info
from graphql_api.transformation_rules.types import TransformationRule


@strawberry.type
class TransformationRuleQueries:
    """The part of Query that is about transformation rules."""

    @strawberry.field(description="All transformation rules, by name.")
    async def transformation_rules(self, info: Info) -> list[TransformationRule]:
        records = await info.context.services.rules.list_rules()
        info.context.spend_rows(len(records))
        return [TransformationRule.from_record(record) for record in records]

    @strawberry.field(description="The transformation rule with this name; null where there is none.")
    async def transformation_rule(self, info: Info, name: str) -> TransformationRule | None:
        record = await info.context.services.rules.find(name)
        return None if record is None else TransformationRule.from_record(record)
