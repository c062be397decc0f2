"""`encryption-key` and `rotate-encryption`: the keys that secrets are stored under."""

import base64
from secrets import token_bytes
from typing import Annotated

import typer

from stepgraph.cli.kit.exit_codes import Exit, fail, run, settings_of
from stepgraph.cli.kit.output import print_json, say

KEY_BYTES = 32


def new_encryption_key() -> str:
    """A key as STEPGRAPH_ENCRYPTION_KEYS holds it."""
    return base64.b64encode(token_bytes(KEY_BYTES)).decode()


def encryption_key(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Generate an encryption key for STEPGRAPH_ENCRYPTION_KEYS. It is printed, and not stored.

    Example: export STEPGRAPH_ENCRYPTION_KEYS=$(stepgraph encryption-key)
    """
    key = new_encryption_key()
    if as_json:
        print_json({"key": key})
    else:
        typer.echo(key)


def rotate_encryption(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Re-encrypt all secrets with the first of STEPGRAPH_ENCRYPTION_KEYS.

    Safe while everything runs.

    Example: DATABASE_URL=postgresql://… STEPGRAPH_ENCRYPTION_KEYS=new,old stepgraph rotate-encryption
    """
    settings = settings_of()
    if settings.database_url is None:
        fail("DATABASE_URL must be set.", Exit.USAGE)
    if not settings.keys:
        fail("STEPGRAPH_ENCRYPTION_KEYS must be set: the new key first, then the old ones.", Exit.USAGE)
    from persistence.postgres.secrets.reencryption import reencrypt  # slow to import, and for this one only

    done = run(reencrypt(settings.database_url, settings.keys))
    if as_json:
        print_json({"secrets": done.secrets, "webhooks": done.webhooks, "lost": list(done.lost)})
    else:
        say(f"stored anew: {done.secrets} secrets, {done.webhooks} webhooks")
    if done.lost:
        fail(f"No key opens these: {', '.join(done.lost)}. Add the missing key and try again, or set them anew.")
