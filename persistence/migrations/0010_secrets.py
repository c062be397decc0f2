"""Secrets, encrypted."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0009_metrics")]

    operations = []
