"""Mutations of transformation rules."""

from typing import Annotated, TypeAlias

import strawberry

from domain.kernel.ids import IdKind
from graphql_api.context import Info
from graphql_api.kit.deleting import Deleted, DeleteResult
from graphql_api.kit.errors import ConflictError, NotFoundError, ValidationError
from graphql_api.kit.ids import public_id
from graphql_api.transformation_rules.inputs import TransformationRuleInput
from graphql_api.transformation_rules.types import TransformationRule

TransformationRuleResult: TypeAlias = Annotated[
    TransformationRule | NotFoundError | ValidationError | ConflictError,
    strawberry.union("TransformationRuleResult", description="A transformation rule, or why there is none."),
]


@strawberry.type
class TransformationRuleMutations:
    """The part of Mutation that is about transformation rules."""

    @strawberry.mutation(
        description="Create a rule, or overwrite the one with this name: it is stored when every example holds. Steps "
        "apply the rule as it is when they run."
    )
    async def save_transformation_rule(self, info: Info, input: TransformationRuleInput) -> TransformationRuleResult:
        record = await info.context.services.rules.save(input.to_settings(), info.context.trial)
        return TransformationRule.from_record(record)

    @strawberry.mutation(
        description="Delete a rule. Refused while the newest version of a workflow that is not deleted uses it."
    )
    async def delete_transformation_rule(self, info: Info, name: str) -> DeleteResult:
        record = await info.context.services.rules.delete(name)
        return Deleted(id=public_id(IdKind.TRANSFORMATION_RULE, record.id))
