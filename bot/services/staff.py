"""Owns who is signed in: accounts, passwords, the second factor, locks after wrong tries, and sessions that end."""

import asyncio
import hashlib
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.domain.employer import EmployerId
from bot.domain.errors import InputError
from bot.domain.staff import STAFF_ROLES, Role, Staff, StaffId, StaffSession, Stage
from bot.services import audit
from bot.services.access import Deed, Matter, Reader
from bot.services.ports import Clock, Ids, Store, Unit

ENDED = "Your session has ended. Sign in again."
NOT_CURRENT = "Your current password is wrong."
TOO_MANY_TRIES = "There were too many wrong tries. Wait, then try again."
BAD_LENGTH = "A password has 12 to 256 characters. A sentence is good."
TOO_EASY = "This password is easy to guess. Take four words that do not belong together."
NO_ACCOUNT = "There is no such account."
NO_EMPLOYER = "There is no such employer."
LAST_ADMINISTRATOR = "This is the last administrator: make somebody else one first."
BAD_LOGIN = "A login is one word of up to 254 characters, such as a mail address."
TAKEN = "This login is taken. Choose another."
NO_NAME = "Say the person's name: colleagues see who approved an alert."
NO_STAFF = "Nobody signs in with this role."
NEEDS_EMPLOYER = "Authors and approvers work for an employer: say which."
NEEDS_NO_EMPLOYER = "Only authors and approvers work for an employer: leave the employer out."
TEXTS = (  # shown on pages, so they are translated
    ENDED, NOT_CURRENT, TOO_MANY_TRIES, BAD_LENGTH, TOO_EASY, NO_ACCOUNT, NO_EMPLOYER, LAST_ADMINISTRATOR,
    BAD_LOGIN, TAKEN, NO_NAME, NO_STAFF, NEEDS_EMPLOYER, NEEDS_NO_EMPLOYER,
)  # fmt: skip

