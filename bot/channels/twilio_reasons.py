"""Owns what Twilio's error codes and statuses mean to us."""

from collections.abc import Mapping

from bot.domain.delivery import DeliveryStatus
from bot.domain.errors import Reason

# https://www.twilio.com/docs/api/errors
CODES: Mapping[Reason, tuple[int, ...]] = {
    Reason.OPTED_OUT: (
        21610,  # answered STOP
        63014,  # blocked us
        63033,  # blocked us, told so by WhatsApp
    ),
    Reason.INVALID_ADDRESS: (
        21211,  # no valid phone number
        21214,  # nobody can be reached there
        21217,  # seems to be no phone number
        21614,  # no mobile number
        30005,  # unknown number
        63003,  # no such address on this channel
        63024,  # not on WhatsApp
        63031,  # our own number
    ),
    Reason.UNREACHABLE: (
        21408,  # this country is not enabled for the account
        21608,  # a trial account, and the number is not verified
        21612,  # no route from this sender
        30003,  # switched off or away
        30009,  # a segment got lost
        63015,  # has not joined the sandbox
    ),
    Reason.LANDLINE: (21635, 30006),
    Reason.FILTERED: (
        30004,  # blocked by the carrier
        30007,  # taken for spam
        30032,  # toll-free number not verified
        30034,  # sender not registered for A2P
        30038,  # one-time-password filter
        30450,  # blocked by the country's rules
        63013,  # against the channel's policy
        63032,  # this person is in WhatsApp's experiment
    ),
    Reason.OUTSIDE_WINDOW: (63016,),
    Reason.REACH_LIMIT: (
        30023,  # a carrier's daily limit
        30027,  # T-Mobile's daily limit
        63038,  # the account's daily limit
        63049,  # WhatsApp will not send this person more marketing
    ),
    Reason.TOO_LONG: (21605, 21617, 63021),
    Reason.BAD_CONTENT: (
        21602,  # no text
        21619,  # neither text nor media
        21620,  # a media address that is none
        21623,  # too many media
        21655,  # no such template
        21656,  # variables that cannot be read
        63005,  # not taken by the channel
        63019,  # media could not be fetched
        63027,  # no such template in this language
        63028,  # another number of variables
        63036,  # a list or a button that WhatsApp refuses
        63040,  # template rejected
        63041,  # template paused
        63042,  # template disabled
    ),
    Reason.BAD_CREDENTIALS: (
        20003,
        20404,
        21603,
        21606,  # the sender is not ours
        21659,
        21660,
        21701,
        21703,
        21910,  # sender and recipient of two channels
        30002,  # account suspended
        63001,
        63007,  # the WhatsApp sender is not ours
    ),
    Reason.EXPIRED: (30036,),
    Reason.TOO_FAST: (14107, 20429, 30022, 63018),
    Reason.QUEUE_FULL: (21611, 30001),
    Reason.PROVIDER_DOWN: (
        20500,
        20503,
        30017,  # the carrier's network is full
        63010,
        63012,
    ),
}
REASONS: Mapping[int, Reason] = {code: reason for reason, codes in CODES.items() for code in codes}
_BY_HTTP: Mapping[int, Reason] = {
    401: Reason.BAD_CREDENTIALS,
    403: Reason.BAD_CREDENTIALS,
    408: Reason.PROVIDER_DOWN,
    429: Reason.TOO_FAST,
}
# Statuses not named here (accepted, queued, sending, ...) say no more than the answer to the request did.
STATUSES: Mapping[str, DeliveryStatus] = {
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "partially_delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "undelivered": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
}


def reason(code: int | None, http_status: int = 400) -> Reason:
    """Why a message was refused, by Twilio's code, else by the HTTP status."""
    if code is not None and code in REASONS:
        return REASONS[code]
    return _BY_HTTP.get(http_status, Reason.PROVIDER_DOWN if http_status >= 500 else Reason.UNKNOWN)
