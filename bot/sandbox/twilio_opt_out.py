"""Owns the words that Twilio itself obeys on SMS, in English only, and what it answers to them."""

OPT_OUT = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
OPT_IN = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})
ANSWERS = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


def opt_out_type(text: str) -> str | None:
    """STOP, START or HELP where the text is one such word alone."""
    word = text.strip().upper()
    kinds = {"STOP": OPT_OUT, "START": OPT_IN, "HELP": HELP}
    return next((kind for kind, words in kinds.items() if word in words), None)