TOKEN_BYTES = 32  # 256 bits
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256  # characters, as BAD_LENGTH says
ISSUER = "Muster"
_DRIFT = (-1, 0, 1)  # steps of 30 seconds that a phone's clock may be off
_SEEN_EVERY = timedelta(minutes=1)  # a busy page need not write at each request
COMMAND = Reader(role=Role.SYSTEM, id="command")  # who has a shell on the machine
_HASHES_AT_ONCE = 2  # each takes 64 MiB for a tenth of a second


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who a token stands for, at which stage; `employer_name` is for the page's header."""

    staff: Staff
    session: StaffSession
    employer_name: str = ""

    @property
    def is_full(self) -> bool:
        return self.session.stage is Stage.FULL

    @property
    def reader(self) -> Reader:
        return Reader(role=self.staff.role, id=self.staff.id, employer=self.staff.employer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A second factor to enrol: the secret in base 32, and the same as a URI for a QR code."""

    secret: str
    uri: str


class StaffDesk:
    """The one way in. Whatever is wrong with a try, the answer is the same and takes one hash's time."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, hasher: PasswordHasher | None = None) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._nobodys_hash = ""

    # --- accounts ---------------------------------------------------------------------------------------------------

    async def add(
        self,
        *,
        login: str,
        name: str,
        role: Role,
        password: str,
        employer: EmployerId | None = None,
        languages: tuple[str, ...] = (),
        totp_secret: str | None = None,
        by: Reader = COMMAND,
    ) -> Staff:
        """A new account; without a TOTP secret the first sign-in enrols one.

        Raises InputError for what does not fit together, Conflict for a login that is another's.
        """
        login = login.strip().casefold()
        _check_account(login, name, role, employer)
        check_password(password, login)
        staff = Staff(
            id=StaffId(self._ids.new()),
            login=login,
            name=name.strip(),
            role=role,
            employer=employer,
            languages=languages,
            password_hash=await self._hash(password),
            totp_secret=totp_secret,
            created_at=self._clock.now(),
        )
        async with self._store.transaction() as unit:
            if employer is not None and await unit.sites.employer(employer) is None:
                raise InputError(NO_EMPLOYER)
            if await unit.staff.hold(login) is not None:
                raise InputError(TAKEN)
            await unit.staff.add(staff)
            await self._enter(unit, by, staff.id, f"added as {role}")
        return staff

    async def change(
        self,
        staff: StaffId,
        *,
        name: str,
        role: Role,
        employer: EmployerId | None = None,
        languages: tuple[str, ...] = (),
        by: Reader,
    ) -> None:
        """Who somebody is and what they may do; another role signs them out everywhere.

        Raises InputError for what does not fit together, and for the last administrator who gives the role up.
        """
        async with self._store.transaction() as unit:
            held = await self._held(unit, staff)
            _check_account(held.login, name, role, employer)
            if employer is not None and await unit.sites.employer(employer) is None:
                raise InputError(NO_EMPLOYER)
            if role is not held.role:
                await self._keep_an_administrator(unit, held)
                await unit.staff.end_all(staff)
            changed = replace(held, name=name.strip(), role=role, employer=employer, languages=languages)
            await unit.staff.save(changed)
            await self._enter(unit, by, staff, f"changed: {role}" if role is not held.role else "changed")

    async def all(self) -> Sequence[Staff]:
        """Every account, by login."""
        async with self._store.look() as unit:
            return await unit.staff.all()

    async def _held(self, unit: Unit, staff: StaffId) -> Staff:
        """The account, held until this transaction ends; raises InputError when there is none."""
        known = await unit.staff.get(staff)
        held = await unit.staff.hold(known.login) if known is not None else None
        if held is None:
            raise InputError(NO_ACCOUNT)
        return held

    async def _keep_an_administrator(self, unit: Unit, leaving: Staff) -> None:
        """Somebody must be able to let others in."""
        others = [
            one
            for one in await unit.staff.all()
            if one.role is Role.ADMINISTRATOR and one.disabled_at is None and one.id != leaving.id
        ]
        if leaving.role is Role.ADMINISTRATOR and not others:
            raise InputError(LAST_ADMINISTRATOR)

    async def _enter(self, unit: Unit, by: Reader, staff: StaffId, detail: str) -> None:
        await audit.record(unit, by, Deed.CHANGE, Matter.STAFF, staff, at=self._clock.now(), detail=detail)

    async def renew(self, login: str, password: str, *, by: Reader = COMMAND) -> None:
        """For a forgotten password or a lost phone: signs out everywhere; the next sign-in enrols a second factor.

        Raises InputError when there is no such account.
        """
        check_password(password, login)
        hashed = await self._hash(password)
        async with self._store.transaction() as unit:
            staff = await _known(unit, login)
            await unit.staff.save(
                replace(
                    staff,
                    password_hash=hashed,
                    totp_secret=None,
                    offered_secret=None,
                    last_totp_step=None,
                    failures=0,
                    locked_until=None,
                )
            )
            await unit.staff.end_all(staff.id)
            await self._enter(unit, by, staff.id, "renewed")

    async def disable(self, login: str, *, by: Reader = COMMAND) -> None:
        """Nobody signs in with it any more, and who is signed in is out.

        Raises InputError for an unknown login and for the last administrator.
        """
        async with self._store.transaction() as unit:
            staff = await _known(unit, login)
            await self._keep_an_administrator(unit, staff)
            await unit.staff.save(replace(staff, disabled_at=self._clock.now()))
            await unit.staff.end_all(staff.id)
            await self._enter(unit, by, staff.id, "disabled")

    async def enable(self, login: str, *, by: Reader) -> None:
        """They may sign in again. Raises InputError for an unknown login."""
        async with self._store.transaction() as unit:
            staff = await _known(unit, login)
            await unit.staff.save(replace(staff, disabled_at=None))
            await self._enter(unit, by, staff.id, "enabled")

    # --- signing in -------------------------------------------------------------------------------------------------

    async def sign_in(self, login: str, password: str) -> str | None:
        """The token of a session that still lacks the code; None for whatever is wrong, a lock included."""
        now, nobodys = self._clock.now(), await self._hash_of_nobody()
        async with self._store.transaction() as unit:
            staff = await unit.staff.hold(login)
            may_try = staff is not None and staff.may_try(now)
            if staff is not None and may_try:
                await unit.staff.save(staff.charged(now))
        is_right = await self._matches(staff.password_hash if staff else nobodys, password)
        if staff is None or not may_try or not is_right:
            return None
        renewed = await self._hash(password) if self._hasher.check_needs_rehash(staff.password_hash) else None
        async with self._store.transaction() as unit:
            held = await unit.staff.hold(login)
            if held is None or held.disabled_at is not None or held.password_hash != staff.password_hash:
                return None
            await unit.staff.save(replace(held.forgiven(), password_hash=renewed or held.password_hash))
            await unit.staff.delete_expired(now)
            return await _begin(unit, staff.id, Stage.PASSWORD, now)

    async def offer(self, token: str) -> Offer | None:
        """The second factor to enrol; None for who has one, or has not given the password."""
        async with self._store.transaction() as unit:
            signed_in = await self._find(unit, token)
            staff = await unit.staff.hold(signed_in.staff.login) if signed_in is not None else None
            if staff is None or staff.totp_secret is not None:
                return None
            secret = staff.offered_secret or pyotp.random_base32()
            if staff.offered_secret is None:
                await unit.staff.save(replace(staff, offered_secret=secret))
        return Offer(secret=secret, uri=totp_uri(secret, staff.login))

    async def second_factor(self, token: str, code: str) -> str | None:
        """The token of the full session, in place of the first one; None for a wrong or used code, or a lock."""
        now = self._clock.now()
        async with self._store.transaction() as unit:
            signed_in = await self._find(unit, token)
            if signed_in is None or signed_in.is_full:
                return None
            staff = await unit.staff.hold(signed_in.staff.login)
            secret = (staff.totp_secret or staff.offered_secret) if staff is not None else None
            if staff is None or secret is None or not staff.may_try(now):
                return None
            step = matching_step(secret, code, now, after=staff.last_totp_step)
            if step is None:
                await unit.staff.save(staff.charged(now))
                return None
            await unit.staff.save(replace(staff.admitted(step), totp_secret=secret, offered_secret=None))
            if not await unit.staff.end(signed_in.session.id):
                return None
            return await _begin(unit, staff.id, Stage.FULL, now)

    async def of_session(self, token: str, *, is_seen: bool = True) -> SignedIn | None:
        """Who the token stands for now; `is_seen=False` for what a page does by itself: it keeps nobody signed in."""
        async with self._store.look() as unit:
            found = await self._find(unit, token)
        now = self._clock.now()
        if found is not None and is_seen and now - found.session.seen_at >= _SEEN_EVERY:
            async with self._store.transaction() as unit:
                await unit.staff.seen(found.session.id, now)
        return found

    async def change_password(self, token: str, current: str, new: str) -> str:
        """Signs out everywhere and returns the token of a new session here.

        Raises InputError when the current password is wrong or the new one too easy.
        """
        now = self._clock.now()
        async with self._store.transaction() as unit:
            signed_in = await self._find(unit, token)
            if signed_in is None or not signed_in.is_full:
                raise InputError(ENDED)
            check_password(new, signed_in.staff.login)
            staff = await unit.staff.hold(signed_in.staff.login)
            if staff is None or not staff.may_try(now):
                raise InputError(TOO_MANY_TRIES)
            await unit.staff.save(staff.charged(now))
        if not await self._matches(staff.password_hash, current):
            raise InputError(NOT_CURRENT)
        hashed = await self._hash(new)
        async with self._store.transaction() as unit:
            held = await _known(unit, staff.login)
            await unit.staff.save(replace(held.forgiven(), password_hash=hashed))
            await unit.staff.end_all(staff.id)
            return await _begin(unit, staff.id, Stage.FULL, now)

    async def sign_out(self, token: str) -> None:
        """Who signs out leaves their duty, too."""
        async with self._store.transaction() as unit:
            session = await unit.staff.session(hash_token(token))
            await unit.staff.end(hash_token(token))
            if session is not None and session.stage is Stage.FULL:
                await unit.duty.end(session.staff)

    async def sign_out_everywhere(self, staff: StaffId, *, by: Reader) -> None:
        async with self._store.transaction() as unit:
            await unit.staff.end_all(staff)
            await self._enter(unit, by, staff, "signed out everywhere")

    async def _find(self, unit: Unit, token: str) -> SignedIn | None:
        session = await unit.staff.session(hash_token(token))
        if session is None or session.is_over(self._clock.now()):
            return None
        staff = await unit.staff.get(session.staff)
        if staff is None or staff.disabled_at is not None:
            return None
        employer = await unit.sites.employer(staff.employer) if staff.employer is not None else None
        return SignedIn(staff=staff, session=session, employer_name=employer.name if employer else "")

    # --- hashes -----------------------------------------------------------------------------------------------------

    async def _hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def _matches(self, hashed: str, password: str) -> bool:
        if len(password) > LONGEST_PASSWORD:
            password = ""  # nobody has it, and to hash a megabyte is what an attacker wants
        async with self._turns:
            try:
                return await asyncio.to_thread(self._hasher.verify, hashed, _normal(password))
            except (VerificationError, InvalidHashError):
                return False

    async def _hash_of_nobody(self) -> str:
        """What an unknown login's password is compared with; made before it is known whether there is such a login."""
        if not self._nobodys_hash:
            self._nobodys_hash = await self._hash(secrets.token_urlsafe(TOKEN_BYTES))
        return self._nobodys_hash


def hash_token(token: str) -> str:
    """What a session is found by: the database alone signs nobody in."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def matching_step(secret: str, code: str, now: datetime, *, after: int | None) -> int | None:
    """The step of 30 seconds whose code this is, one before or after included; None for a wrong or a used one."""
    totp = pyotp.TOTP(secret)
    current = totp.timecode(now)
    given = "".join(str(int(character)) if character.isdecimal() else "" for character in code)
    for step in (current + drift for drift in _DRIFT):
        if (after is None or step > after) and secrets.compare_digest(totp.generate_otp(step), given):
            return step
    return None


def totp_uri(secret: str, login: str) -> str:
    """`otpauth://...`, as authenticator apps read it from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def new_totp_secret() -> str:
    """160 random bits in base 32, as RFC 4226 advises."""
    return pyotp.random_base32()


def check_password(password: str, login: str) -> None:
    """Raises InputError for a password that is short, endless or easy to guess (NIST SP 800-63B: length, not marks)."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InputError(BAD_LENGTH)
    folded = password.casefold()
    if len(set(folded)) < 6 or folded in (login, login * 2) or folded.startswith(("password", "muster")):
        raise InputError(TOO_EASY)


def _normal(password: str) -> str:
    """The same letters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFKC", password)


def _check_account(login: str, name: str, role: Role, employer: EmployerId | None) -> None:
    if not login or len(login) > 254 or any(character.isspace() or not character.isprintable() for character in login):
        raise InputError(BAD_LOGIN)
    if not name.strip():
        raise InputError(NO_NAME)
    if role not in STAFF_ROLES:
        raise InputError(NO_STAFF)
    if role.is_employers and employer is None:
        raise InputError(NEEDS_EMPLOYER)
    if not role.is_employers and employer is not None:
        raise InputError(NEEDS_NO_EMPLOYER)


async def _known(unit: Unit, login: str) -> Staff:
    staff = await unit.staff.hold(login)
    if staff is None:
        raise InputError(NO_ACCOUNT)
    return staff


async def _begin(unit: Unit, staff: StaffId, stage: Stage, now: datetime) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    await unit.staff.begin(StaffSession.begun(hash_token(token), staff, stage, now))
    return token
