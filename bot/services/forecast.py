"""Owns the forecast of a broadcast: how many get it how, in how many segments, and when the last of them has it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.contact import Channel
from bot.domain.delivery import Content
from bot.domain.errors import Reason
from bot.services.broadcast_ports import Share
from bot.services.letters import Addressee, Letters
from bot.services.ports import Channeller


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A channel that is on, as broadcasts use it.

    `rate` is what its provider lets the sender send, in messages (SMS: segments) a second. `template` opens WhatsApp
    conversations outside the window; `reach` is how many people a day may be written to so (None: no limit).
    """

    channeller: Channeller
    rate: float
    template: str = ""
    reach: int | None = None

    @property
    def opens(self) -> bool:
        return bool(self.template)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Those who get it on one channel in one language.

    `least` and `cost` are what the cheapest and the dearest of their messages take, in segments for SMS, `units` what
    all take: some read an introduction too, some are asked in a language that takes more.
    """

    channel: Channel
    language: str
    count: int
    least: float
    cost: float
    units: float
    opens_window: int  # how many of them take a template


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What would happen if it went out now; `over_reach` are those beyond what the account may open in a day."""

    lines: tuple[Line, ...]
    missed: Mapping[Reason, int]
    fallbacks: Mapping[str, int]  # by the language that they would have read
    durations: Mapping[Channel, timedelta]
    over_reach: int = 0

    @property
    def reachable(self) -> int:
        return sum(line.count for line in self.lines)

    @property
    def recipients(self) -> int:
        """The whole audience, whoever cannot be reached included: nobody is left out silently."""
        return self.reachable + sum(self.missed.values())

    @property
    def segments(self) -> int:
        return round(sum(line.units for line in self.lines if line.channel is Channel.SMS))

    @property
    def duration(self) -> timedelta:
        """Until the last recipient has it, at the providers' pace, with nothing else being sent."""
        return max(self.durations.values(), default=timedelta(0))


def forecast(
    letters: Letters, shares: Sequence[Share], ways: Mapping[Channel, Way], opened: Mapping[Channel, int]
) -> Forecast:
    """The forecast; `opened` is how many people were written to outside the window within the last day."""
    variants: dict[tuple[Channel, str], Counter[tuple[str | None, bool]]] = defaultdict(Counter)
    opening: Counter[tuple[Channel, str]] = Counter()
    missed: Counter[Reason] = Counter()
    fallbacks: Counter[str] = Counter()
    for share in shares:
        if share.channel is None:
            missed[share.reason or Reason.UNKNOWN] += share.count
            continue
        variant = share.own_language if share.is_fallback else None, share.is_new
        variants[share.channel, share.language][variant] += share.count
        opening[share.channel, share.language] += share.count * share.opens_window
        if share.is_fallback and share.own_language:
            fallbacks[share.own_language] += share.count
    lines = tuple(
        _line(letters, alike, ways[alike[0]].channeller, variants[alike], opens_window=opening[alike])
        for alike in sorted(variants)
    )
    return Forecast(
        lines=lines,
        missed=dict(missed),
        fallbacks=dict(fallbacks),
        durations=_durations(lines, ways),
        over_reach=_over_reach(lines, ways, opened),
    )


def _line(
    letters: Letters,
    alike: tuple[Channel, str],
    channeller: Channeller,
    variants: Mapping[tuple[str | None, bool], int],
    *,
    opens_window: int,
) -> Line:
    """`variants` are how many read what stands around the words in which language, and with the introduction or not."""
    channel, language = alike
    costs = {
        (own, is_new): cost(sample(letters, channel, language, own_language=own, needs_introduction=is_new), channeller)
        for own, is_new in variants
    }
    return Line(
        channel=channel,
        language=language,
        count=sum(variants.values()),
        least=min(costs.values()),
        cost=max(costs.values()),
        units=sum(costs[variant] * count for variant, count in variants.items()),
        opens_window=opens_window,
    )


def sample(
    letters: Letters,
    channel: Channel,
    language: str,
    *,
    own_language: str | None = None,
    needs_introduction: bool = False,
    round: int = 0,  # noqa: A002 - the domain's word
) -> Content:
    """What a reader of this language gets on this channel; of the sites addressed the one with the longest name."""
    owner = letters.broadcast.employer
    longest = max(letters.addressed(), key=lambda site: len(site.name) + len(site.assembly_point), default=None)
    return letters.content(
        Addressee(
            language=language,
            own_language=own_language,
            channel=channel,
            site=longest.id if longest else None,
            employer=longest.employer if longest else owner,
            needs_introduction=needs_introduction,
            round=round,
        )
    )


def cost(content: Content, channeller: Channeller) -> float:
    """What one message takes from the sender's pace: SMS count by segments."""
    return sum(channeller.cost(part) for part in channeller.fit(content))


def _durations(lines: Sequence[Line], ways: Mapping[Channel, Way]) -> dict[Channel, timedelta]:
    units: dict[Channel, float] = defaultdict(float)
    for line in lines:
        units[line.channel] += line.units
    return {channel: timedelta(seconds=total / ways[channel].rate) for channel, total in units.items()}


def _over_reach(lines: Sequence[Line], ways: Mapping[Channel, Way], opened: Mapping[Channel, int]) -> int:
    over = 0
    for channel, way in ways.items():
        if way.reach is not None:
            wanted = sum(line.opens_window for line in lines if line.channel is channel)
            over += max(0, wanted - max(0, way.reach - opened.get(channel, 0)))
    return over
