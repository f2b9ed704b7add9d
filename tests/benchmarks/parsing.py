"""Owns the NLU servers' turn: many clients ask what a text means, and nothing else happens."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import orjson

from tests.benchmarks.load import in_parallel


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsing:
    """One round: seconds of each answer, and of the whole."""

    answers: Sequence[float]
    seconds: float


async def ask(url: str, texts: Sequence[str], *, clients: int) -> Parsing:
    """POST each text to a `/model/parse`; raises ValueError where one is not understood at all."""
    answers: list[float] = []

    async with aiohttp.ClientSession() as session:

        async def parse(text: str) -> None:
            at = time.perf_counter()
            async with session.post(url, json={"text": text}) as answer:
                body = orjson.loads(await answer.read())
            if "intent" not in body:
                raise ValueError(f"no answer of Rasa's: {answer.status}")
            answers.append(time.perf_counter() - at)

        began = time.perf_counter()
        await in_parallel(parse, texts, hands=clients)
        return Parsing(answers=answers, seconds=time.perf_counter() - began)
