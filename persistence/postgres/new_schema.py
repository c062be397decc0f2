"""The whole schema as one script, `schema.sql`, for databases that have nothing yet: a third of a second, not two.

`python -m persistence.postgres.new_schema` prints what the migrations and the indexes of lists come to. What mends
stored rows is not in it, since there are none.
"""

import asyncio
import sys
from pathlib import Path

from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps

from persistence.postgres.connections.orm import tortoise_config
from persistence.postgres.indexes import statements

SCRIPT = Path(__file__).with_name("schema.sql")
_HEAD = "-- Written by `python -m persistence.postgres.new_schema`; `make check` says when it is out of date.\n"


async def new_schema() -> str:
    """The script. Uses no database."""
    config = tortoise_config()
    with TortoiseContext() as context:
        await context.init(config=config, init_connections=False)
        connection = get_connection("default")
        executor = MigrationExecutor(connection, config["apps"])
        await executor.loader.build_graph()
        graph = executor.loader.graph
        state = State(models={}, apps=StateApps(default_connections={"stepgraph": "default"}))
        parts = [_HEAD]
        for leaf in graph.leaf_nodes("stepgraph"):
            for key in graph.forwards_plan(leaf):
                migration = graph.nodes[key]
                assert migration is not None, f"{key.name} is named and not there"
                editor = AsyncpgSchemaEditor(connection, atomic=False, collect_sql=True)
                await migration.apply(state, schema_editor=editor, collect_sql=True)
                parts += [f"\n-- {key.name}\n", *(_ended(sql) for sql in editor.collected_sql)]
    parts += ["\n-- The indexes of lists\n", *(_ended(sql) for sql in statements())]
    return "".join(parts)


def _ended(sql: str) -> str:
    """A statement with its end; nothing of the remarks that Tortoise puts between statements."""
    text = sql.strip()
    return "" if text.startswith("--") else f"{text.rstrip(';')};\n"


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(new_schema()))
