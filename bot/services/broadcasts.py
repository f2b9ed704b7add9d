"""Owns what staff do with a broadcast: one person drafts it, others review and approve, anyone updates or cancels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.domain.broadcast import (
    DEFAULT_REPEATS,
    LIFE,
    MOVED_ON,
    Broadcast,
    BroadcastKind,
    BroadcastStatus,
    Info,
    MessageType,
)
from bot.domain.contact import Channel
from bot.domain.delivery import BroadcastId
from bot.domain.employer import EmployerId
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.staff import StaffId
from bot.i18n import Catalogs
from bot.log import logger
from bot.services import access
from bot.services.access import Deed, Reader
from bot.services.audiences import plan_of
from bot.services.broadcast_life import BroadcastLife, saved
from bot.services.broadcast_ports import Plan, Share
from bot.services.forecast import Forecast, Way, forecast
from bot.services.known_shares import known_shares
from bot.services.letters import Letters
from bot.services.ports import Clock, Ids, Store, Unit
from bot.services.proofreading import Fault, proofread, unsent

log = logger("broadcasts")

NO_DRAFT = "Only a draft can be changed. Take it back first, or make an update of it."
NO_TEXT = "There is nothing to review in this language."
OVER = "This is over already: there is nothing to cancel."
NOT_OUT = "This has not gone out: change it instead."
NOT_SUBMITTED = "Its author has not submitted this live alert yet."
NOT_TWICE = "This is itself a cancellation. Send a new alert instead."
NOT_ALIKE = "A drill cannot replace what is real, and what is real cannot replace a drill."
REPLACED = "Another update has replaced this alert already. Make an update of that one."
# Shown on pages, so they are translated.
TEXTS = (NO_DRAFT, NO_TEXT, OVER, NOT_OUT, MOVED_ON, NOT_SUBMITTED, NOT_TWICE, NOT_ALIKE, REPLACED)
CHANGED = "This was changed after you looked at it. Look at it again."  # pages say it in their own words


class NotReady(InputError):
    """A broadcast that may not go out as it is; `faults` says all that is to be mended."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.message for fault in faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an approver sees before anything goes out (R7, R12)."""

    broadcast: Broadcast
    forecast: Forecast
    letters: Letters
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...] = ()  # faults of texts that are not sent as things stand

    @property
    def recipients(self) -> int:
        return self.forecast.recipients


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastDesk:
    """Everything that staff do with broadcasts; each deed asks `access` first."""

    store: Store
    clock: Clock
    ids: Ids
    catalogs: Catalogs
    organisation: str
    ways: Mapping[Channel, Way] = field(default_factory=dict)  # the channels that are on, the preferred first

    @property
    def life(self) -> BroadcastLife:
        """What becomes of broadcasts by themselves, over the same store."""
        return BroadcastLife(store=self.store, clock=self.clock, ways=self.ways)

    # --- drafting ---------------------------------------------------------------------------------------------------

    async def draft(self, reader: Reader, broadcast: Broadcast) -> Broadcast:
        """Store a new draft, as `new` or a hazard's template or CAP made it."""
        access.require(reader, Deed.CHANGE, access.of_broadcasts(broadcast.employer))
        async with self.store.transaction() as unit:
            for replaced in broadcast.references:
                stored = await self._get(unit, reader, replaced, Deed.CHANGE)
                if (stored.kind is BroadcastKind.DRILL) is not (broadcast.kind is BroadcastKind.DRILL):
                    raise InputError(NOT_ALIKE)  # else one person could stop an alert by a drill (R7, R9)
            await unit.broadcasts.add(broadcast)
        return replace(broadcast, revision=1)

    def new(self, reader: Reader, kind: BroadcastKind, *, employer: EmployerId | None = None) -> Broadcast:
        """An empty draft by this reader, for their employer or (the organisation's staff) the one given."""
        now = self.clock.now()
        return Broadcast(
            id=BroadcastId(self.ids.new()),
            employer=reader.employer if reader.role.is_employers else employer,
            kind=kind,
            source_language=self.catalogs.languages[0],
            asks_check_in=kind is not BroadcastKind.NOTICE,
            repeats=() if kind is BroadcastKind.NOTICE else DEFAULT_REPEATS,
            author=StaffId(reader.id),
            created_at=now,
            expires_at=now + LIFE,
        )

    async def get(self, reader: Reader, broadcast: BroadcastId) -> Broadcast:
        """Raises Denied, in the same words for what is refused and what is not there."""
        async with self.store.look() as unit:
            return await self._get(unit, reader, broadcast, Deed.READ)

    async def list(self, reader: Reader, limit: int = 100) -> Sequence[Broadcast]:
        """The newest first: of the reader's employer, or for the organisation's staff of all."""
        access.require(reader, Deed.READ, access.of_broadcasts(reader.employer))
        async with self.store.look() as unit:
            return await unit.broadcasts.of_employer(reader.employer if reader.role.is_employers else None, limit)

    async def change(self, reader: Reader, changed: Broadcast) -> Broadcast:
        """Replace a draft. A language whose words, or whose source, are not what somebody reviewed, is unreviewed."""
        async with self.store.transaction() as unit:
            stored = await self._get(unit, reader, changed.id, Deed.CHANGE)
            if stored.status is not BroadcastStatus.DRAFT:
                raise InputError(NO_DRAFT)
            kept = replace(
                changed,
                employer=stored.employer,
                kind=stored.kind,  # whoever wrote a drill has shown nobody an alert, and may approve it alone
                status=stored.status,
                author=StaffId(reader.id),  # whoever wrote last cannot approve it
                approver=None,
                created_at=stored.created_at,
                references=stored.references,
                message_type=stored.message_type,
                # To write to people who said STOP takes a live alert (R19).
                overrides_opt_out=changed.overrides_opt_out and stored.kind is BroadcastKind.ALERT,
                infos=_still_reviewed(stored, changed),
            )
            return await saved(unit, kept)

    async def foresee(self, reader: Reader, changed: Broadcast) -> Preview:
        """What the changed draft would come to; nothing is stored."""
        async with self.store.look() as unit:
            stored = await self._get(unit, reader, changed.id, Deed.CHANGE)
            typed = replace(changed, employer=stored.employer, kind=stored.kind, references=stored.references)
            return await self._preview(unit, typed, reader)

    async def review(
        self, reader: Reader, broadcast: BroadcastId, language: str, *, revision: int | None = None
    ) -> Broadcast:
        """A person stands for this language: it says what the source says (R12).

        Raises InputError where there is nothing to review, Conflict when `revision` is given and is not what is stored:
        nobody stands for words that came after they read.
        """
        async with self.store.transaction() as unit:
            stored = await self._get(unit, reader, broadcast, Deed.CHANGE)
            _require_read(stored, revision)
            info = stored.infos.get(language)
            if info is None or stored.status not in (BroadcastStatus.DRAFT, BroadcastStatus.SUBMITTED):
                raise InputError(NO_TEXT)
            reviewed = replace(info, reviewed_by=StaffId(reader.id), reviewed_at=self.clock.now())
            kept = replace(stored, infos={**stored.infos, language: reviewed})
            return await saved(unit, kept)

    # --- the second person ------------------------------------------------------------------------------------------

    async def preview(self, reader: Reader, broadcast: BroadcastId) -> Preview:
        async with self.store.look() as unit:
            stored = await self._get(unit, reader, broadcast, Deed.READ)
            return await self._preview(unit, stored, reader)

    async def submit(self, reader: Reader, broadcast: BroadcastId) -> Broadcast:
        """Ask a second person to approve; raises NotReady with all that is to be mended first."""
        return await self._move(reader, broadcast, BroadcastStatus.SUBMITTED, Deed.CHANGE)

    async def take_back(self, reader: Reader, broadcast: BroadcastId) -> Broadcast:
        """Make what has not begun a draft again."""
        return await self._move(reader, broadcast, BroadcastStatus.DRAFT, Deed.CHANGE)

    async def approve(
        self, reader: Reader, broadcast: BroadcastId, *, recipients: int, revision: int | None = None
    ) -> Broadcast:
        """Let it go out, now or at its time. `recipients` is the number that the approver typed.

        Raises Denied for a live alert's own author (R7), NotReady for faults, InputError for a live alert that was not
        submitted, for an update of what another has replaced, and when the number is not (or no longer) how many it
        would reach, Conflict when `revision` is given and is not what is stored now.
        """
        now = self.clock.now()
        async with self.store.transaction() as unit:
            stored = await self._get(unit, reader, broadcast, Deed.APPROVE)
            _require_read(stored, revision)
            if stored.kind is BroadcastKind.ALERT and stored.author == reader.id:
                raise Denied("A live alert needs a second person: its author cannot approve it.")
            if stored.kind is BroadcastKind.ALERT and stored.status is BroadcastStatus.DRAFT:
                raise InputError(NOT_SUBMITTED)  # else whoever finds a draft lets it out alone
            if await self.life.is_late(unit, stored):
                raise InputError(REPLACED)
            preview = await self._preview(unit, stored, reader)
            if preview.faults:
                raise NotReady(preview.faults)
            if recipients != preview.recipients:
                raise InputError(
                    f"This would go to {preview.recipients} people, not {recipients}. Look at it again, then type the"
                    " number."
                )
            changed = replace(
                stored.moved(BroadcastStatus.APPROVED),
                approver=StaffId(reader.id),
                approved_at=now,
                places={
                    site.id: (site.name, site.assembly_point)
                    for site in preview.letters.sites.values()
                    if stored.employer in (None, site.employer)
                },
            )
            approved = await saved(unit, changed)
            is_due = approved.send_at is None or approved.send_at <= now
            if is_due:
                await self.life.halt_replaced(unit, approved)
        if is_due:
            approved = await self.life.begin_approved(broadcast)
        log.info(
            "broadcast_approved",
            broadcast=broadcast,
            status=approved.status,
            approver=reader.id,
            overrides_opt_out=approved.overrides_opt_out,
        )
        return approved

    # --- afterwards -------------------------------------------------------------------------------------------------

    async def cancel(self, reader: Reader, broadcast: BroadcastId) -> Broadcast:
        """Stop it at once; whoever was sent it is told so, on the same channels, before all else (R8).

        Returns what cancels it, or the broadcast itself when it had not begun.
        """
        now = self.clock.now()
        async with self.store.transaction() as unit:
            stored = await self._get(unit, reader, broadcast, Deed.CHANGE)
            if not stored.status.may_become(BroadcastStatus.CANCELLED):
                raise InputError(OVER)
            if not stored.status.is_begun:
                await self.life.close_halted(unit, stored)
                return await saved(unit, replace(stored.moved(BroadcastStatus.CANCELLED), ended_at=now))
            if stored.message_type is MessageType.CANCEL:
                raise InputError(NOT_TWICE)  # people would read once more that the danger is over
            word = stored.cancellation(id=BroadcastId(self.ids.new()), by=StaffId(reader.id), at=now)
            await unit.broadcasts.add(word)
            await self.life.halt_replaced(unit, word)
        return await self.life.begin_approved(word.id)

    async def update(self, reader: Reader, broadcast: BroadcastId, *, includes_waiting: bool = True) -> Broadcast:
        """A draft that replaces it once approved, for those who were sent it, and those still waiting if so chosen."""
        now = self.clock.now()
        async with self.store.transaction() as unit:
            stored = await self._get(unit, reader, broadcast, Deed.CHANGE)
            if not stored.status.is_begun:
                raise InputError(NOT_OUT)
            draft = stored.update(
                id=BroadcastId(self.ids.new()), by=StaffId(reader.id), at=now, includes_waiting=includes_waiting
            )
            await unit.broadcasts.add(draft)
        return replace(draft, revision=1)

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _get(self, unit: Unit, reader: Reader, broadcast: BroadcastId, deed: Deed) -> Broadcast:
        stored = await unit.broadcasts.get(broadcast)
        if stored is None:
            raise Denied(access.REFUSAL)
        access.require(reader, deed, access.of_broadcasts(stored.employer))
        return stored

    async def _move(self, reader: Reader, broadcast: BroadcastId, to: BroadcastStatus, deed: Deed) -> Broadcast:
        async with self.store.transaction() as unit:
            stored = await self._get(unit, reader, broadcast, deed)
            if to is BroadcastStatus.SUBMITTED:
                faults = (await self._preview(unit, stored, reader)).faults
                if faults:
                    raise NotReady(faults)
            at = self.clock.now() if to is BroadcastStatus.SUBMITTED else None
            moved = replace(stored.moved(to), submitted_at=at, approver=None, approved_at=None, places={})
            return await saved(unit, moved)

    async def _preview(self, unit: Unit, broadcast: Broadcast, reader: Reader) -> Preview:
        now = self.clock.now()
        plan = await plan_of(unit, broadcast, self.ways, now)
        shares = await self._shares(unit, plan, reader) if plan.languages else ()
        letters = await self.letters(unit, broadcast)
        opened = {
            channel: await unit.deliveries.templates_since(channel, now - timedelta(days=1))
            for channel, way in self.ways.items()
            if way.reach is not None
        }
        expected = forecast(letters, shares, self.ways, opened)
        faults = proofread(broadcast, letters, self.ways, now=now, recipients=expected.recipients)
        notes = tuple(unsent(broadcast, letters))
        return Preview(broadcast=broadcast, forecast=expected, letters=letters, faults=tuple(faults), notes=notes)

    async def _shares(self, unit: Unit, plan: Plan, reader: Reader) -> Sequence[Share]:
        """How the audience is reached; for an employer's staff as far as the employer can know it (R2)."""
        if not reader.role.is_employers:
            return await unit.recipients.shares(plan)
        people = await unit.roster.get(await unit.recipients.meant(plan))
        written_to = await unit.recipients.written_to(plan.employer) if plan.employer else ()
        return known_shares(plan, people.values(), written_to)

    async def letters(self, unit: Unit, broadcast: Broadcast) -> Letters:
        """Whoever writes this broadcast's letters."""
        replaced = await unit.broadcasts.get(broadcast.references[0]) if broadcast.references else None
        return Letters(
            broadcast=broadcast,
            catalogs=self.catalogs,
            organisation=self.organisation,
            sites={site.id: site for site in await unit.sites.all()},
            employers={employer.id: employer for employer in await unit.sites.employers()},
            replaced=replaced,
        )


def _require_read(stored: Broadcast, revision: int | None) -> None:
    """Nobody stands for, or lets out, what came after they read."""
    if revision is not None and stored.revision != revision:
        raise Conflict(CHANGED)


def _still_reviewed(stored: Broadcast, changed: Broadcast) -> dict[str, Info]:
    """The new texts with the review marks that still hold. No form can set a mark: `review` does."""
    same_source = (
        stored.source is not None and changed.source is not None and stored.source.texts == changed.source.texts
    )
    infos: dict[str, Info] = {}
    for language, info in changed.infos.items():
        before = stored.infos.get(language)
        holds = same_source and before is not None and before.texts == info.texts
        infos[language] = replace(
            info,
            reviewed_by=before.reviewed_by if before and holds else None,
            reviewed_at=before.reviewed_at if before and holds else None,
        )
    return infos
