"""Owns what the console does with alerts of others: fetch an address, and make a draft of what is in a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from bot.cap.drafting import draft_of, remarks
from bot.cap.fetching import fetch
from bot.cap.reading import Imported, read
from bot.domain.broadcast import Broadcast, Provenance
from bot.domain.delivery import BroadcastId
from bot.domain.employer import EmployerId, Site
from bot.domain.staff import StaffId
from bot.services.ports import Clock, Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """`languages` are those offered here, to which the alert's own are fitted."""

    session: aiohttp.ClientSession
    clock: Clock
    ids: Ids
    languages: Sequence[str]

    async def fetch(self, url: str) -> bytes:
        """What is at a public address; raises InputError or Unavailable."""
        return await fetch(url, self.session)

    def take(
        self,
        data: bytes,
        *,
        base: str,
        employer: EmployerId | None,
        author: StaffId,
        sites: Sequence[Site],
        ours: Mapping[Provenance, BroadcastId],
    ) -> tuple[Broadcast, tuple[str, ...]] | list[tuple[str, str, str]]:
        """A draft with what its author should look at; of a feed the address, title and time of each alert.

        Raises InputError with the line of what is wrong.
        """
        found = read(data, languages=self.languages, base=base)
        if not isinstance(found, Imported):
            return [(link.url, link.title, link.updated) for link in found]
        now = self.clock.now()
        draft = draft_of(found, employer=employer, author=author, sites=sites, ids=self.ids, now=now, ours=ours)
        return draft, remarks(found, draft, now)
