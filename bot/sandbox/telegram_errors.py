"""Telegram's refusals, with the JSON that its API answers for them."""

from dataclasses import dataclass


@dataclass(eq=False)  # not frozen: Python itself sets __traceback__ on a raised exception
class TelegramRefusal(Exception):
    """A request that Telegram turns down; `retry_after` is in whole seconds and goes with status 429."""

    status: int
    description: str
    retry_after: int | None = None

    def as_json(self) -> dict[str, object]:
        answer: dict[str, object] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.retry_after is not None:
            answer["parameters"] = {"retry_after": self.retry_after}
        return answer


def bad_request(why: str) -> TelegramRefusal:
    return TelegramRefusal(400, f"Bad Request: {why}")


def too_fast(seconds: int) -> TelegramRefusal:
    return TelegramRefusal(429, f"Too Many Requests: retry after {seconds}", seconds)
