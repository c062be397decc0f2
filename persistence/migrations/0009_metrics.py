"""Metrics: buckets of minutes, hours and days."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0008_schedules")]

    operations = []
