"""Logs: structured, on standard error only, without a contact's words or numbers whatever fails."""

import asyncio
import gc
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot import log

WORDS = "my boss beats me, call +5551987654321"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


def broken() -> Exception:
    try:
        raise ValueError(WORDS) from KeyError(WORDS)
    except ValueError as error:
        return error


@pytest.mark.parametrize("as_json", [False, True])
def test_an_error_is_logged_by_its_type_and_places_not_by_its_words(capsys: Any, as_json: bool) -> None:
    log.configure(as_json=as_json)
    log.logger("test").error("failed", error=broken())
    out, err = capsys.readouterr()
    assert "ValueError" in err
    assert "test_log.py:" in err
    assert WORDS not in out + err
    assert out == ""


@pytest.mark.parametrize("name", sorted(log.FORBIDDEN))
def test_fields_that_would_carry_private_things_are_dropped(capsys: Any, name: str) -> None:
    log.configure(as_json=True)
    log.logger("test").info("event", **{name: WORDS})
    assert json.loads(capsys.readouterr().err)[name] == "[not logged]"


def test_what_a_library_says_is_not_repeated_and_neither_is_its_traceback(capsys: Any) -> None:
    log.configure()
    logging.getLogger("aiohttp.server").error("Error handling request %s", WORDS, exc_info=broken())
    logging.getLogger("sqlalchemy.pool").warning(WORDS)
    out, err = capsys.readouterr()
    assert WORDS not in out + err
    assert "ERROR aiohttp.server ValueError at test_log.py:" in err
    assert "WARNING sqlalchemy.pool" in err


def test_our_own_modules_words_are_kept(capsys: Any) -> None:
    log.configure()
    logging.getLogger("bot.queue.doorbell").warning("bell not rung, Redis is away: %s", "ConnectionError")
    assert "bell not rung, Redis is away: ConnectionError" in capsys.readouterr().err


def test_a_task_whose_error_nobody_looked_at_says_nothing_private(capsys: Any) -> None:
    """asyncio's "exception was never retrieved" would print the whole traceback."""
    log.configure()

    async def fails() -> None:
        raise ValueError(WORDS)

    async def forgets() -> None:
        asyncio.get_running_loop().create_task(fails())
        await asyncio.sleep(0)

    asyncio.run(forgets())
    gc.collect()
    err = capsys.readouterr().err
    assert "ERROR asyncio ValueError" in err
    assert WORDS not in err


def test_libraries_that_chat_are_not_heard(capsys: Any) -> None:
    """httpx logs each request's address at INFO, and Telegram's address holds the bot's token."""
    log.configure(level="DEBUG")
    logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot123:secret/getUpdates")
    assert capsys.readouterr().err == ""


def test_levels_below_the_chosen_one_are_left_out(capsys: Any) -> None:
    log.configure(level="WARNING")
    log.logger("test").info("chatter")
    assert capsys.readouterr().err == ""
