"""`python -m graphql_api.export`: write the schema to graphql_api/schema.graphql, or with --check only compare."""

import sys
from pathlib import Path

from graphql_api.schema import build_schema

SCHEMA_FILE = Path(__file__).with_name("schema.graphql")


def exported_schema() -> str:
    """The schema as text: sorted, so that it only changes when the schema does."""
    return build_schema(is_sorted=True).as_str().rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write the file; with --check return 1 when the file is out of date."""
    text = exported_schema()
    if arguments == ["--check"]:
        if SCHEMA_FILE.read_text() == text:
            return 0
        sys.stderr.write(f"{SCHEMA_FILE} is out of date: run python -m graphql_api.export\n")
        return 1
    SCHEMA_FILE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
