"""Owns encryption at rest: the keyring, values sealed to their place, and the keyed hash that finds an address."""

import base64
import binascii
import hmac
import os
import re
from collections.abc import Mapping
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.domain.contact import Address
from bot.domain.employer import EmployerId
from bot.domain.errors import ConfigurationError, KeyMissing, MusterError

KEY_BYTES = 32  # AES-256
NONCE_BYTES = 12  # random: NIST SP 800-38D allows 2**32 values under one key
VERSION = 1
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Tampered(MusterError):
    """A stored value is not what was stored at this place: it was changed, cut or moved from another row."""


def make_key(key_id: str = "k1") -> str:
    """A new random key as MUSTER_KEYS holds it: `id:base64`."""
    return f"{key_id}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"


class Keyring:
    """The encryption keys, newest first: the newest seals, all of them open."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self.newest = next(iter(keys))
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `id:base64key,id2:base64key2`; raises ConfigurationError with every problem and never with a key."""
        keys: dict[str, bytes] = {}
        problems: list[str] = []
        for number, part in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
            key_id, _, encoded = part.partition(":")
            key = _decoded(encoded)
            if not _KEY_ID.fullmatch(key_id) or key is None:
                problems.append(f"MUSTER_KEYS: key {number} is not `id:base64 of {KEY_BYTES} bytes`")
            elif key_id in keys:
                problems.append(f"MUSTER_KEYS: two keys have the id {key_id!r}")
            else:
                keys[key_id] = key
        if not keys and not problems:
            problems.append("MUSTER_KEYS is empty: it holds `id:base64key`, the newest first")
        if problems:
            raise ConfigurationError(problems)
        return cls(keys)

    @property
    def header(self) -> bytes:
        """What every value sealed with the newest key begins with: version, length of the key's id, the id."""
        return bytes((VERSION, len(self.newest))) + self.newest.encode()

    def seal(self, plain: bytes, place: str) -> bytes:
        """Encrypt for one place (table, column and row): it opens nowhere else."""
        nonce, header = os.urandom(NONCE_BYTES), self.header
        return header + nonce + self._ciphers[self.newest].encrypt(nonce, plain, header + place.encode())

    def unseal(self, sealed: bytes, place: str) -> bytes:
        """Decrypt; raises KeyMissing without the key and Tampered for what was not sealed for this place."""
        if len(sealed) < 2 or sealed[0] != VERSION:
            raise Tampered(f"{place} holds no sealed value")
        start = 2 + sealed[1]
        header, nonce, body = sealed[:start], sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
        key_id = header[2:].decode("ascii", "replace")
        if key_id not in self._ciphers:
            raise KeyMissing(f"{place} was encrypted with the key {key_id!r}: put it back at the end of MUSTER_KEYS")
        try:
            return self._ciphers[key_id].decrypt(nonce, body, header + place.encode())
        except (InvalidTag, ValueError) as error:
            raise Tampered(f"{place} does not hold what was stored there") from error

    def reseal(self, sealed: bytes, place: str) -> bytes:
        """The same value under the newest key."""
        return self.seal(self.unseal(sealed, place), place)


class Vault:
    """Seals and opens rows, and fingerprints what must be found again.

    The index key is random, made once for a database and kept in it, sealed by the keyring: keys may come and go, and
    neither an address nor the refusal that outlives an erased person has to be hashed anew.
    """

    def __init__(self, keyring: Keyring, index_key: bytes) -> None:
        self.keyring = keyring
        self._index_key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"muster index").derive(index_key)

    def seal(self, table: str, row: str, plain: bytes) -> bytes:
        return self.keyring.seal(plain, place(table, row))

    def unseal(self, table: str, row: str, sealed: bytes) -> bytes:
        return self.keyring.unseal(sealed, place(table, row))

    def fingerprint(self, purpose: str, *parts: str) -> str:
        """The keyed hash (HMAC-SHA256, hexadecimal) of some text for one purpose."""
        text = b"".join(_framed(part) for part in (purpose, *parts))
        return hmac.digest(self._index_key, text, "sha256").hex()

    def hash_address(self, address: Address) -> str:
        """What an address is found by, without its path being stored in clear."""
        return self.fingerprint("address", address.scheme, address.path)

    def roster_key(self, employer: EmployerId, number: str) -> str:
        """What a person is found by in an employer's list, whatever the case of the number's letters."""
        return self.fingerprint("roster", employer, number.casefold())


def place(table: str, row: str) -> str:
    """Where a sealed value belongs; every table that has one has it in the column `sealed`."""
    return f"{table}.sealed:{row}"


def _framed(part: str) -> bytes:
    """The text with its length before it, so that no two lists of parts look the same."""
    data = part.encode("utf-8", "surrogatepass")
    return len(data).to_bytes(4, "big") + data


def _decoded(encoded: str) -> bytes | None:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None
