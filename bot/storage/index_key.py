"""Owns the index key's row: made once for a database, by whichever process comes first."""

import os

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.crypto import KEY_BYTES, Keyring, place
from bot.storage.schema import secrets
from bot.storage.upsert import insert_new

_ROW = "index"


async def get(connection: AsyncConnection, keyring: Keyring) -> bytes:
    """The database's index key; raises KeyMissing when it is sealed with a key that the keyring lacks."""
    stored = select(secrets.c.sealed).where(secrets.c.id == _ROW)
    sealed = await connection.scalar(stored)
    if sealed is None:
        new = keyring.seal(os.urandom(KEY_BYTES), place(secrets.name, _ROW))
        await insert_new(connection, secrets, {"id": _ROW, "sealed": new})
        sealed = await connection.scalar(stored)
    assert sealed is not None
    return keyring.unseal(sealed, place(secrets.name, _ROW))
