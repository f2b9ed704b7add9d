"""What the Telegram stand-in tells the bot: updates, fetched by long polling or posted to its webhook in order."""

import asyncio
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import aiohttp
import orjson

from bot.sandbox.changes import Changes
from bot.sandbox.clock import Clock
from bot.sandbox.tasks import Tasks
from bot.sandbox.telegram_errors import TelegramRefusal

Json = dict[str, object]
# Telegram sends these only when they are asked for by name.
_BY_NAME_ONLY = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BotWebhook:
    """Where updates are posted, and what the bot asked for with it."""

    url: str
    secret_token: str = ""
    max_connections: int = 40


class Updates:
    """The queue of updates that the bot has not confirmed, with their ids, and the two ways out of it.

    `retry_seconds` is the first pause after a failed post; it doubles up to a minute, with the same update_id.
    """

    def __init__(self, *, clock: Clock, first_id: int, retry_seconds: float, timeout: float = 15.0) -> None:
        self.webhook: BotWebhook | None = None
        self.allowed: tuple[str, ...] = ()
        self.retry_seconds = retry_seconds
        self.last_error: tuple[int, str] | None = None
        self.past: dict[int, tuple[int, Json]] = {}
        self._pending: dict[int, tuple[int, Json]] = {}
        self._clock = clock
        self._next_id = first_id
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._changes: Changes[None] = Changes()
        self._polls = 0
        self._tasks = Tasks()
        # What is still to be posted, by chat; a chat is in here exactly while its updates are being posted.
        self._lines: dict[int, deque[int]] = {}
        self._slots = asyncio.Semaphore(40)
        self._session: aiohttp.ClientSession | None = None

    @property
    def pending_count(self) -> int:
        return len(self._pending)

    def add(self, chat_id: int, kind: str, content: Mapping[str, object]) -> int | None:
        """Queue an update of `kind`; return its id, or None if the bot does not want that kind."""
        if kind not in self.allowed if self.allowed else kind in _BY_NAME_ONLY:
            return None
        update_id = self._next_id
        self._next_id += 1
        self.past[update_id] = (chat_id, {"update_id": update_id, kind: content})
        self.repeat(update_id)
        return update_id

    def repeat(self, update_id: int) -> None:
        """Queue an update again under the same id, as after an answer that Telegram did not see."""
        chat_id, _ = self._pending[update_id] = self.past[update_id]
        self._changes.tell(None)
        if self.webhook is not None:
            self._line_up(chat_id, update_id)

    # --- polling ----------------------------------------------------------------------------------------------------

    async def poll(self, *, offset: int, limit: int, seconds: float) -> list[Json]:
        """Answer getUpdates: confirm what is below `offset`, then give what there is, waiting up to `seconds`.

        A negative offset gives the last updates and forgets the others. A newer poll ends this one with a 409.
        """
        if self.webhook is not None:
            raise TelegramRefusal(409, _WEBHOOK_IS_ACTIVE)
        self._polls += 1
        mine = self._polls
        self._changes.tell(None)
        self._confirm(offset)
        if not self._pending and seconds > 0:
            await self._wait(mine, seconds)
        if self._polls != mine:
            raise TelegramRefusal(409, _OTHER_POLL)
        return [self._pending[update_id][1] for update_id in sorted(self._pending)[: limit or 100]]

    def _confirm(self, offset: int) -> None:
        if offset < 0 and self._pending:
            offset = sorted(self._pending)[max(offset, -len(self._pending))]
        for update_id in [known for known in self._pending if known < offset]:
            del self._pending[update_id]

    async def _wait(self, mine: int, seconds: float) -> None:
        waiting = asyncio.ensure_future(self._changes.until(lambda: self._pending or self._polls != mine or None))
        ending = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({waiting, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            ending.cancel()

    # --- webhook ----------------------------------------------------------------------------------------------------

    def set_webhook(self, webhook: BotWebhook | None) -> None:
        self.webhook = webhook
        self.last_error = None
        if webhook is not None:
            self._slots = asyncio.Semaphore(webhook.max_connections)
        self.end_polls()
        if webhook is not None:
            for update_id, (chat_id, _) in sorted(self._pending.items()):
                self._line_up(chat_id, update_id)

    def forget(self) -> None:
        self._pending.clear()

    def _line_up(self, chat_id: int, update_id: int) -> None:
        if chat_id in self._lines:
            if update_id not in self._lines[chat_id]:
                self._lines[chat_id].append(update_id)
            return
        self._lines[chat_id] = deque([update_id])
        self._tasks.start(self._post_chat(chat_id))

    async def _post_chat(self, chat_id: int) -> None:
        """Post one chat's updates one after the other; other chats go their own pace, as with Telegram."""
        line, pause = self._lines[chat_id], self.retry_seconds
        try:
            while (webhook := self.webhook) is not None and line:
                async with self._slots:
                    waiting = self._pending.get(line[0])  # gone if the bot had it, or had all dropped, meanwhile
                    is_taken = waiting is None or await self._post(webhook, waiting[1])
                if is_taken:
                    self._pending.pop(line.popleft(), None)
                    pause = self.retry_seconds
                else:
                    await self._clock.sleep(pause)
                    pause = min(pause * 2, 60.0)
        finally:
            del self._lines[chat_id]

    async def _post(self, webhook: BotWebhook, update: Json) -> bool:
        headers = {"Content-Type": "application/json"}
        if webhook.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret_token
        try:
            async with self._http().post(webhook.url, data=orjson.dumps(update), headers=headers) as answer:
                await answer.read()
                error = None if answer.ok else f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except (aiohttp.ClientError, TimeoutError):
            error = "Connection refused"
        if error is not None:
            self.last_error = (int(self._clock.now().timestamp()), error)
        return error is None

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self._session

    def end_polls(self) -> None:
        """Answer whoever is polling at once, as if a newer poll had come."""
        self._polls += 1
        self._changes.tell(None)

    async def close(self) -> None:
        self.end_polls()
        await self._tasks.close()
        if self._session is not None:
            await self._session.close()
            self._session = None


def wanted(names: Collection[str] | None, before: tuple[str, ...]) -> tuple[str, ...]:
    """Telegram keeps the earlier choice when allowed_updates is left out; an empty list means the usual kinds."""
    return before if names is None else tuple(names)


_WEBHOOK_IS_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
_OTHER_POLL = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
