"""Owns the commands that are not a service: check, simulate, import, accounts, migrate, rotate, the report on NLU."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import segno
from pydantic import SecretStr

from bot import check, importing
from bot.app.desks import Desks, action_specs, converse, flows, learned, send_through, texts, triggers_of
from bot.app.duties import unheard_alarms
from bot.app.outside import ask_rasa, open_store
from bot.channels import segments
from bot.channels.sms import cut_for_sms
from bot.clock import RandomIds, SystemClock
from bot.config import Settings
from bot.domain.contact import Channel
from bot.domain.employer import Employer, EmployerId
from bot.domain.errors import InputError
from bot.domain.staff import Role
from bot.engine.schema import schema_text
from bot.nlu import road
from bot.nlu.provision import ProvisionError, default_provision
from bot.sandbox import scenario
from bot.services import (
    alarms,
    broadcasts,
    casework,
    composing,
    consenting,
    corrections,
    desk,
    duty,
    merging,
    missing,
    place_desk,
    proofreading,
    referrals,
    replies,
    roster,
    staff,
    translating,
    wages,
)
from bot.services.audit import AuditDesk
from bot.services.conversation import TEXTS
from bot.services.inbox import Inbox
from bot.services.roster import RosterDesk
from bot.services.staff import StaffDesk, new_totp_secret, totp_uri
from bot.simulate import NoBell, NoThrottle, Simulation, Terminal, lines_of_terminal
from bot.storage import backup, ledger
from bot.storage.crypto import Keyring, make_key
from bot.storage.migrate import migrate
from bot.storage.rotate import rotate
from bot.storage.store import SqlStore
from bot.web import webchat_words


def run_check(settings: Settings, *, draw: Path | None, extract: bool, schema: bool) -> int:
    """Print every problem with file and line; 1 if there is any. Writes what it is asked to write first."""
    spoken = [text.msgid for text in (*TEXTS, *desk.SPOKEN)]
    shown = {
        "bot/web/webchat_words.py": webchat_words.MSGIDS,
        "bot/services/staff.py": staff.TEXTS,
        "bot/services/proofreading.py": proofreading.TEXTS,
        "bot/services/broadcasts.py": broadcasts.TEXTS,
        "bot/services/desk.py": desk.TEXTS,
        "bot/services/casework.py": casework.TEXTS,
        "bot/services/consenting.py": consenting.TEXTS,
        "bot/services/wages.py": wages.TEXTS,
        "bot/services/referrals.py": referrals.TEXTS,
        "bot/services/missing.py": missing.TEXTS,
        "bot/services/merging.py": merging.TEXTS,
        "bot/services/duty.py": duty.TEXTS,
        "bot/services/alarms.py": alarms.TEXTS,
        "bot/services/roster.py": roster.TEXTS,
        "bot/services/place_desk.py": place_desk.TEXTS,
        "bot/services/corrections.py": corrections.TEXTS,
        "bot/services/composing.py": composing.TEXTS,
        "bot/services/replies.py": replies.TEXTS,
        "bot/services/translating.py": translating.TEXTS,
    }
    if schema:
        (settings.root / "flows" / "schema.json").write_text(schema_text(), encoding="utf-8")
    if extract:
        print(check.extract(settings.root, spoken))
        print(check.extract_pages(settings.root, shown))
    if draw is not None:
        for path in check.draw_flows(settings.root, draw):
            print(path)
    specs = action_specs(settings)
    problems = check.check(
        settings.root,
        specs,
        catalogs=texts(settings),
        spoken=spoken,
        shown=shown,
        segments=lambda text: segments.segments(text)[1],
    )
    found = [*problems, *check.outdated(settings.root)]
    for problem in found:
        print(problem)
    for text in unheard_alarms(settings):
        print(f"WARNING: {text}")
    faults = [problem for problem in found if not problem.is_note]
    print(f"{len(faults)} problems, {len(found) - len(faults)} notes")
    return 1 if faults else 0


async def simulate(settings: Settings, *, channel: Channel, language: str | None) -> None:
    """A conversation on this terminal, in a database that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="muster-") as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'simulate.db'}"
        settings = settings.model_copy(update={"database_url": SecretStr(url), "keys": SecretStr(make_key())})
        async with _opened(settings) as store, aiohttp.ClientSession() as session:
            await _simulate(settings, store, session, channel, language)


