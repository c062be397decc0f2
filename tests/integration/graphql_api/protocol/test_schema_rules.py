"""Rules that hold for the whole schema, so that clients with a normalised cache or a compiler can rely on it."""

from collections.abc import Iterator, Mapping

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_union_type,
    print_ast,
)

from domain.kernel.ids import IdKind
from graphql_api.export import exported_schema

SCHEMA: GraphQLSchema = build_schema(exported_schema())
OBJECTS: Mapping[str, GraphQLObjectType] = {
    name: type_ for name, type_ in SCHEMA.type_map.items() if is_object_type(type_) and not name.startswith("__")
}
UNIONS: Mapping[str, GraphQLUnionType] = {
    name: type_ for name, type_ in SCHEMA.type_map.items() if is_union_type(type_)
}
ERRORS = {type_.name for type_ in SCHEMA.get_implementations(SCHEMA.type_map["Error"]).objects}  # type: ignore[arg-type]
NODES = {type_.name for type_ in SCHEMA.get_implementations(SCHEMA.type_map["Node"]).objects}  # type: ignore[arg-type]

NO_NODES_OF_THEIR_OWN = {"Deleted": "names what is gone: the id that it had"}
"""Types that have an `id` and are not fetched with it."""

BOUNDED: Mapping[str, str] = {
    "AuditEntryConnection": "a page",
    "ApiKeyConnection": "a page",
    "BulkOperationConnection": "a page",
    "BulkOperation.failures": "the first 100",
    "BulkPreview.sample": "ten",
    "CircuitBreakerConnection": "a page",
    "PlannedStepConnection": "a page",
    "SavedView.columns": "at most 50",
    "SavedViewConnection": "a page",
    "ScheduleConnection": "a page",
    "SecretConnection": "a page",
    "SecretReader.paths": "part of a document, whose size is limited",
    "SecretReaderConnection": "a page",
    "StepExecutionConnection": "a page",
    "TransformationRuleConnection": "a page",
    "WebhookConnection": "a page",
    "WebhookEventConnection": "a page",
    "WorkflowConnection": "a page",
    "WorkflowExecutionConnection": "a page",
    "WorkflowTemplateConnection": "a page",
    "WorkflowVersionConnection": "a page",
    "ExecutionBatch.results": "one for each of at most 1,000 inputs",
    "ExecutionCounts.statuses": "one for each status",
    "ExecutionUpdate.steps": "what one change touched; a SNAPSHOT has its own limit",
    "OrchestrationMetrics.steps": "one for each step type",
    "OrchestrationMetrics.timeline": "at most 2,000 parts",
    "Principal.deniedFields": "fields of the schema",
    "Schedule.nextRuns": "at most 100",
    "SchedulePreview.nextRuns": "at most 100",
    "SchedulePreview.warnings": "about one cron expression, one for each kind of warning",
    "Schedule.warnings": "about one cron expression, one for each kind of warning",
    "Step.dependsOn": "part of a document, whose size is limited",
    "Step.steps": "part of a document, whose size is limited",
    "StepExecution.attempts": "at most 1,000, the largest maxAttempts",
    "SystemHealth.components": "the parts that Stepgraph stands on",
    "SystemHealth.queues": "the queues of the workers, fixed in the code",
    "SystemHealth.workers": "the processes that live right now",
    "TransformationRule.examples": "at most 100, a part of what is saved",
    "ValidationError.problems": "about one input, whose size is limited",
    "ValidationReport.problems": "about one input, whose size is limited",
    "ValidationReport.stages": "part of a document, whose size is limited",
    "Problem.path": "a place in one input",
    "Webhook.eventTypes": "the types of events, fixed in the code",
    "WebhookEvent.attemptLog": "the newest 100",
    "Workflow.steps": "part of a document, whose size is limited",
    "WorkflowGraph.edges": "part of a document, whose size is limited",
    "WorkflowGraph.nodes": "part of a document, whose size is limited",
    "WorkflowTest.calls": "of one test, which has at most 10,000 steps and 8 MiB",
    "WorkflowTest.children": "of one test, which has at most 10,000 steps and 8 MiB",
    "WorkflowTest.problems": "of one document",
    "WorkflowTest.unusedMocks": "of what was sent, whose size is limited",
    "WorkflowTemplate.parameters": "a part of what is saved, whose size is limited",
}
"""Every list of the schema that is no connection, and why it cannot grow without an end."""


