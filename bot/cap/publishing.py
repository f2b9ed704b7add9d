"""Owns what of our broadcasts the world may read, and how it is told: as alerts and as a feed of the current ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.cap import times
from bot.cap.feeds import Entry, write_feed
from bot.cap.writing import for_all, headline_of, sent_at, write_alert
from bot.domain.broadcast import Broadcast, BroadcastKind, BroadcastStatus, MessageType, Provenance
from bot.domain.delivery import BroadcastId
from bot.domain.errors import InputError

CANCELS_SHOWN = timedelta(hours=24)  # how long the feed tells that something was called off


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Speaks for one deployment: `sender` names it in the world (a domain), `public_url` is where it is reached."""

    sender: str
    sender_name: str
    public_url: str
    zone: ZoneInfo
    contact: str = ""

    @property
    def remembered(self) -> timedelta:
        """How far back the feed looks."""
        return CANCELS_SHOWN

    def alert(self, broadcast: Broadcast, earlier: Sequence[Broadcast]) -> bytes:
        """The alert as CAP; `earlier` are those that it refers to. Raises InputError when it is not for the public."""
        if not is_published(broadcast):
            raise InputError("This is not for the public.")
        references = [self._reference(one) for one in earlier if is_published(one)]
        if broadcast.message_type is MessageType.UPDATE and not references:
            broadcast = replace(broadcast, message_type=MessageType.ALERT)  # the first that the public hears of it
        return write_alert(
            broadcast,
            sender=self.sender,
            sender_name=self.sender_name,
            web=self.address(broadcast),
            zone=self.zone,
            references=references,
            contact=self.contact,
        )

    def feed(self, broadcasts: Sequence[Broadcast], now: datetime) -> bytes:
        """The current alerts of these, the newest first. `updated` moves with whatever begins or ends."""
        published = [broadcast for broadcast in broadcasts if is_published(broadcast)]
        known = frozenset(broadcast.id for broadcast in published)
        current = [broadcast for broadcast in published if is_current(broadcast, now) and _is_heard(broadcast, known)]
        replaced = {earlier for broadcast in current for earlier in broadcast.references}
        shown = sorted((one for one in current if one.id not in replaced), key=sent_at, reverse=True)
        return write_feed(
            [entry for one in shown for entry in self._entries(one)],
            url=f"{self.public_url}/alerts.cap",
            title=f"{self.sender_name}: alerts",
            author=self.sender_name,
            updated=_last_change(published, now),
        )

    def address(self, broadcast: Broadcast) -> str:
        return f"{self.public_url}/alerts/{broadcast.id}.cap"

    def _reference(self, broadcast: Broadcast) -> Provenance:
        return Provenance(
            sender=self.sender, identifier=broadcast.id, sent=times.written(sent_at(broadcast), self.zone)
        )

    def _entries(self, broadcast: Broadcast) -> list[Entry]:
        """None where nothing could be read at the entry's address."""
        said = broadcast.source
        if said is None or not broadcast.sendable_languages():
            return []
        is_drill = broadcast.kind is BroadcastKind.DRILL
        return [
            Entry(
                url=self.address(broadcast),
                language=broadcast.source_language,
                title=headline_of(broadcast, said),
                summary="\n".join(for_all(text) for text in (said.instruction, said.description) if text),
                updated=sent_at(broadcast),
                published=sent_at(broadcast),
                categories=(broadcast.category, broadcast.message_type, "Exercise" if is_drill else "Actual"),
            )
        ]


def is_published(broadcast: Broadcast) -> bool:
    """Whether anybody may read it: public, sent (not only drafted or approved), and no notice."""
    is_sent = broadcast.status.is_begun and broadcast.begun_at is not None
    return broadcast.is_public and is_sent and broadcast.kind is not BroadcastKind.NOTICE


def is_current(broadcast: Broadcast, now: datetime) -> bool:
    """Whether it holds now: live and not over, or a cancellation of the last day."""
    if broadcast.message_type is MessageType.CANCEL:
        return now - sent_at(broadcast) < CANCELS_SHOWN
    return broadcast.status is BroadcastStatus.LIVE and not broadcast.is_over(now)


def _is_heard(broadcast: Broadcast, known: frozenset[BroadcastId]) -> bool:
    """A cancellation of what the public never read would be a riddle. Who cancels does it before the end of the alert,
    so for as long as the cancellation is shown the alert is among those looked at.
    """
    return broadcast.message_type is not MessageType.CANCEL or not known.isdisjoint(broadcast.references)


def _last_change(broadcasts: Sequence[Broadcast], now: datetime) -> datetime:
    """When one of these last began or ended; where nothing is told, the beginning of the day."""
    moments = [at for one in broadcasts for at in (one.begun_at, one.ended_at, one.expires_at) if at and at <= now]
    return max(moments, default=now.replace(hour=0, minute=0, second=0, microsecond=0))
