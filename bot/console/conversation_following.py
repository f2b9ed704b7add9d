"""Owns one screen that follows a conversation: what it has already, and what it is sent when something changes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from bot.console.conversation_lines import Line
from bot.console.conversation_scene import Scene
from bot.console.desk_stream import BEAT, GONE, Parts
from bot.console.render import draw
from bot.services.desk import View
from bot.services.desk_ports import Glance

TEMPLATE = "desk/conversation.html"
BETWEEN_BEATS = timedelta(seconds=4)  # the page calls itself not live after ten seconds without one


@dataclass(slots=True, kw_only=True)
class Following:
    """One screen that follows a conversation: what it has, so that only what is new is sent and nothing is drawn twice.

    A photo that is looked at or a voice that plays must not be drawn anew because something else came in.
    """

    scene: Scene
    request: web.Request
    known: str  # digest of the entries that the screen has
    drawn: dict[str, tuple[Line, str]] | None = None
    parts: Parts = field(default_factory=dict)
    beat: tuple[datetime, datetime | None] | None = None
    looked: tuple[View, tuple[Glance, ...]] | None = None  # what was drawn last

    def draw(self, view: View | None, glances: tuple[Glance, ...], lost_at: datetime | None) -> tuple[Parts, str]:
        """The events to send, by name, and what the screen will have then."""
        if view is None and lost_at is None:
            gone = draw(self.request, TEMPLATE, GONE)
            return {"standing": "", "facts": "", "timeline": gone, GONE: ""}, ""
        beat = self._beat(lost_at)
        if view is None or (self.looked is not None and self.looked[0] is view and self.looked[1] == glances):
            return beat, self.known
        self.looked = view, glances
        values = self.scene.values(self.request, view, glances)
        parts = {name: draw(self.request, TEMPLATE, name, **values) for name in ("standing", "facts")}
        changed = {name: text for name, text in parts.items() if self.parts.get(name) != text}
        self.parts = parts
        return {**changed, **self._timeline(values["lines"]), **beat}, self.known

    def _beat(self, lost_at: datetime | None) -> Parts:
        """A sign of life now and then; at once when the data is lost or found again."""
        now = self.scene.clock.now()
        if self.beat is not None and self.beat[1] == lost_at and now - self.beat[0] < BETWEEN_BEATS:
            return {}
        self.beat = now, lost_at
        return {BEAT: draw(self.request, TEMPLATE, BEAT, lost_at=lost_at, now=now)}

    def _timeline(self, now: Sequence[Line]) -> Parts:
        before, self.drawn = self.drawn, {}
        for line in now:
            known = before.get(line.id) if before is not None else None
            self.drawn[line.id] = (
                known if known is not None and known[0] == line else (line, draw_line(self.request, line))
            )
        texts = [text for _, text in self.drawn.values()]
        had, self.known = self.known, digest(texts)
        if before is None:
            return {} if had == self.known else {"timeline": "".join(texts)}
        missing = [name for name in before if name not in self.drawn]
        if missing != list(before)[: len(missing)]:  # not only the oldest: something in between was erased
            return {"timeline": "".join(texts)}
        news = [text for name, (_, text) in self.drawn.items() if name not in before]
        again = [
            _again(text) for name, (line, text) in self.drawn.items() if name in before and before[name][0] != line
        ]
        return {"entries": "".join([*again, *news])} if news or again else {}


def draw_line(request: web.Request, line: Line) -> str:
    return draw(request, "desk/entry.html", "entry", line=line)


def _again(text: str) -> str:
    """The entry in the place of the one that has its id."""
    return str.replace(text, "<li ", '<li hx-swap-oob="true" ', 1)


def digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]
