"""One Twilio account as the stand-in plays it: what it takes and refuses, how messages live, what phones send."""

import asyncio
import random
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.sandbox.changes import Changes
from bot.sandbox.clock import Clock, WallClock
from bot.sandbox.faults import Faults
from bot.sandbox.pace import Pace
from bot.sandbox.tasks import Tasks
from bot.sandbox.twilio_errors import TwilioRefusal
from bot.sandbox.twilio_forms import inbound_form, status_form, whatsapp_fields
from bot.sandbox.twilio_opt_out import ANSWERS, opt_out_type
from bot.sandbox.twilio_records import WHATSAPP, Button, Content, Place, TwilioMedia, TwilioMessage
from bot.sandbox.twilio_requests import callback_of, composed, recipient_of, segments, validity_of
from bot.sandbox.twilio_situation import Callbacks, Fate, TwilioLimits
from bot.sandbox.twilio_webhooks import Form, Retry, Webhook, WebhookPoster
from bot.sandbox.whatsapp_review import flaw

WINDOW = timedelta(hours=24)
FINAL = frozenset({"failed", "undelivered", "canceled", "read"})


@dataclass(slots=True, kw_only=True)
class Inbound:
    """What a phone sent: the stored message, the form posted to the webhook, and the answers it got."""

    message: TwilioMessage
    form: Form
    answers: list[int] = field(default_factory=list)

    @property
    def is_accepted(self) -> bool:
        return bool(self.answers) and 200 <= self.answers[-1] < 300


