"""Owns the broadcast: one alert, notice or drill to many people, in CAP's terms, and the moves its status may make."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.delivery import BroadcastId, Lane
from bot.domain.employer import EmployerId, SiteId
from bot.domain.errors import InputError
from bot.domain.staff import StaffId
from bot.domain.values import Position

_OWN = re.compile(r"\{[a-z_]+\}")
_SENTENCE_END = re.compile(r"(?<=[.!?؟۔।])\s+")
_FILLERS = "\u115f\u1160\u3164\uffa0"  # letters of Hangul that look like spaces
DEFAULT_REPEATS = (timedelta(minutes=10), timedelta(minutes=20), timedelta(minutes=30))
LIFE = timedelta(hours=24)  # of a broadcast whose author gives no end
CANCEL_LIFE = timedelta(hours=6)  # that a danger is over is worth knowing for so long
MOVED_ON = "This has moved on in the meantime. Look at it again."


class BroadcastKind(StrEnum):
    """ALERT is live and urgent, NOTICE is live and can wait, DRILL is practice and is never counted with real ones."""

    ALERT = "alert"
    NOTICE = "notice"
    DRILL = "drill"

    @property
    def lane(self) -> Lane:
        return Lane.EMERGENCY if self is BroadcastKind.ALERT else Lane.BULK


class MessageType(StrEnum):
    """What a broadcast is to those before it (CAP's msgType)."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class BroadcastStatus(StrEnum):
    """The life of a broadcast. LIVE ones have recipients; CANCELLED and ENDED write to nobody any more."""

    DRAFT = "draft"
    SUBMITTED = "submitted"  # waits for a second person
    APPROVED = "approved"  # waits for its time
    LIVE = "live"
    ENDED = "ended"
    CANCELLED = "cancelled"

    def may_become(self, later: "BroadcastStatus") -> bool:
        return later in _MOVES[self]

    @property
    def is_begun(self) -> bool:
        """Whether anybody may have been written to."""
        return self in (BroadcastStatus.LIVE, BroadcastStatus.ENDED, BroadcastStatus.CANCELLED)


_S = BroadcastStatus
_MOVES: Mapping[BroadcastStatus, frozenset[BroadcastStatus]] = {
    _S.DRAFT: frozenset({_S.DRAFT, _S.SUBMITTED, _S.APPROVED, _S.CANCELLED}),
    _S.SUBMITTED: frozenset({_S.DRAFT, _S.APPROVED, _S.CANCELLED}),
    _S.APPROVED: frozenset({_S.DRAFT, _S.LIVE, _S.CANCELLED}),
    _S.LIVE: frozenset({_S.ENDED, _S.CANCELLED}),
    _S.ENDED: frozenset(),
    _S.CANCELLED: frozenset(),
}


# --- CAP 1.2's closed lists, in its own spelling ------------------------------------------------------------------


class Category(StrEnum):
    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    CBRNE = "CBRNE"
    OTHER = "Other"


class AlertUrgency(StrEnum):
    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


class ResponseType(StrEnum):
    SHELTER = "Shelter"
    EVACUATE = "Evacuate"
    PREPARE = "Prepare"
    EXECUTE = "Execute"
    AVOID = "Avoid"
    MONITOR = "Monitor"
    ASSESS = "Assess"
    ALL_CLEAR = "AllClear"
    NONE = "None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """All that lies within `radius_km` kilometres of the centre."""

    centre: Position
    radius_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Where: words for people, shapes for maps. A polygon's last point is its first one."""

    description: str = ""
    polygons: tuple[tuple[Position, ...], ...] = ()
    circles: tuple[Circle, ...] = ()

    @property
    def has_shape(self) -> bool:
        return bool(self.polygons or self.circles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What is said in one language; `reviewed_by` is who read it and stands for its meaning."""

    headline: str
    instruction: str
    description: str = ""
    reviewed_by: StaffId | None = None
    reviewed_at: datetime | None = None

    @property
    def texts(self) -> tuple[str, str, str]:
        return self.headline, self.description, self.instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is meant: everybody of the employer's, narrowed by what is given; `of` means those of an earlier broadcast.

    Sites, languages and groups each narrow when they name something. With `of` only those who were sent that broadcast
    are meant, and with `includes_waiting` also those whom it had not reached yet.
    """

    sites: tuple[SiteId, ...] = ()
    languages: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    area: Area | None = None
    of: BroadcastId | None = None
    includes_waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The CAP message that a draft was made from."""

    sender: str
    identifier: str
    sent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """One message to many. `infos` is by language; `employer` None means all employers, by the organisation itself.

    `repeats` are the pauses after which whoever has not answered is asked again. `overrides_opt_out` writes also to
    people who said STOP: explicit, recorded with who approved it (R19). `revision` grows with each stored change.
    `places` are the name and the assembly point of each site as they were approved: nobody slips words in by them (R7).
    """

    id: BroadcastId
    employer: EmployerId | None
    kind: BroadcastKind
    message_type: MessageType = MessageType.ALERT
    status: BroadcastStatus = BroadcastStatus.DRAFT
    hazard: str = ""  # key of the template that it began with
    event: str = ""
    category: Category = Category.SAFETY
    urgency: AlertUrgency = AlertUrgency.UNKNOWN
    severity: Severity = Severity.UNKNOWN
    certainty: Certainty = Certainty.UNKNOWN
    response: ResponseType = ResponseType.NONE
    area: Area = field(default_factory=Area)
    source_language: str = "en"
    infos: Mapping[str, Info] = field(default_factory=dict)
    fillings: Mapping[str, str] = field(default_factory=dict)  # what its template's open places were filled with
    audience: Audience = field(default_factory=Audience)
    asks_check_in: bool = False
    repeats: tuple[timedelta, ...] = ()
    references: tuple[BroadcastId, ...] = ()
    replaced_by: BroadcastId | None = None  # the update that took its place; None too where it was cancelled
    provenance: Provenance | None = None
    places: Mapping[SiteId, tuple[str, str]] = field(default_factory=dict)
    is_public: bool = False  # shown in the CAP feed
    overrides_opt_out: bool = False
    author: StaffId
    approver: StaffId | None = None
    created_at: datetime
    submitted_at: datetime | None = None
    approved_at: datetime | None = None
    send_at: datetime | None = None  # None: as soon as it is approved
    onset_at: datetime | None = None
    begun_at: datetime | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    revision: int = 0

    @property
    def lane(self) -> Lane:
        """Updates and cancellations of an alert go as the alert does; those of others are urgent too (R8)."""
        return Lane.EMERGENCY if self.message_type is not MessageType.ALERT else self.kind.lane

    @property
    def title(self) -> str:
        """What lists and headings call it: its headline, but for the sentences about each reader's own site.

        Where the first is one of them, what the site fills is left open.
        """
        first, *others = _SENTENCE_END.split(self.source.headline.strip() if self.source else "")
        said = " ".join([first, *(other for other in others if not _OWN.search(other))])
        return _OWN.sub("…", said) or self.event

    @property
    def source(self) -> Info | None:
        return self.infos.get(self.source_language)

    def is_over(self, now: datetime) -> bool:
        """Whether its life has ended: nothing of it is sent any more (R20)."""
        return self.expires_at is not None and self.expires_at <= now

    def moved(self, later: BroadcastStatus) -> "Broadcast":
        """Itself in a later status; raises InputError where it cannot get there from this one."""
        if not self.status.may_become(later):
            raise InputError(MOVED_ON)
        return replace(self, status=later)

    def update(self, *, id: BroadcastId, by: StaffId, at: datetime, includes_waiting: bool) -> "Broadcast":  # noqa: A002
        """A draft with its words to take its place, for those who were sent it and, if so chosen, who still wait."""
        audience = Audience(of=self.id, includes_waiting=includes_waiting)
        draft = self._successor(id, by, at, at + LIFE)
        return replace(draft, message_type=MessageType.UPDATE, audience=audience)

    def cancellation(self, *, id: BroadcastId, by: StaffId, at: datetime) -> "Broadcast":  # noqa: A002
        """What tells those who were sent it that it holds no more: asks nothing, and needs no second person."""
        return replace(
            self._successor(id, by, at, at + CANCEL_LIFE),
            message_type=MessageType.CANCEL,
            audience=Audience(of=self.id),
            status=BroadcastStatus.APPROVED,
            approver=by,
            approved_at=at,
            places=self.places,  # the words were approved with these
            asks_check_in=False,
            repeats=(),
        )

    def _successor(self, id: BroadcastId, by: StaffId, at: datetime, until: datetime) -> "Broadcast":  # noqa: A002
        """A draft with its words that lives at least until then; whatever was done with this one is undone."""
        return replace(
            self,
            id=id,
            status=BroadcastStatus.DRAFT,
            references=(self.id,),
            replaced_by=None,
            author=by,
            approver=None,
            places={},
            created_at=at,
            submitted_at=None,
            approved_at=None,
            send_at=None,
            begun_at=None,
            ended_at=None,
            expires_at=max(until, self.expires_at or until),
            revision=0,
        )

    def sendable_languages(self) -> tuple[str, ...]:
        """Languages that are complete and reviewed (R12), the source's first."""
        source = self.source
        if source is None:
            return ()
        return tuple(
            sorted(
                (language for language, info in self.infos.items() if is_sendable(info, source)),
                key=lambda language: (language != self.source_language, language),
            )
        )


def is_sendable(info: Info, source: Info) -> bool:
    """Whether a language's texts are all there, as far as the source has them, and a person stands for them."""
    is_complete = all(
        has_words(text) or not has_words(meant) for text, meant in zip(info.texts, source.texts, strict=True)
    )
    return is_complete and has_words(info.headline) and (info is source or info.reviewed_by is not None)


def has_words(text: str) -> bool:
    """Whether there is anything to read: not only spaces, signs and characters that nobody sees."""
    return any(character.isalnum() and character not in _FILLERS for character in text)
