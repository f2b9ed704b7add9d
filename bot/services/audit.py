"""Owns the audit (R17): every look at and every change of a case, document or conversation is entered in its chain."""

from datetime import datetime

from bot.domain.audit import AuditEntry
from bot.services.access import Deed, Matter, Reader
from bot.services.ports import Unit


async def record(
    unit: Unit,
    reader: Reader,
    deed: Deed,
    matter: Matter,
    subject: str,
    *,
    at: datetime,
    is_allowed: bool = True,
    detail: str = "",
) -> None:
    """Enter it in this transaction, last: whoever comes after waits for this one to end.

    `detail` names what was changed; never what anybody said.
    """
    await unit.audit.add(
        AuditEntry(
            at=at,
            reader=reader.id,
            role=reader.role.value,
            deed=deed.value,
            matter=matter.value,
            subject=subject,
            is_allowed=is_allowed,
            detail=detail,
        )
    )
