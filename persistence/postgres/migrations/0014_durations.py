"""Durations of a year and more as they are accepted: earlier releases wrote `P1Y`, which none could read again."""



from collections.abc import Mapping
from typing import cast

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor

from domain.kernel.json.text import (JsonValue, dumps, loads)
from domain.workflows.documents.reading import mended

# Also finds what only looks like a duration, in an expression for instance: that stays as it is.
_FIND = "SELECT id, document::text AS document FROM workflow_version WHERE document::text ~ '\"-?P[0-9]+Y'"
_STORE = "UPDATE workflow_version SET document = $2::json WHERE id = $1"


async def _mend(_apps: object, editor: BaseSchemaEditor) -> None:
    for row in await editor.client.execute_query_dict(_FIND):
        written = dumps(mended(cast("Mapping[str, JsonValue]", loads(row["document"]))))
        await editor.client.execute_query(_STORE, [row["id"], written])


async def _as_it_is(_apps: object, _editor: BaseSchemaEditor) -> None:
    """What reads the one reads the other, in this release."""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0013_lineage")]

    operations = [ops.RunPython(_mend, _as_it_is)]
