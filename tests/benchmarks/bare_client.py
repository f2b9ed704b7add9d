"""What Muster's broadcasts are compared with: aiohttp alone, posting the same forms to the same provider.

`python -m tests.benchmarks.bare_client URL COUNT HANDS`: forms to COUNT phones, HANDS under way at once.
"""

import sys

import aiohttp
import uvloop

from tests.benchmarks.load import in_parallel
from tests.benchmarks.provider import ACCOUNT, NUMBER, TOKEN

BODY = "ALERT from Mill. The river is rising: go up now. Take nothing with you. Are you safe? 1 I am safe 2 I need help"


async def main() -> None:
    url, count, hands = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    address = f"{url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    headers = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=hands)) as session:

        async def post(number: int) -> None:
            form = {
                "To": f"+1500600{number:06d}",
                "From": NUMBER,
                "Body": BODY,
                "StatusCallback": "http://127.0.0.1:9/channels/sms/status",
                "ValidityPeriod": "36000",
            }
            async with session.post(address, data=form) as answer:
                await answer.read()
                answer.raise_for_status()

        await in_parallel(post, range(count), hands=hands)


if __name__ == "__main__":
    uvloop.run(main())
