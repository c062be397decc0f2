"""Webhooks, inbound and outbound, their events and every attempt at delivering one."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0005_circuit_breakers")]

    operations = []