async def _simulate(
    settings: Settings, store: SqlStore, session: aiohttp.ClientSession, channel: Channel, language: str | None
) -> None:
    await scenario.load(store, SystemClock().now())
    desks, rasa = Desks.over(store, settings), ask_rasa(settings, session)
    terminal = Terminal(
        name=channel, fitting=cut_for_sms if channel is Channel.SMS else lambda content: (content,), write=print
    )
    channels = {channel: terminal}
    conversation = converse(settings, desks, store=store, bell=NoBell(), channels=channels, rasa=rasa)
    await Simulation(
        inbox=Inbox(store=store, bell=NoBell(), clock=desks.clock, ids=desks.ids),
        conversation=conversation,
        sender=send_through(settings, desks, store=store, channels=channels, throttle=NoThrottle()),
        channel=channel,
        language_hint=language,
    ).converse(lines_of_terminal())


async def import_places(settings: Settings, file: Path, *, is_dry_run: bool, skips_bad: bool) -> int:
    """Import places from a CSV or XLSX file; prints what changes and every problem by row; 1 if there is any."""
    async with _opened(settings) as store:
        is_sound = await importing.import_places(
            file,
            store=store,
            today=SystemClock().now().astimezone(settings.zone).date(),
            timezone=settings.timezone,
            region=settings.region,
            is_dry_run=is_dry_run,
            skips_bad=skips_bad,
        )
    return 0 if is_sound else 1


async def import_roster(
    settings: Settings, file: Path, *, employer: str, is_dry_run: bool, skips_bad: bool, marks_leavers: bool
) -> int:
    """Import an employer's people from a CSV or XLSX file; prints what changes and every problem by row."""
    async with _opened(settings) as store:
        is_sound = await importing.import_roster(
            file,
            desk=RosterDesk(store=store, clock=SystemClock(), ids=RandomIds(), region=settings.region),
            employer=EmployerId(employer),
            is_dry_run=is_dry_run,
            skips_bad=skips_bad,
            marks_leavers=marks_leavers,
        )
    return 0 if is_sound else 1


async def verify_audit(settings: Settings) -> int:
    """Say whether the audit's chain is whole, and where it is broken; 1 if it is.

    The last number and hash, kept elsewhere, prove later that no older copy of the database was put back.
    """
    async with _opened(settings) as store:
        desk = AuditDesk(store=store, clock=SystemClock())
        broken, last = await desk.first_break(), await desk.last()
    if broken is not None:
        print(f"The audit is not whole: entry {broken} was changed, removed or put in, or all from there on.")
        return 1
    print(f"The audit is whole: {last.number} entries, the last one's hash is {last.hash}." if last else "It is empty.")
    return 0


async def _require_employer(store: SqlStore, employer: EmployerId, name: str) -> None:
    """Make the employer if it is new and has a name; raises InputError for a new one without."""
    async with store.transaction() as unit:
        if await unit.sites.employer(employer) is None:
            if not name:
                raise InputError(f"There is no employer {employer!r}. Give its name too, and it is made.")
            await unit.sites.put(Employer(id=employer, name=name), [])


async def add_user(
    settings: Settings,
    *,
    login: str,
    name: str,
    role: Role,
    password: str,
    employer: str | None,
    employer_name: str,
    languages: tuple[str, ...],
    enrols_later: bool,
) -> int:
    """Make an account, and the employer if it is a new one with a name; prints the second factor to be scanned now."""
    secret = None if enrols_later else new_totp_secret()
    async with _opened(settings) as store:
        if employer is not None:
            await _require_employer(store, EmployerId(employer), employer_name)
        added = await _staff_desk(store).add(
            login=login,
            name=name,
            role=role,
            password=password,
            employer=EmployerId(employer) if employer is not None else None,
            languages=languages,
            totp_secret=secret,
        )
    print(f"{added.login} can sign in at /console/ as {role.value}.")
    if secret is None:
        print("The first sign-in shows a QR code for the authenticator app: sign in soon, before somebody else does.")
    else:
        _print_second_factor(totp_uri(secret, added.login))
    return 0


async def renew_user(settings: Settings, *, login: str, password: str) -> int:
    """A new password, and a new second factor at the next sign-in."""
    async with _opened(settings) as store:
        await _staff_desk(store).renew(login, password)
    print(f"{login} is signed out everywhere; the next sign-in shows a QR code for the authenticator app.")
    return 0