def fields() -> Iterator[tuple[str, GraphQLObjectType, str, GraphQLField]]:
    for type_name, type_ in OBJECTS.items():
        for name, field in type_.fields.items():
            yield f"{type_name}.{name}", type_, name, field


@pytest.mark.parametrize("name", UNIONS)
def test_members_of_a_union_give_one_name_one_type(name: str) -> None:
    """A compiler refuses a selection of one field that is `ID` in one member and `ID!` in another."""
    found: dict[str, set[str]] = {}
    for member in UNIONS[name].types:
        for field_name, field in member.fields.items():
            found.setdefault(field_name, set()).add(str(field.type))

    assert {field: types for field, types in found.items() if len(types) > 1} == {}


@pytest.mark.parametrize("name", UNIONS)
def test_error_members_share_no_field_with_successes(name: str) -> None:
    members = UNIONS[name].types
    of_errors = {field for member in members if member.name in ERRORS for field in member.fields}
    of_successes = {field for member in members if member.name not in ERRORS for field in member.fields}

    assert of_errors & of_successes == set()


def test_whatever_has_an_id_is_a_node_and_the_id_is_global() -> None:
    """A normalised cache keys everything by its type and `id`: one that repeats would be mixed up."""
    having = {name for name, type_ in OBJECTS.items() if "id" in type_.fields}

    assert having - NODES == NO_NODES_OF_THEIR_OWN.keys()
    assert all(str(OBJECTS[name].fields["id"].type) == "ID!" for name in having)


def test_every_kind_of_id_belongs_to_one_type_of_node() -> None:
    assert len(IdKind) == len(NODES)


@pytest.mark.parametrize("name", SCHEMA.mutation_type.fields if SCHEMA.mutation_type else ())
def test_every_mutation_answers_a_union_of_successes_and_errors(name: str) -> None:
    assert SCHEMA.mutation_type
    answer = SCHEMA.mutation_type.fields[name].type

    assert is_non_null_type(answer)
    union = get_nullable_type(answer)
    assert isinstance(union, GraphQLUnionType), f"{name} answers {answer}"
    members = {member.name for member in union.types}
    assert members & ERRORS
    assert members - ERRORS


def test_errors_have_a_code_and_a_message_and_nothing_else_in_common() -> None:
    error = SCHEMA.type_map["Error"]
    assert isinstance(error, GraphQLInterfaceType)
    assert set(error.fields) == {"code", "message"}
    for name in OBJECTS.keys() - ERRORS:
        in_unions = [union for union in UNIONS.values() if OBJECTS[name] in union.types]
        assert not in_unions or not error.fields.keys() & OBJECTS[name].fields.keys(), name


def test_one_object_has_one_result_union() -> None:
    """An object is answered in one union, whatever was done with it, so that a client handles it in one place."""
    found: dict[str, list[str]] = {}
    for name, union in UNIONS.items():
        for member in union.types:
            if member.name not in ERRORS:
                found.setdefault(member.name, []).append(name)

    assert {member: names for member, names in found.items() if len(names) > 1} == {}


def test_every_list_is_a_connection_or_is_known_not_to_grow() -> None:
    lists = {where for where, _, _, field in fields() if is_list_type(get_nullable_type(field.type))}
    known = {where for where in lists if where in BOUNDED or where.partition(".")[0] in BOUNDED}

    assert lists - known == set()
    assert {name for name in BOUNDED if "." in name} <= lists


def test_every_connection_is_paged_in_the_same_way() -> None:
    paged = [
        (where, field) for where, _, _, field in fields() if get_named_type(field.type).name.endswith("Connection")
    ]

    assert len(paged) > 13
    for where, field in paged:
        assert str(field.type).endswith("Connection!"), where
        assert {name: str(field.args[name].type) for name in ("first", "after")} == {
            "first": "Int",
            "after": "String",
        }, where
        default = field.args["first"].ast_node
        assert default is not None
        assert default.default_value is not None
        assert print_ast(default.default_value) in ("20", "100"), where
