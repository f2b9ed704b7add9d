"""Owns the one tree of errors; each states its message once."""

from enum import StrEnum


class MusterError(Exception):
    """Anything that Muster itself refuses; the text is fit to be shown to staff and says what to do next."""


class ConfigurationError(MusterError):
    """Settings, flows or catalogs are wrong; `problems` lists all of them at once."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class InputError(MusterError):
    """A payload, file, form or command from outside cannot be read; the text says where and why."""


class NotAuthentic(InputError):
    """A provider's signature or secret is missing or wrong: the payload is not believed and nothing of it is stored."""


class Denied(MusterError):
    """`services/access` refuses this reader this thing."""


class Conflict(MusterError):
    """Somebody else changed the same thing first; nothing was written and the work can be taken up again."""


class KeyMissing(MusterError):
    """A stored value was encrypted with a key that MUSTER_KEYS no longer holds."""


class Unavailable(MusterError):
    """A part that Muster asks (understanding, an action's source) does not answer now."""


class Reason(StrEnum):
    """Why a delivery did not reach its reader: a closed list, shown to staff and counted in reports."""

    OPTED_OUT = "opted_out"
    INVALID_ADDRESS = "invalid_address"
    NO_ADDRESS = "no_address"  # nobody ever gave us one
    UNREACHABLE = "unreachable"
    LANDLINE = "landline"
    FILTERED = "filtered"
    OUTSIDE_WINDOW = "outside_window"
    REACH_LIMIT = "reach_limit"
    TOO_LONG = "too_long"
    BAD_CONTENT = "bad_content"
    BAD_CREDENTIALS = "bad_credentials"
    CHANNEL_OFF = "channel_off"
    EXPIRED = "expired"
    TOO_FAST = "too_fast"
    QUEUE_FULL = "queue_full"
    PROVIDER_DOWN = "provider_down"
    UNKNOWN = "unknown"

    @property
    def is_retryable(self) -> bool:
        """Whether the same send may succeed later without anybody changing anything."""
        return self in _RETRYABLE


_RETRYABLE = frozenset({Reason.TOO_FAST, Reason.QUEUE_FULL, Reason.PROVIDER_DOWN})


class SendError(MusterError):
    """A provider refused or lost a delivery; `retry_after` is the provider's own pause in seconds, if it gave one.

    `is_doubtful`: its answer got lost, so that it may have taken the delivery nevertheless.
    """

    def __init__(
        self, reason: Reason, *, retry_after: float | None = None, detail: str = "", is_doubtful: bool = False
    ) -> None:
        self.reason = reason
        self.is_doubtful = is_doubtful
        self.retry_after = retry_after
        self.detail = detail
        super().__init__(f"{reason.value}{': ' + detail if detail else ''}")
