"""Owns consents in SQL: dates in clear, what may be passed on and to whom sealed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from bot.domain.case import CaseId
from bot.domain.consent import Consent, ConsentId
from bot.domain.contact import ContactId
from bot.domain.message import MessageId
from bot.domain.staff import StaffId
from bot.storage import values
from bot.storage.schema import consents
from bot.storage.upsert import put
from bot.storage.work import Work


class SqlConsents:
    def __init__(self, work: Work) -> None:
        self._db = work.connection
        self._vault = work.vault

    async def put(self, consent: Consent) -> None:
        private = {
            "recipient": consent.recipient,
            "purpose": consent.purpose,
            "message": consent.message,
            "note": consent.note,
        }
        row = {
            "id": consent.id,
            "contact_id": consent.contact,
            "case_id": consent.case,
            "asked_by": consent.asked_by,
            "asked_at": consent.asked_at,
            "answered_at": consent.answered_at,
            "is_given": consent.is_given,
            "revoked_at": consent.revoked_at,
            "sealed": self._vault.seal("consents", consent.id, values.to_bytes(private)),
        }
        await put(self._db, consents, [row])

    async def get(self, consent: ConsentId) -> Consent | None:
        row = (await self._db.execute(select(consents).where(consents.c.id == consent))).first()
        return self._consent(row) if row is not None else None

    async def of(self, contact: ContactId) -> Sequence[Consent]:
        mine = select(consents).where(consents.c.contact_id == contact)
        rows = await self._db.execute(mine.order_by(consents.c.asked_at.desc(), consents.c.id.desc()))
        return [self._consent(row) for row in rows]

    def _consent(self, row: Any) -> Consent:
        private = values.from_bytes(self._vault.unseal("consents", row.id, row.sealed))
        return Consent(
            id=ConsentId(row.id),
            contact=ContactId(row.contact_id),
            case=CaseId(row.case_id) if row.case_id else None,
            recipient=private["recipient"],
            purpose=private["purpose"],
            asked_by=StaffId(row.asked_by),
            asked_at=row.asked_at,
            answered_at=row.answered_at,
            is_given=row.is_given,
            message=MessageId(private["message"]) if private["message"] else None,
            note=private["note"],
            revoked_at=row.revoked_at,
        )
