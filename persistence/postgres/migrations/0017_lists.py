"""The trigger of each execution, and the words of its labels. The indexes on them are built afterwards: see indexes.py.

Workers and API processes of the release before this one go on under it: the columns have defaults, the types are new.
What they start meanwhile for a schedule or a webhook says API.
"""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor

from domain.executions.idempotency import MESSAGES, TICKS
from domain.kernel.ids import IdKind, to_public

# Those that go on come last: they are locked until all is done, and only then are they written to by others.
_EXECUTIONS = """
UPDATE workflow_execution SET
  trigger = CASE WHEN retried_from_id IS NOT NULL THEN 'RETRY' ELSE 'PARENT' END,
  trigger_id = COALESCE(retried_from_id, parent_id)
WHERE (retried_from_id IS NOT NULL OR parent_id IS NOT NULL) AND NOT is_batch AND finished_at IS {ended} NULL
"""
# Keys that Stepgraph has made say for what it was: those of one workflow that begin so are a range of an index.
_STARTED = """
UPDATE workflow_execution SET trigger = $2, trigger_id = $3
WHERE COALESCE(workflow_id, '00000000-0000-0000-0000-000000000000'::uuid) = $1
  AND idempotency_key >= $4 AND idempotency_key < $5 AND retried_from_id IS NULL AND parent_id IS NULL
  AND finished_at IS {ended} NULL
"""

# The words of labels, in lower case: what is between spaces, signs and punctuation of ASCII. A word that is longer than
# an index can have is cut. `domain.executions.lists.words_of` has the same in Python.
_WORDS = r"""
CREATE FUNCTION label_words(labels jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN array_to_tsvector(string_to_array(regexp_replace(
  btrim(regexp_replace(lower(labels::text), '[\u0001-\u002f\u003a-\u0060\u007b-\u007f]+', ' ', 'g')),
  '([^ ]{255})[^ ]+', '\1', 'g'
), ' '));
"""

_TYPE = """
CREATE TYPE new_execution_3 AS (
  id uuid, definition_id uuid, workflow_id uuid, workflow_version int, input json, labels jsonb, priority int,
  idempotency_key text, created_at bigint, due_at bigint, waiting_for json, total int,
  completed int, failed int, running int, ended int, parent_id uuid, parent_path text, retried_from_id uuid,
  is_batch boolean, is_queued boolean, start_at bigint, trigger text, trigger_id uuid
);
"""


async def _say_who_started(_apps: object, editor: BaseSchemaEditor) -> None:
    """Fill the columns of executions that are there already."""
    started = [
        [row["workflow_id"], kind.name, row["id"], f"{prefix}{to_public(kind, row['id'])}"]
        for kind, prefix, found in (
            (IdKind.SCHEDULE, TICKS, "SELECT id, workflow_id FROM schedule"),
            (IdKind.WEBHOOK, MESSAGES, "SELECT id, workflow_id FROM webhook WHERE workflow_id IS NOT NULL"),
        )
        for row in await editor.client.execute_query_dict(found)
    ]
    for ended in ("NOT", ""):
        await editor.client.execute_query(_EXECUTIONS.format(ended=ended))
        for *who, keys in started:
            await editor.client.execute_query(_STARTED.format(ended=ended), [*who, f"{keys}:", f"{keys};"])


async def _forget(_apps: object, _editor: BaseSchemaEditor) -> None:
    """The columns go, and what they say with them."""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0016_progress")]

    operations = [
        ops.AddField("WorkflowExecution", "trigger", fields.CharField(max_length=16, db_default="API")),
        ops.AddField("WorkflowExecution", "trigger_id", fields.UUIDField(null=True)),
        ops.RunPython(_say_who_started, _forget),
        ops.RunSQL(_WORDS, reverse_sql="DROP FUNCTION label_words CASCADE;"),
        ops.RunSQL(_TYPE, reverse_sql="DROP TYPE new_execution_3;"),
    ]
