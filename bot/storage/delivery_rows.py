"""Owns how a delivery is written down: what is looked for in columns, the address and what it says sealed."""

from typing import Any

from bot.domain.contact import Address, Channel, ContactId, Scheme
from bot.domain.delivery import (
    BroadcastId,
    Content,
    Delivery,
    DeliveryId,
    DeliveryStatus,
    Lane,
    Option,
    Outreach,
    Template,
)
from bot.domain.errors import Reason
from bot.storage import values
from bot.storage.crypto import Vault

LANES = (Lane.EMERGENCY, Lane.REPLY, Lane.BULK)  # stored by their place here: who goes first


class DeliveryRows:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def provider_hash(self, channel: Channel, provider_id: str) -> str:
        return self._vault.fingerprint("delivery", channel, provider_id)

    def written(self, delivery: Delivery) -> dict[str, Any]:
        ready = {DeliveryStatus.QUEUED: delivery.due_at, DeliveryStatus.SENDING: delivery.claimed_until}
        sent_as = delivery.provider_id
        return {
            "channel": delivery.channel.value,
            "address_hash": self._vault.hash_address(delivery.address),
            "language": delivery.content.language,
            "origin": delivery.origin,
            "lane": LANES.index(delivery.lane),
            "status": delivery.status.value,
            "attempts": delivery.attempts,
            "due_at": delivery.due_at,
            "ready_at": ready.get(delivery.status),
            "expires_at": delivery.expires_at,
            "sent_at": delivery.sent_at,
            "provider_hash": self.provider_hash(delivery.channel, sent_as) if sent_as is not None else None,
            "failure": delivery.failure.value if delivery.failure else None,
            "broadcast_id": delivery.outreach.broadcast if delivery.outreach else None,
            "recipient": delivery.outreach.recipient if delivery.outreach else None,
            "round": delivery.outreach.round if delivery.outreach else 0,
            "doubts": delivery.outreach.doubts if delivery.outreach else 0,
            "is_template": delivery.content.template is not None if delivery.outreach else None,
            "sealed": self._seal(delivery),
        }

    def sent(self, key: str, delivery: Delivery) -> dict[str, Any]:
        return {
            "delivery": delivery.id,
            "key": key,
            "attempts": delivery.attempts,
            "at": delivery.sent_at,
            "private": self._seal(delivery),
        }

    def _seal(self, delivery: Delivery) -> bytes:
        content, template = delivery.content, delivery.content.template
        private = {
            "scheme": delivery.address.scheme.value,
            "path": delivery.address.path,
            "provider_id": delivery.provider_id,
            "text": content.text,
            "options": [[option.label, option.payload] for option in content.options],
            "asks_position": content.asks_position,
            "attachment": content.attachment,
            "template": [template.id, *template.variables] if template else None,
        }
        return self._vault.seal("deliveries", delivery.id, values.to_bytes(private))

    def read(self, row: Any) -> Delivery:
        private = values.from_bytes(self._vault.unseal("deliveries", row.id, row.sealed))
        status = DeliveryStatus(row.status)
        return Delivery(
            id=DeliveryId(row.id),
            contact=ContactId(row.contact_id),
            channel=Channel(row.channel),
            address=Address(scheme=Scheme(private["scheme"]), path=private["path"]),
            content=_content(row.language, private),
            origin=row.origin,
            lane=LANES[row.lane],
            status=status,
            attempts=row.attempts,
            position=row.position,
            created_at=row.created_at,
            due_at=row.due_at,
            expires_at=row.expires_at,
            sent_at=row.sent_at,
            claimed_until=row.ready_at if status is DeliveryStatus.SENDING else None,
            provider_id=private["provider_id"],
            failure=Reason(row.failure) if row.failure else None,
            outreach=_outreach(row) if row.broadcast_id else None,
        )


def _outreach(row: Any) -> Outreach:
    return Outreach(
        broadcast=BroadcastId(row.broadcast_id), recipient=row.recipient, round=row.round, doubts=row.doubts
    )


def _content(language: str, private: dict[str, Any]) -> Content:
    template = private["template"]
    return Content(
        text=private["text"],
        language=language,
        options=tuple(Option(label=label, payload=payload) for label, payload in private["options"]),
        asks_position=private["asks_position"],
        attachment=private["attachment"],
        template=Template(id=template[0], variables=tuple(template[1:])) if template else None,
    )
