"""Owns the store: one engine, and transactions that hold a contact's row."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from typing import Any, Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.contact import ContactId
from bot.domain.errors import Unavailable
from bot.services.broadcast_ports import Broadcasts, Recipients
from bot.services.desk_ports import (
    Activities,
    Alarms,
    Audit,
    CannedReplies,
    CaseLinks,
    Claims,
    Consents,
    Corrections,
    Duty,
    Erasures,
    Merges,
    QueueRows,
    Traces,
    Translations,
)
from bot.services.employer_ports import Roster, Sites, StaffAccounts
from bot.services.figure_ports import Figures
from bot.services.ports import (
    Cases,
    Clock,
    Contacts,
    Deliveries,
    Documents,
    Messages,
    Places,
    Sessions,
)
from bot.services.report_ports import PublishedReports, ServiceFigures
from bot.storage import database, index_key
from bot.storage.activities import SqlActivities
from bot.storage.alarms import SqlAlarms
from bot.storage.audit import SqlAudit
from bot.storage.broadcasts import SqlBroadcasts
from bot.storage.canned_replies import SqlCannedReplies
from bot.storage.case_links import SqlCaseLinks
from bot.storage.cases import SqlCases
from bot.storage.claims import SqlClaims
from bot.storage.consents import SqlConsents
from bot.storage.contacts import SqlContacts
from bot.storage.corrections import SqlCorrections
from bot.storage.crypto import Keyring, Vault
from bot.storage.deliveries import SqlDeliveries
from bot.storage.documents import SqlDocuments
from bot.storage.duty import SqlDuty
from bot.storage.erasures import SqlErasures
from bot.storage.figures import SqlFigures
from bot.storage.merges import SqlMerges
from bot.storage.messages import SqlMessages
from bot.storage.migrate import check
from bot.storage.places import SqlPlaces
from bot.storage.queue_rows import SqlQueueRows
from bot.storage.recipients import SqlRecipients
from bot.storage.roster import SqlRoster
from bot.storage.schema import secrets
from bot.storage.service_figures import SqlPublishedReports, SqlServiceFigures
from bot.storage.sessions import SqlSessions
from bot.storage.sites import SqlSites
from bot.storage.staff import SqlStaff
from bot.storage.traces import SqlTraces
from bot.storage.translations import SqlTranslations
from bot.storage.work import Work


class SqlUnit:
    """Every repository, in one transaction."""

    def __init__(self, work: Work) -> None:
        contacts = SqlContacts(work)
        self.contacts: Contacts = contacts
        self.messages: Messages = SqlMessages(work)
        self.sessions: Sessions = SqlSessions(work)
        self.deliveries: Deliveries = SqlDeliveries(work)
        cases = SqlCases(work)
        self.cases: Cases = cases
        self.places: Places = SqlPlaces(work)
        self.sites: Sites = SqlSites(work)
        self.roster: Roster = SqlRoster(work, contacts)
        self.documents: Documents = SqlDocuments(work)
        self.staff: StaffAccounts = SqlStaff(work)
        self.broadcasts: Broadcasts = SqlBroadcasts(work)
        self.recipients: Recipients = SqlRecipients(work)
        self.claims: Claims = SqlClaims(work)
        self.activities: Activities = SqlActivities(work)
        self.audit: Audit = SqlAudit(work)
        self.consents: Consents = SqlConsents(work)
        self.translations: Translations = SqlTranslations(work)
        self.canned_replies: CannedReplies = SqlCannedReplies(work)
        self.corrections: Corrections = SqlCorrections(work)
        self.duty: Duty = SqlDuty(work)
        self.alarms: Alarms = SqlAlarms(work)
        self.erasures: Erasures = SqlErasures(work)
        self.merges: Merges = SqlMerges(work, contacts)
        self.queue: QueueRows = SqlQueueRows(work, cases)
        self.traces: Traces = SqlTraces(work)
        self.case_links: CaseLinks = SqlCaseLinks(work)
        self.service: ServiceFigures = SqlServiceFigures(work, cases)
        self.published: PublishedReports = SqlPublishedReports(work)
        self.figures: Figures = SqlFigures(work)


class SqlStore:
    """The truth, in a database that `migrate` has brought up to date."""

    def __init__(self, *, engine: AsyncEngine, vault: Vault, clock: Clock) -> None:
        self._engine = engine
        self._vault = vault
        self._clock = clock
        # SQLite has one writer; inside a process its turns are fair, where its own waiting is not.
        self._turn: Any = asyncio.Lock() if database.is_sqlite(engine) else nullcontext()

    @classmethod
    async def open(cls, *, url: str, keyring: Keyring, clock: Clock) -> Self:
        """Connect, and open the index key.

        Raises KeyMissing when the keyring is not this database's, ConfigurationError when `migrate` has not run.
        """
        engine = database.connect(url)
        try:
            async with database.begun(engine) as connection:
                await connection.run_sync(check)
                vault = Vault(keyring, await index_key.get(connection, keyring))
        except BaseException:
            await engine.dispose()
            raise
        return cls(engine=engine, vault=vault, clock=clock)

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self, contact: ContactId | None = None) -> AsyncIterator[SqlUnit]:
        """A transaction; raises Conflict when another came first and Unavailable when the database does not answer.

        Do not open one inside another: on SQLite the inner waits for the outer until it gives up.
        """
        async with self._my_turn(), database.begun(self._engine) as connection:
            work = Work(connection=connection, vault=self._vault, clock=self._clock)
            if contact is not None:
                await work.hold(contact)
            yield SqlUnit(work)

    @asynccontextmanager
    async def look(self) -> AsyncIterator[SqlUnit]:
        """A transaction for reading; raises Unavailable when the database does not answer."""
        async with database.begun(self._engine, reads_only=True) as connection:
            yield SqlUnit(Work(connection=connection, vault=self._vault, clock=self._clock))

    def fingerprint(self, purpose: str, text: str) -> str:
        """A keyed hash (64 hexadecimal digits) that this database's processes alone can make."""
        return self._vault.fingerprint(purpose, text)

    async def ping(self) -> None:
        """Read a row; raises Unavailable when the database does not answer."""
        async with database.begun(self._engine, reads_only=True) as connection:
            await connection.execute(select(secrets.c.id))

    @asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(database.PATIENCE_SECONDS):
                    await stack.enter_async_context(self._turn)
            except TimeoutError as error:
                raise Unavailable("Another transaction holds the database for too long.") from error
            yield
