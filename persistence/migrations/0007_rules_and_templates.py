"""Transformation rules and workflow templates."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0006_webhooks")]

    operations = []
