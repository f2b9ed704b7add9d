"""Encryption at rest, value by value (R17)."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.contact import Address, Scheme
from bot.domain.errors import ConfigurationError, KeyMissing
from bot.storage.crypto import KEY_BYTES, Keyring, Tampered, Vault, make_key

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(32)).decode()
PLACE = "messages.sealed:m1"


@given(st.binary(max_size=300), st.text(max_size=40))
def test_what_is_sealed_for_a_place_opens_there(plain: bytes, place: str) -> None:
    ring = Keyring.parse(f"k1:{KEY}")
    assert ring.unseal(ring.seal(plain, place), place) == plain


def test_a_value_opens_nowhere_else() -> None:
    ring = Keyring.parse(f"k1:{KEY}")
    with pytest.raises(Tampered, match=r"messages\.sealed:m2"):
        ring.unseal(ring.seal(b"secret", PLACE), "messages.sealed:m2")


def test_every_changed_byte_is_noticed() -> None:
    ring = Keyring.parse(f"k1:{KEY}")
    sealed = ring.seal(b"secret", PLACE)
    for at in range(len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises((Tampered, KeyMissing)):
            ring.unseal(changed, PLACE)


def test_every_cut_value_is_noticed() -> None:
    ring = Keyring.parse(f"k1:{KEY}")
    sealed = ring.seal(b"secret", PLACE)
    for length in range(len(sealed)):
        with pytest.raises((Tampered, KeyMissing)):
            ring.unseal(sealed[:length], PLACE)


def test_the_key_s_name_cannot_be_exchanged() -> None:
    """Both keys are the same bytes: only the name in the value differs."""
    ring = Keyring.parse(f"k1:{KEY},k2:{KEY}")
    sealed = ring.seal(b"secret", PLACE)
    with pytest.raises(Tampered):
        ring.unseal(sealed.replace(b"k1", b"k2", 1), PLACE)


def test_a_missing_key_is_named() -> None:
    sealed = Keyring.parse(f"old-2024:{KEY}").seal(b"secret", PLACE)
    with pytest.raises(KeyMissing, match=r"old-2024.*MUSTER_KEYS"):
        Keyring.parse(f"k2:{KEY}").unseal(sealed, PLACE)


def test_the_newest_key_seals_and_older_ones_still_open() -> None:
    old = Keyring.parse(f"k1:{KEY}").seal(b"secret", PLACE)
    ring = Keyring.parse(f"k2:{OTHER}, k1:{KEY}")
    assert ring.unseal(old, PLACE) == b"secret"
    assert Keyring.parse(f"k2:{OTHER}").unseal(ring.reseal(old, PLACE), PLACE) == b"secret"
    assert ring.reseal(old, PLACE).startswith(ring.header)
    assert not old.startswith(ring.header)


def test_a_made_key_is_new_each_time_and_can_be_parsed() -> None:
    assert make_key() != make_key()
    assert Keyring.parse(make_key("2026-03")).newest == "2026-03"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        (" , ", "empty"),
        (KEY, "key 1 is not"),
        (f"k1:{KEY[:-8]}", "key 1 is not"),
        ("k1:not base64!", "key 1 is not"),
        (f":{KEY}", "key 1 is not"),
        (f"k 1:{KEY}", "key 1 is not"),
        (f"{'k' * 33}:{KEY}", "key 1 is not"),
        (f"k1:{KEY},k2", "key 2 is not"),
        (f"k1:{KEY},k1:{OTHER}", "two keys have the id 'k1'"),
        (f"é:{KEY}", "key 1 is not"),
    ],
)
def test_keys_that_cannot_be_read_are_refused_without_being_shown(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Keyring.parse(text)
    assert problem in str(caught.value)
    assert KEY[:16] not in str(caught.value)


def test_all_problems_with_keys_come_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Keyring.parse(f"x,k1:{KEY},y:,k1:{KEY}")
    assert len(caught.value.problems) == 3


# --- fingerprints -----------------------------------------------------------------------------------------------------


def vault(index_key: bytes = bytes(KEY_BYTES)) -> Vault:
    return Vault(Keyring.parse(f"k1:{KEY}"), index_key)


def test_an_address_is_found_by_the_same_hash_whatever_the_keyring() -> None:
    address = Address(scheme=Scheme.TEL, path="+5551555001001")
    other_ring = Vault(Keyring.parse(f"k2:{OTHER}"), bytes(KEY_BYTES))
    assert vault().hash_address(address) == other_ring.hash_address(address)
    assert "5551555001001" not in vault().hash_address(address)


@pytest.mark.parametrize(
    "change",
    [
        lambda: vault(b"\1" * KEY_BYTES).fingerprint("address", "tel", "1"),
        lambda: vault().fingerprint("message", "tel", "1"),
        lambda: vault().fingerprint("address", "te", "l1"),
        lambda: vault().fingerprint("address", "tel1", ""),
        lambda: vault().fingerprint("address", "tel", "1", ""),
        lambda: vault().fingerprint("address", "tel", "2"),
    ],
)
def test_another_key_purpose_or_text_gives_another_fingerprint(change: Callable[[], str]) -> None:
    assert change() != vault().fingerprint("address", "tel", "1")


def test_half_a_surrogate_pair_has_a_fingerprint() -> None:
    assert len(vault().fingerprint("address", "\ud83d")) == 64
