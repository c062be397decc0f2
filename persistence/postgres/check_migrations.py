"""`python -m persistence.postgres.check_migrations`: fails when the models say more than the migrations do.

`--write NAME` writes the migration that is missing; look it over, and add the SQL that the models cannot say.
"""

import argparse
import asyncio
import sys

from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.writer import MigrationWriter, format_migration_name

from persistence.postgres.connections.orm import tortoise_config


async def missing_migrations() -> list[MigrationWriter]:
    """The migrations that would bring the existing ones up to the models; empty when they agree. Uses no database."""
    config = tortoise_config()
    with TortoiseContext() as context:
        await context.init(config=config, init_connections=False)
        assert context.apps is not None
        return await MigrationAutodetector(context.apps, config["apps"]).changes()


def main() -> int:
    """Print the missing migrations, or write them; the exit status is 1 when one is missing and was not written."""
    parser = argparse.ArgumentParser(prog="python -m persistence.postgres.check_migrations", description=__doc__)
    parser.add_argument("--write", metavar="NAME", help="write the missing migration under this name")
    arguments = parser.parse_args()
    missing = asyncio.run(missing_migrations())
    for writer in missing:
        if arguments.write:
            writer.name = format_migration_name(int(writer.name.split("_", 1)[0]), arguments.write)
            print(f"wrote {writer.write()}")
        else:
            print(writer.as_string())
    if missing and not arguments.write:
        print("The models have changes that no migration makes (above).", file=sys.stderr)
        print("Write it: python -m persistence.postgres.check_migrations --write NAME", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
