"""What can be arranged about a Twilio account: its limits, the fate of messages, how callbacks misbehave."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioLimits:
    """Rates a second (None: no limit): API requests (20429), messages of a WhatsApp sender (63018), segments of an SMS
    sender, which queue up to `queue_seconds` and then overflow (21611, or 30001 through a messaging service)."""

    requests: float | None = None
    requests_burst: float = 100
    whatsapp: float | None = None
    whatsapp_burst: float = 80
    segments: float | None = None
    queue_seconds: float = 36_000

    @classmethod
    def real(cls) -> "TwilioLimits":
        """A long code and a WhatsApp sender as Twilio sells them."""
        return cls(requests=100, whatsapp=80, segments=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of a message after it is queued: its statuses in turn, and the error of a failing one."""

    statuses: tuple[str, ...]
    error_code: int | None = None


@dataclass(slots=True, kw_only=True)
class Callbacks:
    """How status callbacks misbehave: copies of each, all of a message shuffled, the next `lose` never posted.

    `lost` has the phones, as Twilio names them, to whose messages one belonged that was never posted.
    """

    copies: int = 1
    is_shuffled: bool = False
    lose: int = 0
    lost: set[str] = field(default_factory=set)
