"""Owns the provider's side: Twilio's stand-in with many phones, and the clock on each message."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox.twilio import Callbacks, TwilioMessage, TwilioStandIn, Webhook, create_twilio
from tests.benchmarks.load import in_parallel
from tests.benchmarks.mix import Sent
from tests.journeys.processes import free_port

NUMBER = "+15005550006"  # Twilio's own test number
ACCOUNT, TOKEN = "AC" + "0" * 32, "t" * 32
LONGEST_WAIT = 20.0  # seconds; what is not answered by then counts as unanswered
QUIET_SECONDS = 0.4  # no message for so long: the last parts of the last answers are out
_NEVER = 10**9


class TimedTwilio(TwilioStandIn):
    """The stand-in, which also tells when it accepted the first answer to a phone, and the last to anybody."""

    def __init__(self, *, url: str) -> None:
        super().__init__(
            account_sid=ACCOUNT, auth_token=TOKEN, senders=[NUMBER], public_url=url, status_seconds=0, keep=5_000
        )
        self.url = url
        self.accepted = 0
        self.accepted_at = 0.0
        self._waiting: dict[str, asyncio.Future[float]] = {}

    def post_to(self, webhook: str) -> None:
        """Where the messages of the phones go from now on."""
        self.webhooks = {NUMBER: Webhook(url=webhook)}

    def give_receipts(self, is_giving: bool) -> None:
        """Whether status callbacks (sent, delivered) are posted; a receiver that asks for none gets none."""
        self.callbacks = Callbacks(lose=0 if is_giving else _NEVER)

    def answer_to(self, phone: str) -> "asyncio.Future[float]":
        """The time at which the next message to the phone is accepted."""
        self._waiting[phone] = asyncio.get_running_loop().create_future()
        return self._waiting[phone]

    def create_message(self, form: Mapping[str, str], media_urls: Sequence[str]) -> TwilioMessage:
        message = super().create_message(form, media_urls)
        self.accepted, self.accepted_at = self.accepted + 1, time.perf_counter()
        waiting = self._waiting.pop(message.to, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(self.accepted_at)
        return message

    async def until_quiet(self) -> None:
        """Wait until nothing more is sent."""
        before = -1
        while before != self.accepted:
            before = self.accepted
            await asyncio.sleep(QUIET_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """One round on the reply road: seconds of each message until its webhook was answered, and until its reply."""

    replies: Sequence[float]
    webhooks: Sequence[float]
    unanswered: int
    accepted: int  # messages that the provider was given
    seconds: float  # from the first webhook to the last accepted message


@asynccontextmanager
async def provider() -> AsyncIterator[TimedTwilio]:
    """The stand-in on loopback."""
    port = free_port()
    stand_in = TimedTwilio(url=f"http://127.0.0.1:{port}")
    runner = web.AppRunner(create_twilio(stand_in), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield stand_in
    finally:
        await runner.cleanup()


async def drive(twilio: TimedTwilio, messages: Iterable[Sent], *, senders: int, waits: bool = True) -> Road:
    """Send the messages in order, `senders` under way at once: each waits for its reply, or for the 200 alone."""
    replies, webhooks, lost = list[float](), list[float](), list[Sent]()
    accepted, began = twilio.accepted, time.perf_counter()

    async def send(sent: Sent) -> None:
        answer, at = twilio.answer_to(sent.phone), time.perf_counter()
        posted = asyncio.create_task(twilio.phone_sends(sent.text, from_=sent.phone, to=NUMBER))
        posted.add_done_callback(lambda _: webhooks.append(time.perf_counter() - at))
        try:
            if waits:
                replies.append(await asyncio.wait_for(answer, LONGEST_WAIT) - at)
        except TimeoutError:
            lost.append(sent)
        if not (await posted).is_accepted:
            lost.append(sent)

    await in_parallel(send, messages, hands=senders)
    ended = time.perf_counter()
    if waits:
        await twilio.until_quiet()
        ended = max(ended, twilio.accepted_at)
    return Road(
        replies=replies,
        webhooks=webhooks,
        unanswered=len(lost),
        accepted=twilio.accepted - accepted,
        seconds=ended - began,
    )
