"""The index of the versions that may read a secret: most read none, and need not be looked at for what does."""

from tortoise import migrations
from tortoise.migrations import operations as ops

_MAY_READ = """
CREATE INDEX workflow_version_secrets ON workflow_version (id) WHERE position('secrets' in document::text) > 0;
"""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0019_bulk")]

    operations = [ops.RunSQL(_MAY_READ, reverse_sql=ops.RunSQL.noop)]
