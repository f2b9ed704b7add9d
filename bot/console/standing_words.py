"""Owns the words for where recipients of a broadcast stand, and why."""

from bot.console.words import N_, Words
from bot.domain.checkin import Closing, RecipientState
from bot.domain.errors import Reason
from bot.services.board import Account, Standing

STANDINGS = {
    Standing.SAFE: N_("Safe"),
    Standing.VOUCHED: N_("Safe, as another reports"),
    Standing.HELP: N_("Needs help"),
    Standing.NO_ANSWER: N_("No answer"),
    Standing.NOT_REACHED: N_("Not reached"),
    Standing.CLOSED: N_("Closed by a person"),
}
STATES = {
    RecipientState.ANSWERED: N_("Answered"),
    RecipientState.READ: N_("Read"),
    RecipientState.DELIVERED: N_("Delivered"),
    RecipientState.SENT: N_("Sent, no receipt"),
    RecipientState.WAITING: N_("Waiting to be sent"),
    RecipientState.FAILED: N_("Failed"),
    RecipientState.NOT_REACHED: N_("Not reached"),
    RecipientState.EXPIRED: N_("Expired before it was sent"),
    RecipientState.CANCELLED: N_("Cancelled before it was sent"),
}
REASONS = {
    Reason.OPTED_OUT: N_("wants no messages there"),
    Reason.INVALID_ADDRESS: N_("the number or address is wrong"),
    Reason.NO_ADDRESS: N_("no number or address is known"),
    Reason.UNREACHABLE: N_("the phone cannot be reached"),
    Reason.LANDLINE: N_("the number is a landline"),
    Reason.FILTERED: N_("blocked by the phone company"),
    Reason.OUTSIDE_WINDOW: N_("WhatsApp allows no message now"),
    Reason.REACH_LIMIT: N_("WhatsApp's limit of new people a day"),
    Reason.TOO_LONG: N_("the text is too long"),
    Reason.BAD_CONTENT: N_("the provider refused the text"),
    Reason.BAD_CREDENTIALS: N_("the provider refused our account"),
    Reason.CHANNEL_OFF: N_("only known on a channel that is off"),
    Reason.EXPIRED: N_("its time was over"),
    Reason.TOO_FAST: N_("sent too fast for the provider"),
    Reason.QUEUE_FULL: N_("the provider's queue is full"),
    Reason.PROVIDER_DOWN: N_("the provider does not answer"),
    Reason.UNKNOWN: N_("for a reason that the provider does not tell"),
}
CLOSINGS = {
    Closing.FOUND: N_("Found: seen or spoken to"),
    Closing.ON_LEAVE: N_("On leave, not here"),
    Closing.LEFT: N_("Works here no more"),
    Closing.WRONG_NUMBER: N_("Wrong number"),
    Closing.DUPLICATE: N_("The same person is listed twice"),
    Closing.HANDED_OVER: N_("Handed over to rescuers, police or a consulate"),
}


def account_line(line: Account, _: Words) -> str:
    """ "Failed: the number is a landline"."""
    state, reason = line
    if reason is None:
        return _(STATES[state])
    return _("{state}: {reason}", state=_(STATES[state]), reason=_(REASONS[reason]))
