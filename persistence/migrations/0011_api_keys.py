"""API keys, and the audit of mutations."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0010_secrets")]

    operations = []
