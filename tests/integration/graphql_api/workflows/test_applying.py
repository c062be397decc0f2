"""Arguments of applying beside the document: a status, and the version that is to be changed."""

from tests.integration.graphql_api.api import Api


async def test_apply_gives_a_status_and_refuses_another_version_than_the_expected_one(api: Api) -> None:
    apply = """
    mutation($document: JSON!, $version: Int) {
      applyWorkflow(document: $document, status: DRAFT, expectedVersion: $version) {
        __typename
        ... on Workflow { status version }
      }
    }
    """
    document = {"name": "orders", "steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"output": 1}}]}

    first = await api.run(apply, document=document, version=0)
    second = await api.run(apply, document=document, version=0)

    assert first["applyWorkflow"] == {"__typename": "Workflow", "status": "DRAFT", "version": 1}
    assert second["applyWorkflow"]["__typename"] == "ConflictError"
