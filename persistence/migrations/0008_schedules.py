"""Schedules: which workflow starts when."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0007_rules_and_templates")]

    operations = []
