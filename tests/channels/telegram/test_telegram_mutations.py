"""Every value of every known update, replaced by junk of every kind, gives a sound message or InputError."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.channels.telegram import TelegramChannel
from bot.domain.errors import InputError
from bot.domain.message import Received
from tests.channels.conftest import SECRET
from tests.channels.stand import table
from tests.channels.telegram.test_telegram_in import posted, update_of

JUNK: list[Any] = [None, True, -1, 7, 2**52, 10**30, "x", "\0", [7], [[]], {}, {"id": 1}]
LONGEST = 2**63 - 1  # what a database's whole number holds


def places(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """The paths of all values inside, the outermost first."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        yield (*path, name)
        yield from places(inner, *path, name)


def replaced(update: Any, path: tuple[Any, ...], junk: Any) -> bytes:
    changed = copy.deepcopy(update)
    parent = changed
    for name in path[:-1]:
        parent = parent[name]
    parent[path[-1]] = junk
    return json.dumps(changed).encode()


def assert_sound(message: Received) -> None:
    texts = [message.text, message.provider_id, message.address.path, message.choice or "", message.name or ""]
    texts += [message.language_hint or "", message.phone or ""]
    texts += [text for attachment in message.attachments for text in (attachment.source, attachment.media_type)]
    assert all(isinstance(text, str) and "\0" not in text for text in texts)
    assert message.address.path.isdecimal()
    assert int(message.address.path) <= LONGEST
    assert 0 <= message.sequence <= LONGEST
    assert all(attachment.size is None or 0 <= attachment.size <= LONGEST for attachment in message.attachments)
    if message.position is not None:
        assert abs(message.position.latitude) <= 90


@pytest.mark.parametrize("case", table("telegram", "updates.yml"), ids=lambda case: case["case"])
def test_junk_in_any_place_does_no_harm(reader: TelegramChannel, case: dict[str, Any]) -> None:
    update, refused = update_of(case), 0
    for path in places(update):
        for junk in JUNK:
            try:
                inbound = reader.receive(posted(replaced(update, path, junk), SECRET))
            except InputError:
                refused += 1
                continue
            for message in inbound.messages:
                assert_sound(message)
    assert refused  # an update_id at least can be wrong
