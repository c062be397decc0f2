"""How much of an execution has ended, as it is counted now: in billionths of the whole, where it was steps.

Executions that go on count anew. Those that have ended without COMPLETING kept their number of steps, which is shown as
no progress at all. What is counted in billionths is greater than any number of steps, but for executions that had
hardly begun.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

_MEND = """
UPDATE workflow_execution
SET steps_ended = floor(1000000000.0 * (steps_ended + items_ended) / steps_total)::int, items_ended = 0
WHERE finished_at IS NOT NULL AND status <> 'COMPLETED' AND steps_ended + items_ended BETWEEN 1 AND steps_total
"""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0015_families")]

    operations = [ops.RunSQL(_MEND, reverse_sql=ops.RunSQL.noop)]
