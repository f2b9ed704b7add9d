"""Owns how stored files reach a contact: as bytes for channels that upload, else by a signed address that ends."""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.document import Document, DocumentId
from bot.domain.errors import Denied, Reason, SendError
from bot.domain.staff import Role
from bot.services import access
from bot.services.access import Reader
from bot.services.documents import Documents
from bot.services.ports import Clock, Store

LINK_LIFE = timedelta(days=3)  # a phone may be off for a weekend; after that the desk sends it again
_SENDER = Reader(role=Role.SYSTEM, id="sender")
_TOKEN = re.compile(r"([A-Za-z0-9_-]{1,64})\.([0-9a-f]{1,12})\.([0-9a-f]{40})")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFiles:
    """The files that the desk sends. `sign` gives 40 hexadecimal digits or more that only this service can make."""

    store: Store
    documents: Documents
    clock: Clock
    sign: Callable[[str], str]
    public_url: str = ""

    async def read(self, document: DocumentId) -> tuple[str, bytes]:
        """The media type and the bytes; entered in the audit. Raises SendError when it is gone."""
        try:
            known, body = await self.documents.read(self.store, reader=_SENDER, document=document, now=self.clock.now())
        except Denied:
            raise SendError(Reason.BAD_CONTENT, detail="the file is gone") from None
        return known.media_type, body

    def link(self, document: DocumentId) -> str:
        """The public address of the file, for LINK_LIFE from now; raises SendError where we have no public address."""
        if not self.public_url:
            raise SendError(Reason.BAD_CONTENT, detail="no public address for the file")
        return self.public_url + self.path(document)

    def path(self, document: DocumentId) -> str:
        """The same for a page of our own."""
        return f"/media/{self.token(document, self.clock.now() + LINK_LIFE)}"

    def token(self, document: DocumentId, until: datetime) -> str:
        """Opens this document only, and only until then."""
        named = f"{document}.{int(until.timestamp()):x}"
        return f"{named}.{self.sign(named)[:40]}"

    async def fetch(self, token: str) -> tuple[Document, bytes]:
        """What the token opens, entered in the audit as its owner's look; raises Denied for all else alike."""
        found = _TOKEN.fullmatch(token)
        if found is None or not hmac.compare_digest(self.sign(f"{found[1]}.{found[2]}")[:40], found[3]):
            raise Denied(access.REFUSAL)
        now, document = self.clock.now(), DocumentId(found[1])
        if datetime.fromtimestamp(int(found[2], 16), UTC) <= now:
            raise Denied(access.REFUSAL)
        async with self.store.look() as unit:
            known = await unit.documents.get(document)
        if known is None:
            raise Denied(access.REFUSAL)
        owner = Reader(role=Role.CONTACT, id=known.contact)
        return await self.documents.read(self.store, reader=owner, document=document, now=now)
