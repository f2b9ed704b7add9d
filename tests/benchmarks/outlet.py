"""A provider of its own process: Twilio's stand-in, unlimited or with a limit, which notes when it took what.

`python -m tests.benchmarks.outlet PORT [LIMIT BURST]`: LIMIT is in messages a second. GET /taken?word=W answers the
times (seconds of the machine's monotonic clock) at which messages with W were taken, and how many were refused.
"""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence

import orjson
import uvloop
from aiohttp import web

from bot.sandbox.twilio import Callbacks, TwilioLimits, TwilioMessage, TwilioStandIn, create_twilio
from bot.sandbox.twilio_errors import TwilioRefusal
from tests.benchmarks.provider import ACCOUNT, NUMBER, TOKEN

NEVER = 10**9


class Outlet(TwilioStandIn):
    """The stand-in, which remembers the time of each message that it took."""

    def __init__(self, *, limits: TwilioLimits) -> None:
        super().__init__(
            account_sid=ACCOUNT, auth_token=TOKEN, senders=[NUMBER], status_seconds=0, keep=1000, limits=limits
        )
        self.callbacks = Callbacks(lose=NEVER)
        self.taken: list[tuple[float, str]] = []
        self.refused = 0

    def create_message(self, form: Mapping[str, str], media_urls: Sequence[str]) -> TwilioMessage:
        try:
            message = super().create_message(form, media_urls)
        except TwilioRefusal:
            self.refused += 1
            raise
        self.taken.append((time.monotonic(), message.body))
        return message


def application(outlet: Outlet) -> web.Application:
    """The stand-in's interface, and beside it what was taken."""

    async def taken(request: web.Request) -> web.Response:
        word = request.query.get("word", "")
        times = [at for at, body in outlet.taken if word in body]
        return web.Response(body=orjson.dumps({"times": times, "refused": outlet.refused}))

    async def forget(_: web.Request) -> web.Response:
        outlet.taken.clear()
        outlet.refused = 0
        return web.Response()

    around = web.Application()
    around.router.add_get("/taken", taken)
    around.router.add_post("/forget", forget)
    around.add_subapp("/api", create_twilio(outlet))
    return around


async def main() -> None:
    port, *limited = sys.argv[1:]
    rate, burst = (float(limited[0]), float(limited[1])) if limited else (None, 1.0)
    outlet = Outlet(limits=TwilioLimits(requests=rate, requests_burst=burst))
    runner = web.AppRunner(application(outlet), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(port)).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