class TwilioStandIn:
    """The state and behaviour of one account; set its public attributes to arrange a situation.

    `senders` are the account's own addresses ("+1...", "whatsapp:+1..."). `public_url` is where this stand-in's API is
    reached (for media URLs). `status_seconds` lies between two statuses of a message. `keep` bounds how many messages
    are remembered (None: all). Channel errors (63016, 63024) come by callback, as Twilio does it, unless
    `refuses_at_once`.
    """

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        senders: Sequence[str],
        public_url: str = "",
        clock: Clock | None = None,
        randomness: random.Random | None = None,
        limits: TwilioLimits | None = None,
        retry: Retry | None = None,
        status_seconds: float = 0.3,
        keep: int | None = None,
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.senders = tuple(senders)
        self.public_url = public_url
        self.clock = clock or WallClock()
        self.status_seconds = status_seconds
        self.refuses_at_once = False
        self.webhooks: dict[str, Webhook] = {}
        self.services: dict[str, tuple[str, ...]] = {}
        self.contents: dict[str, Content] = {}
        self.fates: dict[str, Fate] = {}
        self.landlines: set[str] = set()
        self.without_whatsapp: set[str] = set()
        self.callbacks = Callbacks()
        self.faults = Faults()
        self.messages: dict[str, TwilioMessage] = {}
        self.inbound: dict[str, Inbound] = {}
        self.media: dict[str, TwilioMedia] = {}
        self.opted_out: set[tuple[str, str]] = set()
        self.last_inbound: dict[tuple[str, str], datetime] = {}
        self.changes: Changes[TwilioMessage] = Changes()
        self.poster = WebhookPoster(token=auth_token, clock=self.clock, retry=retry or Retry())
        self._random = randomness or random.SystemRandom()
        self._order: deque[str] = deque()
        self._sent: dict[str, deque[TwilioMessage]] = {}
        self._keep = keep
        self._tasks = Tasks()
        self._free_at: dict[str, datetime] = {}
        self.limits = limits or TwilioLimits()

    @property
    def limits(self) -> TwilioLimits:
        return self._limits

    @limits.setter
    def limits(self, limits: TwilioLimits) -> None:
        self._limits = limits
        self._request_pace = Pace(rate=limits.requests, burst=limits.requests_burst)
        self._whatsapp_pace = Pace(rate=limits.whatsapp, burst=limits.whatsapp_burst)

    async def close(self) -> None:
        await self._tasks.close()
        await self.poster.close()

    def new_sid(self, prefix: str) -> str:
        return f"{prefix}{self._random.getrandbits(128):032x}"

    def review(self, sid: str) -> str:
        """Let WhatsApp look at a content: approved, or refused for the reason given."""
        content = self.contents[sid]
        reason = flaw(content.body)
        self.contents[sid] = replace(content, is_approved=not reason)
        return reason

    # --- what the customer's program asks ---------------------------------------------------------------------------

    def create_message(self, form: Mapping[str, str], media_urls: Sequence[str]) -> TwilioMessage:
        """Accept a message to send.

        Raises TwilioRefusal as the real API would: a wrong form, an opted-out recipient, too fast, queue overflow.
        """
        now = self.clock.now()
        if self._request_pace.take("", now):
            raise TwilioRefusal(20429)
        to = recipient_of(form)
        sender = self._sender_of(form, to)
        callback = callback_of(form)
        body, buttons = composed(form, media_urls, self.contents)
        self._check_recipient(sender, to)
        if sender.startswith(WHATSAPP) and self._whatsapp_pace.take(sender, now):
            raise TwilioRefusal(63018)
        error = self._channel_error(sender, to, self.contents.get(form.get("ContentSid", "")))
        if error is not None and self.refuses_at_once:
            raise TwilioRefusal(error)
        service = form.get("MessagingServiceSid")
        message = TwilioMessage(
            sid=self.new_sid("MM" if media_urls else "SM"),
            from_=form.get("From") or None,
            to=to,
            body=body,
            direction="outbound-api",
            status="accepted" if service and not form.get("From") else "queued",
            num_segments=0 if service and not form.get("From") else segments(to, body),
            created_at=now,
            updated_at=now,
            messaging_service_sid=service,
            status_callback=callback,
            validity_seconds=validity_of(form),
            content_sid=form.get("ContentSid"),
            buttons=buttons,
            media_urls=tuple(media_urls),
        )
        wait = self._queue(sender, segments(to, body), is_service=bool(service))
        self._remember(message)
        self._begin(message, sender=sender, wait=wait, error=error)
        return message

    def _sender_of(self, form: Mapping[str, str], to: str) -> str:
        sender = form.get("From", "").strip() or self._sender_of_service(form.get("MessagingServiceSid", ""), to)
        if sender.startswith(WHATSAPP) != to.startswith(WHATSAPP):
            raise TwilioRefusal(21910)
        if sender not in self.senders:
            raise TwilioRefusal(63007) if sender.startswith(WHATSAPP) else TwilioRefusal(21606, sender)
        return sender

    def _sender_of_service(self, service: str, to: str) -> str:
        if not service:
            raise TwilioRefusal(21603)
        if service not in self.services:
            raise TwilioRefusal(21701)
        is_whatsapp = to.startswith(WHATSAPP)
        for sender in self.services[service]:
            if sender.startswith(WHATSAPP) == is_whatsapp:
                return sender
        raise TwilioRefusal(21703)

    def _check_recipient(self, sender: str, to: str) -> None:
        if to in self.landlines:
            raise TwilioRefusal(21614, to)
        if (to, sender) in self.opted_out:
            raise TwilioRefusal(21610)

    def _channel_error(self, sender: str, to: str, content: Content | None) -> int | None:
        if not to.startswith(WHATSAPP):
            return None
        if to in self.without_whatsapp:
            return 63024
        heard_at = self.last_inbound.get((to, sender))
        is_open = heard_at is not None and self.clock.now() - heard_at < WINDOW
        return None if is_open or (content and content.opens_conversation) else 63016

    def _queue(self, sender: str, segments: int, *, is_service: bool) -> float | None:
        """Take a place in the sender's queue: the seconds until it leaves, or None if the queue is over (30001)."""
        rate = self.limits.segments
        if rate is None or sender.startswith(WHATSAPP):
            return 0.0
        now = self.clock.now()
        leaves_at = max(now, self._free_at.get(sender, now))
        wait = (leaves_at - now).total_seconds()
        if wait > self.limits.queue_seconds:
            if is_service:
                return None
            raise TwilioRefusal(21611, sender)
        self._free_at[sender] = leaves_at + timedelta(seconds=segments / rate)
        return wait

    # --- how a message lives ----------------------------------------------------------------------------------------

    def _remember(self, message: TwilioMessage) -> None:
        self.messages[message.sid] = message
        if message.direction == "outbound-api":
            self._sent.setdefault(message.to, deque(maxlen=self._keep)).append(message)
        if self._keep is not None:
            self._order.append(message.sid)
            if len(self._order) > self._keep:
                oldest = self._order.popleft()
                self.messages.pop(oldest, None)
                self.inbound.pop(oldest, None)
        self.changes.tell(message)

    def _begin(self, message: TwilioMessage, *, sender: str, wait: float | None, error: int | None) -> None:
        if wait is None:
            fate = Fate(statuses=("failed",), error_code=30001)
        elif error is not None:
            fate = Fate(statuses=("undelivered" if error == 63016 else "failed",), error_code=error)
        elif wait > message.validity_seconds:
            wait, fate = message.validity_seconds, Fate(statuses=("failed",), error_code=30036)
        else:
            fate = self.fates.get(message.to) or self._usual_fate(message)
        if wait or self.status_seconds or message.status_callback or message.media_urls:
            self._tasks.start(self._live(message, sender, fate, wait or 0.0))
        else:
            # No task for a message that nothing has to wait for; but only once the request is answered as queued.
            asyncio.get_running_loop().call_soon(self._live_at_once, message, fate)

    def _live_at_once(self, message: TwilioMessage, fate: Fate) -> None:
        for status in fate.statuses:
            self._move(message, status, fate.error_code)

    def _usual_fate(self, message: TwilioMessage) -> Fate:
        ends = ("sent", "delivered", "read") if message.is_whatsapp else ("sent", "delivered")
        return Fate(statuses=("queued", *ends) if message.status == "accepted" else ends)

    async def _live(self, message: TwilioMessage, sender: str, fate: Fate, wait: float) -> None:
        await self.clock.sleep(wait)
        if not await self._fetch_media(message):
            fate = Fate(statuses=("failed",), error_code=63019 if message.is_whatsapp else 11200)
        message.from_ = message.from_ or sender
        held: list[list[tuple[str, str]]] = []
        for status in fate.statuses:
            await self.clock.sleep(self.status_seconds)
            if message.status in FINAL:
                break
            self._move(message, status, fate.error_code)
            form = status_form(message, account_sid=self.account_sid)
            if self.callbacks.is_shuffled:
                held += [form] * self.callbacks.copies
            else:
                await self._call_back(message, [form] * self.callbacks.copies)
        self._random.shuffle(held)
        await self._call_back(message, held)

    def _move(self, message: TwilioMessage, status: str, error_code: int | None) -> None:
        now = self.clock.now()
        message.status, message.updated_at = status, now
        if status == "sent":
            message.sent_at = now
        if status in {"failed", "undelivered"}:
            message.error_code = error_code
        if message.num_segments == 0:
            message.num_segments = segments(message.to, message.body)
        self.changes.tell(message)

    async def _fetch_media(self, message: TwilioMessage) -> bool:
        for url in message.media_urls:
            fetched = await self.poster.fetch(url)
            if fetched is None:
                return False
            message.media.append(self.store_media(message.sid, *fetched))
        return True

    async def _call_back(self, message: TwilioMessage, forms: Iterable[Form]) -> None:
        if not message.status_callback:
            return
        for form in forms:
            if self.callbacks.lose > 0:
                self.callbacks.lose -= 1
                self.callbacks.lost.add(message.to)
                continue
            await self.poster.post(Webhook(url=message.status_callback), form)

    # --- what a phone does ------------------------------------------------------------------------------------------

    async def phone_sends(
        self,
        text: str = "",
        *,
        from_: str,
        to: str,
        media: Sequence[tuple[str, bytes]] = (),
        place: Place | None = None,
        button: Button | None = None,
        reply_to: str | None = None,
        profile_name: str = "",
    ) -> Inbound:
        """Send from a phone to one of the account's senders: `media` are (content type, bytes).

        The message is posted to the sender's webhook (if it has one) before this returns; see `Inbound.answers`.
        """
        now = self.clock.now()
        body = button.text if button else text
        message = TwilioMessage(
            sid=self.new_sid("MM" if media else "SM"),
            from_=from_,
            to=to,
            body=body,
            direction="inbound",
            status="received",
            num_segments=segments(to, body),
            created_at=now,
            updated_at=now,
            sent_at=now,
            place=place,
        )
        message.media += [self.store_media(message.sid, *item) for item in media]
        opt_out_type = self._obey_opt_out_words(message)
        self.last_inbound[from_, to] = now
        form = inbound_form(message, account_sid=self.account_sid, public_url=self.public_url)
        if message.is_whatsapp:
            form += whatsapp_fields(message, button=button, reply_to=reply_to, name=profile_name)
        if opt_out_type:
            form.append(("OptOutType", opt_out_type))
        inbound = self.inbound[message.sid] = Inbound(message=message, form=form)
        self._remember(message)
        if opt_out_type:
            self._answer_opt_out_word(message, opt_out_type)
        await self._post_inbound(inbound)
        return inbound

    async def repeat(self, sid: str) -> Inbound:
        """Post an inbound message again with the same MessageSid, as Twilio may."""
        inbound = self.inbound[sid]
        await self._post_inbound(inbound)
        return inbound

    async def _post_inbound(self, inbound: Inbound) -> None:
        webhook = self.webhooks.get(inbound.message.to)
        if webhook is not None:
            inbound.answers += await self.poster.post(webhook, inbound.form)
            self.changes.tell(inbound.message)

    def _obey_opt_out_words(self, message: TwilioMessage) -> str | None:
        """Block or unblock the pair and give the OptOutType; on SMS only, and not on short codes."""
        assert message.from_ is not None
        if message.is_whatsapp or len(message.to) < 8:
            return None
        kind = opt_out_type(message.body)
        if kind == "STOP":
            self.opted_out.add((message.from_, message.to))
        elif kind == "START":
            self.opted_out.discard((message.from_, message.to))
        return kind

    def _answer_opt_out_word(self, message: TwilioMessage, kind: str) -> None:
        assert message.from_ is not None
        now = self.clock.now()
        answer = TwilioMessage(
            sid=self.new_sid("SM"),
            from_=message.to,
            to=message.from_,
            body=ANSWERS[kind],
            direction="outbound-reply",
            status="delivered",
            num_segments=segments(message.from_, ANSWERS[kind]),
            created_at=now,
            updated_at=now,
            sent_at=now,
        )
        self._remember(answer)

    # --- media ------------------------------------------------------------------------------------------------------

    def store_media(self, message_sid: str, content_type: str, data: bytes) -> TwilioMedia:
        media = TwilioMedia(
            sid=self.new_sid("ME"),
            message_sid=message_sid,
            content_type=content_type,
            data=data,
            created_at=self.clock.now(),
        )
        self.media[media.sid] = media
        return media

    # --- what tests ask ---------------------------------------------------------------------------------------------

    @property
    def is_quiet(self) -> bool:
        """Whether every message has come to its end, with all its callbacks."""
        return not len(self._tasks)

    def sent_to(self, phone: str) -> list[TwilioMessage]:
        """Every message the customer's program sent to `phone`, oldest first (not Twilio's own opt-out answers)."""
        return [message for message in self._sent.get(phone, ()) if message.sid in self.messages]

    async def heard(self, phone: str, count: int) -> list[TwilioMessage]:
        """Wait until `phone` was sent at least `count` messages, and give them all."""
        return await self.changes.until(lambda: sent if len(sent := self.sent_to(phone)) >= count else None)
