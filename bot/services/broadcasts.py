"""Owns a broadcast's life: drafted by one person, reviewed, approved by another, begun, updated, cancelled, ended."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.broadcast import (
    DEFAULT_REPEATS,
    Audience,
    Broadcast,
    BroadcastKind,
    BroadcastStatus,
    Info,
    MessageType,
)
from bot.domain.checkin import RecipientState
from bot.domain.contact import Channel
from bot.domain.delivery import BroadcastId
from bot.domain.employer import EmployerId, SiteId
from bot.domain.errors import Conflict, Denied, InputError
from bot.domain.staff import StaffId
from bot.i18n import Catalogs
from bot.log import logger
from bot.services import access
from bot.services.access import Deed, Reader
from bot.services.alert_areas import sites_in
from bot.services.broadcast_ports import Plan, Share
from bot.services.forecast import Forecast, Way, forecast
from bot.services.known_shares import known_shares
from bot.services.letters import Letters
from bot.services.ports import Clock, Ids, Store, Unit
from bot.services.proofreading import Fault, proofread

log = logger("broadcasts")

NO_DRAFT = "Only a draft can be changed. Take it back first, or make an update of it."
NO_TEXT = "There is nothing to review in this language."
OVER = "This is over already: there is nothing to cancel."
NOT_OUT = "This has not gone out: change it instead."
MOVED_ON = "This has moved on in the meantime. Look at it again."
NOT_SUBMITTED = "Its author has not submitted this live alert yet."
NOT_TWICE = "This is itself a cancellation. Send a new alert instead."
NOT_ALIKE = "A drill cannot replace what is real, and what is real cannot replace a drill."
TEXTS = (NO_DRAFT, NO_TEXT, OVER, NOT_OUT, MOVED_ON, NOT_SUBMITTED, NOT_TWICE, NOT_ALIKE)  # shown, so translated

LIFE = timedelta(hours=24)  # of a broadcast whose author gives no end
NOWHERE = SiteId("")  # no site has this id: an area without sites reaches nobody


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
        async with self.store.transaction() as unit:
            return await self._get(unit, reader, broadcast, Deed.READ)

    async def list(self, reader: Reader, limit: int = 100) -> Sequence[Broadcast]:
        """The newest first: of the reader's employer, or for the organisation's staff of all."""
        access.require(reader, Deed.READ, access.of_broadcasts(reader.employer))
        async with self.store.transaction() as unit:
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
            await unit.broadcasts.save(kept)
        return replace(kept, revision=kept.revision + 1)

    async def foresee(self, reader: Reader, changed: Broadcast) -> Preview:
        """What the changed draft would come to; nothing is stored."""
        async with self.store.look() as unit:
            stored = await self._get(unit, reader, changed.id, Deed.CHANGE)
            typed = replace(changed, employer=stored.employer, references=stored.references)
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
            if revision is not None and stored.revision != revision:
                raise Conflict("This was changed after you looked at it. Look at it again.")
            info = stored.infos.get(language)
            if info is None or stored.status not in (BroadcastStatus.DRAFT, BroadcastStatus.SUBMITTED):
                raise InputError(NO_TEXT)
            reviewed = replace(info, reviewed_by=StaffId(reader.id), reviewed_at=self.clock.now())
            kept = replace(stored, infos={**stored.infos, language: reviewed})
            await unit.broadcasts.save(kept)
        return replace(kept, revision=kept.revision + 1)

    # --- the second person ------------------------------------------------------------------------------------------

    async def preview(self, reader: Reader, broadcast: BroadcastId) -> Preview:
        async with self.store.transaction() as unit:
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
        submitted and when the number is not (or no longer) how many it would reach, Conflict when `revision` is given
        and is not what is stored now.
        """
        now = self.clock.now()
        async with self.store.transaction() as unit:
            stored = await self._get(unit, reader, broadcast, Deed.APPROVE)
            if revision is not None and stored.revision != revision:
                raise Conflict("This was changed after you looked at it. Look at it again.")
            if stored.kind is BroadcastKind.ALERT and stored.author == reader.id:
                raise Denied("A live alert needs a second person: its author cannot approve it.")
            if stored.kind is BroadcastKind.ALERT and stored.status is BroadcastStatus.DRAFT:
                raise InputError(NOT_SUBMITTED)  # else whoever finds a draft lets it out alone
            preview = await self._preview(unit, stored, reader)
            if preview.faults:
                raise NotReady(preview.faults)
            if recipients != preview.recipients:
                raise InputError(
                    f"This would go to {preview.recipients} people, not {recipients}. Look at it again, then type the"
                    " number."
                )
            approved = replace(
                _moved(stored, BroadcastStatus.APPROVED),
                approver=StaffId(reader.id),
                approved_at=now,
                places={
                    site.id: (site.name, site.assembly_point)
                    for site in preview.letters.sites.values()
                    if stored.employer in (None, site.employer)
                },
            )
            await unit.broadcasts.save(approved)
            is_due = approved.send_at is None or approved.send_at <= now
            if is_due:
                await self._halt_replaced(unit, approved)
        approved = (
            await self._begin_approved(broadcast) if is_due else replace(approved, revision=approved.revision + 1)
        )
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
        async with self.store.transaction() as unit:
            stored = await self._get(unit, reader, broadcast, Deed.CHANGE)
            if stored.status is not BroadcastStatus.LIVE and not stored.status.may_become(BroadcastStatus.CANCELLED):
                raise InputError(OVER)
            if stored.status.is_begun and stored.message_type is MessageType.CANCEL:
                raise InputError(NOT_TWICE)  # people would read once more that the danger is over
            if not stored.status.is_begun:
                cancelled = replace(_moved(stored, BroadcastStatus.CANCELLED), ended_at=self.clock.now())
                await unit.broadcasts.save(cancelled)
                return cancelled
            word = self._cancellation(reader, stored)
            await unit.broadcasts.add(word)
            await self._halt_replaced(unit, word)
        return await self._begin_approved(word.id)

    def _cancellation(self, reader: Reader, cancelled: Broadcast) -> Broadcast:
        now = self.clock.now()
        return replace(
            cancelled,
            id=BroadcastId(self.ids.new()),
            message_type=MessageType.CANCEL,
            status=BroadcastStatus.APPROVED,
            audience=Audience(of=cancelled.id),
            references=(cancelled.id,),
            asks_check_in=False,
            repeats=(),
            author=StaffId(reader.id),
            approver=StaffId(reader.id),
            created_at=now,
            submitted_at=None,
            approved_at=now,
            send_at=None,
            begun_at=None,
            ended_at=None,
            expires_at=max(now + timedelta(hours=6), cancelled.expires_at or now),
            revision=0,
        )

    async def update(self, reader: Reader, broadcast: BroadcastId, *, includes_waiting: bool = True) -> Broadcast:
        """A draft that replaces it once approved, for those who were sent it, and those still waiting if so chosen."""
        now = self.clock.now()
        async with self.store.transaction() as unit:
            stored = await self._get(unit, reader, broadcast, Deed.CHANGE)
            if not stored.status.is_begun:
                raise InputError(NOT_OUT)
            draft = replace(
                stored,
                id=BroadcastId(self.ids.new()),
                message_type=MessageType.UPDATE,
                status=BroadcastStatus.DRAFT,
                audience=Audience(of=stored.id, includes_waiting=includes_waiting),
                references=(stored.id,),
                author=StaffId(reader.id),
                approver=None,
                places={},
                created_at=now,
                submitted_at=None,
                approved_at=None,
                send_at=None,
                begun_at=None,
                ended_at=None,
                expires_at=max(now + LIFE, stored.expires_at or now),
                revision=0,
            )
            await unit.broadcasts.add(draft)
        return replace(draft, revision=1)

    # --- time -------------------------------------------------------------------------------------------------------

    async def keep_time(self) -> int:
        """Begin what is due and end what is over; returns how many broadcasts moved."""
        now, moved = self.clock.now(), 0
        async with self.store.look() as unit:
            waiting = await unit.broadcasts.in_status(BroadcastStatus.APPROVED, BroadcastStatus.LIVE)
        for broadcast in waiting:
            is_due = broadcast.status is BroadcastStatus.APPROVED and (broadcast.send_at or now) <= now
            if broadcast.is_over(now) or is_due:
                with suppress(Conflict):  # another process came first
                    moved += await self._move_on(broadcast, now)
        return moved

    async def _move_on(self, seen: Broadcast, now: datetime) -> bool:
        async with self.store.transaction() as unit:
            current = await unit.broadcasts.get(seen.id)
            if current is None or current.revision != seen.revision:
                return False
            await (self._end(unit, current) if current.is_over(now) else self._begin(unit, current))
        return True

    async def catch_up(self, unit: Unit, broadcast: BroadcastId) -> None:
        """Some of a stopped broadcast were still sent it: what came in its place is for them too (R8)."""
        for later in await unit.broadcasts.in_status(BroadcastStatus.LIVE):
            plan = await self._plan(unit, later)
            if broadcast in plan.earlier:
                await unit.recipients.expand(later, plan)

    async def _end(self, unit: Unit, broadcast: Broadcast) -> None:
        """Its life is over: whoever was not reached never will be (R20)."""
        ending = BroadcastStatus.ENDED if broadcast.status is BroadcastStatus.LIVE else BroadcastStatus.CANCELLED
        await unit.broadcasts.save(replace(_moved(broadcast, ending), ended_at=self.clock.now()))
        await unit.recipients.stop(broadcast.id, RecipientState.EXPIRED)
        await unit.deliveries.cancel_outreach(broadcast.id)

    async def _begin_approved(self, broadcast: BroadcastId) -> Broadcast:
        """Begin what is approved and due; where this process dies before, or another is faster, `keep_time` does."""
        with suppress(Conflict):
            async with self.store.transaction() as unit:
                approved = await unit.broadcasts.get(broadcast)
                if approved is not None and approved.status is BroadcastStatus.APPROVED:
                    return await self._begin(unit, approved)
        async with self.store.look() as unit:
            begun = await unit.broadcasts.get(broadcast)
        assert begun is not None, "a broadcast is never deleted"
        return begun

    async def _begin(self, unit: Unit, broadcast: Broadcast) -> Broadcast:
        """Enter the account, everybody in it at once, when those of what this one replaces are closed."""
        now = self.clock.now()
        await self._halt_replaced(unit, broadcast)
        for replaced in broadcast.references:
            await unit.broadcasts.hold(replaced, is_alone=True)  # sends that are being kept are in the account then
            await unit.recipients.stop(replaced, RecipientState.CANCELLED)
            await unit.deliveries.cancel_outreach(replaced)
        begun = replace(_moved(broadcast, BroadcastStatus.LIVE), begun_at=now)
        await unit.broadcasts.save(begun)
        plan = await self._plan(unit, begun)
        count = await unit.recipients.expand(begun, plan)
        log.info("broadcast_begun", broadcast=begun.id, kind=begun.kind, recipients=count)
        return replace(begun, revision=begun.revision + 1)

    async def _halt_replaced(self, unit: Unit, broadcast: Broadcast) -> None:
        """From this commit on nothing is sent any more of what it replaces; a million accounts take longer to close."""
        for replaced in broadcast.references:
            stored = await unit.broadcasts.get(replaced)
            if stored is not None and stored.status is BroadcastStatus.LIVE:
                halted = replace(_moved(stored, BroadcastStatus.CANCELLED), ended_at=self.clock.now())
                await unit.broadcasts.save(halted)

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
            moved = replace(_moved(stored, to), submitted_at=at, approver=None, approved_at=None, places={})
            await unit.broadcasts.save(moved)
        return replace(moved, revision=moved.revision + 1)

    async def _preview(self, unit: Unit, broadcast: Broadcast, reader: Reader) -> Preview:
        now = self.clock.now()
        plan = await self._plan(unit, broadcast)
        shares = await self._shares(unit, plan, reader) if plan.languages else ()
        letters = await self.letters(unit, broadcast)
        opened = {
            channel: await unit.deliveries.templates_since(channel, now - timedelta(days=1))
            for channel, way in self.ways.items()
            if way.reach is not None
        }
        expected = forecast(letters, shares, self.ways, opened)
        faults = proofread(broadcast, letters, self.ways, now=now, recipients=expected.recipients)
        return Preview(broadcast=broadcast, forecast=expected, letters=letters, faults=tuple(faults))

    async def _shares(self, unit: Unit, plan: Plan, reader: Reader) -> Sequence[Share]:
        """How the audience is reached; for an employer's staff as far as the employer can know it (R2)."""
        if not reader.role.is_employers:
            return await unit.recipients.shares(plan)
        people = await unit.roster.get(await unit.recipients.meant(plan))
        return known_shares(plan, people.values())

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

    async def _audience(self, unit: Unit, broadcast: Broadcast) -> Audience:
        """The audience with its area as the sites that lie in it.

        An area never finds people by the location they shared: an employer could search for a worker with it (R2, R3).
        """
        audience = broadcast.audience
        if audience.area is None or not audience.area.has_shape:
            return audience
        sites = await (unit.sites.of(broadcast.employer) if broadcast.employer else unit.sites.all())
        inside = sites_in(audience.area, sites)
        chosen = tuple(site for site in inside if not audience.sites or site in audience.sites)
        return replace(audience, sites=chosen or (NOWHERE,), area=None)

    async def _earlier(self, unit: Unit, broadcast: Broadcast) -> tuple[BroadcastId, ...]:
        """What its audience was sent before, the newest first: whom an update did not reach still acts on the alert."""
        earlier: list[BroadcastId] = []
        of = broadcast.audience.of
        while of is not None and of not in earlier:
            earlier.append(of)
            stored = await unit.broadcasts.get(of)
            of = stored.audience.of if stored is not None else None
        return tuple(earlier)

    async def _plan(self, unit: Unit, broadcast: Broadcast) -> Plan:
        return Plan(
            employer=broadcast.employer,
            audience=await self._audience(unit, broadcast),
            earlier=await self._earlier(unit, broadcast),
            channels=tuple(self.ways),
            can_open=frozenset(channel for channel, way in self.ways.items() if way.opens),
            languages=broadcast.sendable_languages(),
            fallback=broadcast.source_language,
            overrides_opt_out=broadcast.overrides_opt_out,
            now=self.clock.now(),
        )


def _moved(broadcast: Broadcast, status: BroadcastStatus) -> Broadcast:
    if not broadcast.status.may_become(status):
        raise InputError(MOVED_ON)
    return replace(broadcast, status=status)


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
