"""Owns how each channel does: when it last carried something, what was sent and what failed, what waits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.contact import Channel
from bot.domain.delivery import DeliveryStatus
from bot.domain.errors import Reason
from bot.services.figure_ports import Outcome
from bot.services.ports import Clock, Store

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
_SENT = frozenset({DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.READ})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One channel as this deployment has set it up; no secret is in it.

    `rate` is messages (of SMS: segments) a second, in bursts of `burst`. `hooks` are the addresses to give the
    provider; none where nothing has to be given. `template` is what WhatsApp needs outside its 24 hours.
    """

    channel: Channel
    is_on: bool
    rate: float
    burst: float
    hooks: tuple[str, ...] = ()
    template: str = ""
    template_variables: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of the messages made in some time."""

    sent: int = 0
    failed: Mapping[Reason, int] = field(default_factory=dict)
    dropped: int = 0  # expired or cancelled before they were sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One channel's figures; a time is None where there was nothing for 30 days."""

    last_in: datetime | None
    last_out: datetime | None
    waiting: int
    hour: Tally
    day: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHealth:
    store: Store
    clock: Clock

    async def of(self, channels: Sequence[Channel]) -> Mapping[Channel, Health]:
        now = self.clock.now()
        async with self.store.look() as unit:
            hour, day = await unit.figures.outcomes(now - HOUR), await unit.figures.outcomes(now - DAY)
            waiting = await unit.figures.waiting()
            return {
                channel: Health(
                    last_in=await unit.figures.last_in(channel, now - MONTH),
                    last_out=await unit.figures.last_out(channel, now - MONTH),
                    waiting=waiting.get(channel, 0),
                    hour=_tally(hour, channel),
                    day=_tally(day, channel),
                )
                for channel in channels
            }


def _tally(outcomes: Sequence[Outcome], channel: Channel) -> Tally:
    mine = [one for one in outcomes if one.channel is channel]
    failed: Counter[Reason] = Counter()
    for one in mine:
        if one.status is DeliveryStatus.FAILED:
            failed[one.reason or Reason.UNKNOWN] += one.count
    sent = sum(one.count for one in mine if one.status in _SENT)
    dropped = sum(one.count for one in mine if one.status in (DeliveryStatus.EXPIRED, DeliveryStatus.CANCELLED))
    return Tally(sent=sent, failed=dict(failed.most_common()), dropped=dropped)