async def disable_user(settings: Settings, *, login: str) -> int:
    """Nobody signs in with this account any more."""
    async with _opened(settings) as store:
        await _staff_desk(store).disable(login)
    print(f"{login} is signed out and cannot sign in any more.")
    return 0


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[SqlStore]:
    """The settings' database, brought to this version."""
    await migrate(settings.database_url.get_secret_value())
    store = await open_store(settings)
    try:
        yield store
    finally:
        await store.close()


def _staff_desk(store: SqlStore) -> StaffDesk:
    return StaffDesk(store=store, clock=SystemClock(), ids=RandomIds())


def _print_second_factor(uri: str) -> None:
    """To be scanned from this terminal, once: it is shown nowhere again."""
    print("Scan this with an authenticator app, or type the key that stands after secret= in the line below.\n")
    segno.make(uri, error="m").terminal(compact=True)
    print(f"\n{uri}")


async def migrate_store(settings: Settings) -> int:
    await migrate(settings.database_url.get_secret_value())
    print("The database is up to date.")
    return 0


async def rotate_keys(settings: Settings) -> int:
    """Encrypt everything with the newest key."""
    url = settings.database_url.get_secret_value()
    counts = await rotate(url=url, keyring=Keyring.parse(settings.keys.get_secret_value()))
    for table, count in counts.items():
        print(f"{table}: {count} sealed anew")
    print("The older keys can be dropped from MUSTER_KEYS.")
    return 0


async def back_up(settings: Settings, file: Path) -> int:
    """Write the whole database into one encrypted file."""
    url, keyring = settings.database_url.get_secret_value(), Keyring.parse(settings.keys.get_secret_value())
    await migrate(url)
    counts = await backup.back_up(url=url, keyring=keyring, path=file, clock=SystemClock())
    print(f"{file}: {sum(counts.values())} rows of {len(counts)} tables, written and read again.")
    kept = f"Keep {settings.home / ledger.NAME} with it: who was erased, and who said STOP, since."
    print(f"It opens with today's MUSTER_KEYS only. {kept}")
    return 0


async def restore(settings: Settings, file: Path, *, replaces: bool) -> int:
    """Put a backup into the settings' database; what people ended since stays ended."""
    url, keyring = settings.database_url.get_secret_value(), Keyring.parse(settings.keys.get_secret_value())
    await migrate(url)
    done = await backup.restore(
        url=url,
        keyring=keyring,
        path=file,
        said_since=ledger.read(settings.home / ledger.NAME),
        clock=SystemClock(),
        replaces=replaces,
    )
    print(f"{sum(done.counts.values())} rows of {len(done.counts)} tables are back.")
    print(f"{done.erased} people who were erased since are erased again. Everybody signs in anew.")
    return 0


def nlu_report(settings: Settings, *, as_json: bool) -> int:
    """The NLU server's own report on the evaluation sets, then how many dangers are heard on the whole road."""
    try:
        provision = default_provision(say=lambda line: print(line, file=sys.stderr, flush=True))
        model = provision.ensure()
    except ProvisionError as problem:
        print(problem, file=sys.stderr)
        return 1
    command = [str(provision.python), "-W", "ignore", "-m", "bot.nlu.server", "report", "--model", str(model)]
    command += ["--data", str(settings.root / "nlu_data" / "eval"), *(["--json"] if as_json else [])]
    done = subprocess.run(command, check=False, cwd=settings.root)  # noqa: S603 (our own program)
    if done.returncode == 0 and not as_json:
        asyncio.run(_danger_report(settings, provision.python, model))
    return done.returncode


async def _danger_report(settings: Settings, python: Path, model: Path) -> None:
    """Recall of danger through signals, understanding and routing, with the NLU server and with key words alone."""
    lines = list(road.read_lines(settings.root / "nlu_data" / "eval", settings.languages))
    triggers = triggers_of(flows(settings))
    keywords, _ = learned(settings.root / "nlu_data", settings.languages)
    async with road.served(python, model, checkout=settings.root) as rasa:
        for name, understander in (("the NLU server", rasa), ("key words alone", keywords)):
            heard = await road.danger_recall(
                lines,
                understander=understander,
                languages=settings.languages,
                triggers=triggers,
                limits=settings.thresholds,
            )
            print(f"\nthe whole road with {name}\n{road.as_text(heard)}")
