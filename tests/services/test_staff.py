"""Accounts and sign-ins: what a guesser, a thief of a code and a forgotten screen can do."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from bot.domain.employer import Employer, EmployerId
from bot.domain.errors import InputError
from bot.domain.staff import IDLE_LIFE, WHOLE_LIFE, Role, Staff, lock_after
from bot.services import staff as staff_service
from bot.services.staff import COMMAND, StaffDesk, check_password, hash_token, matching_step, new_totp_secret
from bot.storage.store import SqlStore, SqlUnit
from tests.stand import NOW, CountingIds, StillClock

PASSWORD = "lamp-river-onion-seven"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
MINUTE = timedelta(minutes=1)


class CountingHasher(PasswordHasher):
    """As cheap as it goes, and it counts the wrong passwords that it compares."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.compared = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002 (argon2's own name)
        try:
            return super().verify(hash, password)
        except VerifyMismatchError:
            self.compared += 1  # the whole work was done; what is no hash is refused without it
            raise


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def desk(store: SqlStore, clock: StillClock, ids: CountingIds, hasher: CountingHasher) -> StaffDesk:
    return StaffDesk(store=store, clock=clock, ids=ids, hasher=hasher)


@pytest.fixture
async def ana(desk: StaffDesk) -> Staff:
    return await desk.add(login="Ana", name="Ana", role=Role.OPERATOR, password=PASSWORD, totp_secret=SECRET)


def code_at(at: datetime, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(at)


async def full(desk: StaffDesk, clock: StillClock, login: str = "ana") -> str:
    """The token of a full session; a code counts once, so time has to pass between two."""
    clock.pass_(MINUTE)
    token = await desk.sign_in(login, PASSWORD)
    assert token is not None
    done = await desk.second_factor(token, code_at(clock.now()))
    assert done is not None
    return done


async def stored(store: SqlStore, login: str = "ana") -> Staff:
    async with store.transaction() as unit:
        return await stored_in(unit, login)


async def stored_in(unit: SqlUnit, login: str = "ana") -> Staff:
    staff = await unit.staff.hold(login)
    assert staff is not None
    return staff


# --- accounts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"login": "two words"},
        {"login": ""},
        {"login": "a" * 255},
        {"name": "  "},
        {"role": Role.SYSTEM},
        {"role": Role.CONTACT},
        {"role": Role.AUTHOR},
        {"employer": EmployerId("farm")},
        {"role": Role.APPROVER, "employer": EmployerId("nobody")},
        {"password": "eleven-char"},
        {"password": "aaaaaaaaaaaaaaa"},
        {"password": "Password1234"},
        {"password": "x" * 257},
    ],
)
async def test_an_account_that_makes_no_sense_is_refused(desk: StaffDesk, wrong: dict[str, object]) -> None:
    given = {"login": "bo", "name": "Bo", "role": Role.OPERATOR, "password": PASSWORD, **wrong}
    with pytest.raises(InputError):
        await desk.add(**given)  # type: ignore[arg-type]
    assert await desk.sign_in("bo", PASSWORD) is None


async def test_a_login_is_one_whatever_its_letters_case(desk: StaffDesk, ana: Staff) -> None:
    assert ana.login == "ana"
    with pytest.raises(InputError, match="taken"):
        await desk.add(login="ANA", name="Other", role=Role.OPERATOR, password=PASSWORD)
    assert await desk.sign_in(" aNa ", PASSWORD) is not None


async def test_a_password_typed_on_another_keyboard_is_the_same(desk: StaffDesk) -> None:
    await desk.add(login="jose", name="José", role=Role.OPERATOR, password="cafe\u0301-a\u0301gua-corpo-so\u0301")
    assert await desk.sign_in("jose", "café-água-corpo-só") is not None


async def test_the_database_holds_neither_password_nor_token(desk: StaffDesk, clock: StillClock, ana: Staff) -> None:
    token = await full(desk, clock)
    assert PASSWORD not in ana.password_hash
    assert ana.password_hash.startswith("$argon2id$")
    signed_in = await desk.of_session(token)
    assert signed_in is not None
    assert signed_in.session.id == hash_token(token) != token


def test_the_lengths_that_a_refusal_names_are_those_that_are_checked() -> None:
    for number in (staff_service.SHORTEST_PASSWORD, staff_service.LONGEST_PASSWORD):
        assert str(number) in staff_service.BAD_LENGTH
    check_password("abcdef" * 2, "ana")


# --- two steps --------------------------------------------------------------------------------------------------------


