"""The forms that Twilio posts: a message's status, and what a phone sent (its webhook request's fields)."""

from bot.sandbox.twilio_records import WHATSAPP, Button, TwilioMessage

Fields = list[tuple[str, str]]


def status_form(message: TwilioMessage, *, account_sid: str) -> Fields:
    """What the StatusCallback gets about a message as it stands now."""
    form = [
        ("AccountSid", account_sid),
        ("ApiVersion", "2010-04-01"),
        ("From", message.from_ or ""),
        ("MessageSid", message.sid),
        ("MessageStatus", message.status),
        ("SmsSid", message.sid),
        ("SmsStatus", message.status),
        ("To", message.to),
    ]
    if message.messaging_service_sid:
        form.append(("MessagingServiceSid", message.messaging_service_sid))
    if message.error_code:
        form.append(("ErrorCode", str(message.error_code)))
    if message.is_whatsapp:
        form += [("ChannelPrefix", "whatsapp"), ("ChannelToAddress", message.to.removeprefix(WHATSAPP))]
        form += [("EventType", message.status.upper())] if message.status in {"delivered", "read"} else []
    return form


def inbound_form(message: TwilioMessage, *, account_sid: str, public_url: str) -> Fields:
    """What the sender's webhook gets about any inbound message."""
    form = [
        ("AccountSid", account_sid),
        ("ApiVersion", "2010-04-01"),
        ("Body", message.body),
        ("From", message.from_ or ""),
        ("MessageSid", message.sid),
        ("NumMedia", str(len(message.media))),
        ("NumSegments", str(message.num_segments)),
        ("SmsMessageSid", message.sid),
        ("SmsSid", message.sid),
        ("SmsStatus", "received"),
        ("To", message.to),
    ]
    for index, media in enumerate(message.media):
        form.append((f"MediaContentType{index}", media.content_type))
        form.append((f"MediaUrl{index}", media.url(public_url, account_sid)))
    return form


def whatsapp_fields(message: TwilioMessage, *, button: Button | None, reply_to: str | None, name: str) -> Fields:
    """What it gets on top for WhatsApp; a sender who hides the number has no WaId."""
    number = (message.from_ or "").removeprefix(WHATSAPP)
    fields = [("ProfileName", name or number), ("MessageType", _message_type(message, button))]
    if number.startswith("+"):
        fields.append(("WaId", number.removeprefix("+")))
    if button and button.is_row:
        fields += [("ListId", button.payload), ("ListTitle", button.text)]
    elif button:
        fields += [("ButtonText", button.text), ("ButtonPayload", button.payload)]
    if reply_to:
        fields += [("OriginalRepliedMessageSid", reply_to), ("OriginalRepliedMessageSender", message.to)]
    if message.place:
        fields += [("Latitude", str(message.place.latitude)), ("Longitude", str(message.place.longitude))]
        fields += [("Label", message.place.label)] if message.place.label else []
        fields += [("Address", message.place.address)] if message.place.address else []
    return fields


def _message_type(message: TwilioMessage, button: Button | None) -> str:
    if button:
        return "interactive" if button.is_row else "button"
    if message.place:
        return "location"
    if message.media:
        kind = message.media[0].content_type.partition("/")[0]
        return kind if kind in {"image", "audio", "video"} else "document"
    return "text"