async def test_a_password_alone_opens_nothing(desk: StaffDesk, ana: Staff) -> None:
    token = await desk.sign_in("ana", PASSWORD)
    assert token is not None
    signed_in = await desk.of_session(token)
    assert signed_in is not None
    assert not signed_in.is_full


async def test_the_token_changes_at_each_stage_and_the_first_one_is_dead(
    desk: StaffDesk, clock: StillClock, ana: Staff
) -> None:
    first = await desk.sign_in("ana", PASSWORD)
    assert first is not None
    second = await desk.second_factor(first, code_at(clock.now()))
    assert second is not None
    assert second != first
    assert await desk.of_session(first) is None
    signed_in = await desk.of_session(second)
    assert signed_in is not None
    assert signed_in.is_full
    assert (signed_in.reader.id, signed_in.reader.role, signed_in.reader.employer) == (ana.id, Role.OPERATOR, None)


async def test_halfway_lasts_ten_minutes(desk: StaffDesk, clock: StillClock, ana: Staff) -> None:
    token = await desk.sign_in("ana", PASSWORD)
    assert token is not None
    clock.pass_(10 * MINUTE)
    assert await desk.second_factor(token, code_at(clock.now())) is None


async def test_a_code_counts_once_and_none_before_it(desk: StaffDesk, clock: StillClock, ana: Staff) -> None:
    code, before = code_at(clock.now()), code_at(clock.now() - timedelta(seconds=30))
    first, second = await desk.sign_in("ana", PASSWORD), await desk.sign_in("ana", PASSWORD)
    assert first is not None
    assert second is not None
    assert await desk.second_factor(first, code) is not None
    assert await desk.second_factor(second, code) is None
    assert await desk.second_factor(second, before) is None
    assert await desk.second_factor(second, code_at(clock.now() + timedelta(seconds=30))) is not None


async def test_two_who_use_one_code_at_once_do_not_both_pass(desk: StaffDesk, clock: StillClock, ana: Staff) -> None:
    tokens = [await desk.sign_in("ana", PASSWORD) for _ in range(4)]
    code = code_at(clock.now())
    passed = await asyncio.gather(*(desk.second_factor(token or "", code) for token in tokens))
    assert sum(token is not None for token in passed) == 1


@pytest.mark.parametrize(("offset", "is_right"), [(-61, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_phones_clock_may_be_off_by_one_step(offset: int, is_right: bool) -> None:
    given = code_at(NOW + timedelta(seconds=offset))
    assert (matching_step(SECRET, given, NOW, after=None) is not None) == is_right


@pytest.mark.parametrize("write", [lambda code: f"{code[:3]} {code[3:]}", lambda code: code.translate(ARABIC)])
def test_a_code_is_read_as_people_write_it(write: object) -> None:
    assert matching_step(SECRET, write(code_at(NOW)), NOW, after=None) is not None  # type: ignore[operator]


ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@pytest.mark.parametrize("code", ["", "abc", "12345", "1234567", "\ud83d", "𝟙" * 600])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert matching_step(SECRET, code, NOW, after=None) is None


async def test_the_first_sign_in_enrols_what_it_shows(desk: StaffDesk, clock: StillClock, store: SqlStore) -> None:
    await desk.add(login="bo", name="Bo", role=Role.OPERATOR, password=PASSWORD)
    token = await desk.sign_in("bo", PASSWORD)
    assert token is not None
    offer = await desk.offer(token)
    assert offer is not None
    assert offer == await desk.offer(token)
    assert offer.uri.startswith("otpauth://totp/Muster:bo?secret=")
    assert await desk.second_factor(token, "000000") is None
    assert (await stored(store, "bo")).totp_secret is None
    full_token = await desk.second_factor(token, code_at(clock.now(), offer.secret))
    assert full_token is not None
    assert (await stored(store, "bo")).totp_secret == offer.secret
    assert await desk.offer(full_token) is None


async def test_who_is_enrolled_is_shown_no_secret(desk: StaffDesk, ana: Staff) -> None:
    token = await desk.sign_in("ana", PASSWORD)
    assert token is not None
    assert await desk.offer(token) is None
    assert await desk.offer("stranger") is None


def test_a_secret_has_160_bits() -> None:
    assert len(new_totp_secret()) * 5 == 160


# --- wrong tries ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (5000, 60)]
)
def test_locks_double_from_a_minute_to_an_hour(failures: int, minutes: int) -> None:
    assert lock_after(failures) == minutes * MINUTE


async def test_five_wrong_passwords_lock_and_the_right_one_waits_too(
    desk: StaffDesk, clock: StillClock, ana: Staff
) -> None:
    for _ in range(5):
        assert await desk.sign_in("ana", "wrong-wrong-wrong") is None
    assert await desk.sign_in("ana", PASSWORD) is None
    clock.pass_(MINUTE - timedelta(seconds=1))
    assert await desk.sign_in("ana", PASSWORD) is None
    clock.pass_(timedelta(seconds=1))
    assert await desk.sign_in("ana", PASSWORD) is not None


async def test_tries_while_locked_are_not_counted(desk: StaffDesk, store: SqlStore, ana: Staff) -> None:
    for _ in range(12):
        await desk.sign_in("ana", "wrong-wrong-wrong")
    assert (await stored(store)).failures == 5


async def test_many_at_once_are_no_more_than_five_tries(desk: StaffDesk, store: SqlStore, ana: Staff) -> None:
    guesses = [*(f"wrong-wrong-{number}" for number in range(20)), PASSWORD]
    found = await asyncio.gather(*(desk.sign_in("ana", guess) for guess in guesses))
    assert found == [None] * 21
    assert (await stored(store)).failures == 5


async def test_wrong_codes_lock_and_a_right_password_between_them_does_not_forgive(
    desk: StaffDesk, clock: StillClock, store: SqlStore, ana: Staff
) -> None:
    for number in range(5):
        token = await desk.sign_in("ana", PASSWORD)
        assert token is not None
        assert await desk.second_factor(token, f"00000{number}") is None
    assert (await stored(store)).failures == 5
    assert await desk.sign_in("ana", PASSWORD) is None
    assert await desk.second_factor(token, code_at(clock.now())) is None
    await full(desk, clock)
    assert (await stored(store)).failures == 0


async def test_an_unknown_login_takes_the_same_work_as_a_known_one(
    desk: StaffDesk, hasher: CountingHasher, clock: StillClock, ana: Staff
) -> None:
    async def work(login: str, password: str) -> int:
        before = hasher.compared
        assert await desk.sign_in(login, password) is None
        return hasher.compared - before

    assert await work("nobody", PASSWORD) == 1
    assert await work("ana", "wrong-wrong-wrong") == 1
    for _ in range(5):
        await desk.sign_in("ana", "wrong-wrong-wrong")
    assert await work("ana", "wrong-wrong-wrong") == 1  # locked
    clock.pass_(timedelta(hours=1))
    await desk.disable("ana")
    assert await work("ana", "wrong-wrong-wrong") == 1


async def test_an_endless_password_is_not_hashed(desk: StaffDesk, ana: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    monkeypatch.setattr(CountingHasher, "verify", lambda _, __, password: lengths.append(len(password)) or False)
    await desk.sign_in("ana", "x" * 1_000_000)
    assert lengths == [0]


# --- sessions that end ------------------------------------------------------------------------------------------------


async def test_a_session_ends_after_half_an_hour_of_silence(desk: StaffDesk, clock: StillClock, ana: Staff) -> None:
    token = await full(desk, clock)
    for _ in range(3):
        clock.pass_(IDLE_LIFE - timedelta(seconds=1))
        assert await desk.of_session(token) is not None
    clock.pass_(IDLE_LIFE)
    assert await desk.of_session(token) is None


async def test_a_screen_that_renews_itself_keeps_nobody_signed_in(
    desk: StaffDesk, clock: StillClock, ana: Staff
) -> None:
    token = await full(desk, clock)
    for _ in range(5):
        clock.pass_(IDLE_LIFE / 6)
        assert await desk.of_session(token, is_seen=False) is not None
    clock.pass_(IDLE_LIFE / 6)
    assert await desk.of_session(token) is None


async def test_a_session_ends_after_twelve_hours_however_busy(desk: StaffDesk, clock: StillClock, ana: Staff) -> None:
    token = await full(desk, clock)
    end = clock.now() + WHOLE_LIFE
    while clock.now() + 20 * MINUTE < end:
        clock.pass_(20 * MINUTE)
        assert await desk.of_session(token) is not None
    clock.pass_(20 * MINUTE)
    assert await desk.of_session(token) is None


async def test_signing_out_ends_this_session_and_everywhere_all(desk: StaffDesk, clock: StillClock, ana: Staff) -> None:
    one, two, three = await full(desk, clock), await full(desk, clock), await full(desk, clock)
    await desk.sign_out(one)
    assert await desk.of_session(one) is None
    assert await desk.of_session(two) is not None
    await desk.sign_out_everywhere(ana.id, by=COMMAND)
    assert [await desk.of_session(token) for token in (two, three)] == [None, None]


async def test_a_disabled_account_is_out_at_once(desk: StaffDesk, clock: StillClock, ana: Staff) -> None:
    token, halfway = await full(desk, clock), await desk.sign_in("ana", PASSWORD)
    await desk.disable("ana")
    assert await desk.of_session(token) is None
    clock.pass_(MINUTE)
    assert await desk.second_factor(halfway or "", code_at(clock.now())) is None


async def test_a_session_of_a_disabled_account_is_nobodys_even_where_it_was_left(
    desk: StaffDesk, clock: StillClock, store: SqlStore, ana: Staff
) -> None:
    token = await full(desk, clock)
    async with store.transaction() as unit:
        await unit.staff.save(replace(await stored_in(unit), disabled_at=clock.now()))
    assert await desk.of_session(token) is None


async def test_a_renewed_account_has_a_new_password_and_no_second_factor(
    desk: StaffDesk, clock: StillClock, ana: Staff
) -> None:
    token = await full(desk, clock)
    await desk.renew("ana", "other-words-of-mine")
    assert await desk.of_session(token) is None
    assert await desk.sign_in("ana", PASSWORD) is None
    again = await desk.sign_in("ana", "other-words-of-mine")
    assert again is not None
    offer = await desk.offer(again)
    assert offer is not None
    assert offer.secret != SECRET
    assert await desk.second_factor(again, code_at(clock.now(), offer.secret)) is not None


async def test_a_new_password_signs_out_everywhere_else(desk: StaffDesk, clock: StillClock, ana: Staff) -> None:
    here, elsewhere = await full(desk, clock), await full(desk, clock)
    new = await desk.change_password(here, PASSWORD, "other-words-of-mine")
    assert [await desk.of_session(token) for token in (here, elsewhere)] == [None, None]
    signed_in = await desk.of_session(new)
    assert signed_in is not None
    assert signed_in.is_full
    assert await desk.sign_in("ana", PASSWORD) is None


async def test_a_stolen_screen_cannot_guess_the_password_for_ever(
    desk: StaffDesk, clock: StillClock, ana: Staff
) -> None:
    token = await full(desk, clock)
    for _ in range(5):
        with pytest.raises(InputError, match=staff_service.NOT_CURRENT):
            await desk.change_password(token, "wrong-wrong-wrong", "other-words-of-mine")
    with pytest.raises(InputError, match=staff_service.TOO_MANY_TRIES):
        await desk.change_password(token, PASSWORD, "other-words-of-mine")


async def test_halfway_changes_no_password(desk: StaffDesk, ana: Staff) -> None:
    halfway = await desk.sign_in("ana", PASSWORD)
    with pytest.raises(InputError, match=staff_service.ENDED):
        await desk.change_password(halfway or "", PASSWORD, "other-words-of-mine")


async def test_a_page_knows_the_employers_name(desk: StaffDesk, clock: StillClock, store: SqlStore) -> None:
    async with store.transaction() as unit:
        await unit.sites.put(Employer(id=EmployerId("farm"), name="Boa Terra"), [])
    await desk.add(
        login="eva", name="Eva", role=Role.AUTHOR, password=PASSWORD, totp_secret=SECRET, employer=EmployerId("farm")
    )
    signed_in = await desk.of_session(await full(desk, clock, "eva"))
    assert signed_in is not None
    assert (signed_in.employer_name, signed_in.reader.employer) == ("Boa Terra", "farm")


@pytest.mark.parametrize("token", ["", "x", "\ud83d", "0" * 64])
async def test_what_is_no_token_is_nobody(desk: StaffDesk, token: str) -> None:
    assert await desk.of_session(token) is None
    await desk.sign_out(token)


@pytest.mark.parametrize(
    "wrong",
    [
        {"login": "two words"}, {"login": "x" * 255}, {"login": ""}, {"name": " "}, {"role": Role.CONTACT},
        {"role": Role.AUTHOR}, {"employer": EmployerId("farm")}, {"login": "ana"}, {"password": "short"},
        {"role": Role.AUTHOR, "employer": EmployerId("nobody")},
    ],
    ids=str,
)  # fmt: skip
async def test_what_is_wrong_with_an_account_is_said_in_words_that_are_translated(
    desk: StaffDesk, ana: Staff, wrong: dict[str, Any]
) -> None:
    """No piece of what was typed is in them, which no catalog could know."""
    fitting = {"login": "olga", "name": "Olga", "role": Role.OPERATOR, "password": "four words that differ"}
    with pytest.raises(InputError) as refused:
        await desk.add(**{**fitting, **({"login": ana.login} if wrong == {"login": "ana"} else wrong)})
    assert str(refused.value) in staff_service.TEXTS
