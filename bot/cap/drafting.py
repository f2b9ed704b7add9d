"""Owns making a draft of ours from an alert of others: to be read, translated and approved before anybody gets it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.cap import times
from bot.cap.reading import Imported
from bot.domain.broadcast import Audience, Broadcast, BroadcastKind, MessageType, Provenance
from bot.domain.delivery import BroadcastId
from bot.domain.employer import EmployerId, Site
from bot.domain.errors import InputError
from bot.domain.staff import StaffId
from bot.services.alert_areas import sites_in
from bot.services.ports import Ids

PRACTICE = frozenset({"Exercise", "Test"})


def draft_of(
    imported: Imported,
    *,
    employer: EmployerId | None,
    author: StaffId,
    sites: Sequence[Site],
    ids: Ids,
    now: datetime,
    ours: Mapping[Provenance, BroadcastId] | None = None,
) -> Broadcast:
    """A draft whose texts nobody has reviewed, for the sites in the alert's area.

    `ours` are broadcasts that were sent here, by the alert each was made from: an update or cancellation of one of them
    is meant for exactly the people who got it (R8). Where none of them is meant, an update is an alert of its own, and
    a cancellation a notice. What others practise stays a drill. `remarks` says what the author should look at.
    """
    earlier = _earlier(imported, ours or {})
    return Broadcast(
        id=BroadcastId(ids.new()),
        employer=employer,
        kind=_kind(imported, is_known=bool(earlier)),
        message_type=imported.message_type if earlier else MessageType.ALERT,
        event=imported.event,
        category=imported.category,
        urgency=imported.urgency,
        severity=imported.severity,
        certainty=imported.certainty,
        response=imported.response,
        area=imported.area,
        source_language=imported.source_language,
        infos=imported.infos,
        audience=_audience(imported, sites, earlier),
        references=earlier,
        provenance=imported.provenance,
        author=author,
        created_at=now,
        onset_at=imported.onset_at,
        expires_at=imported.expires_at,
    )


def remarks(imported: Imported, draft: Broadcast, now: datetime) -> tuple[str, ...]:
    """What the author should look at before anything else, in plain words."""
    audience, told = draft.audience, list(imported.notes)
    if imported.is_signed:
        signer = imported.claimed_signer or "nobody by name"
        told.append(f"It carries a signature (it names {signer}), which was not verified.")
    if imported.status in PRACTICE:
        told.append(f"Its sender marked it {imported.status}: it became a drill.")
    if imported.status == "Draft":
        told.append("Its sender marked it Draft: it may change.")
    if imported.scope != "Public":
        told.append(f"Its scope is {imported.scope}: ask the sender whether you may pass it on.")
    if imported.message_type is not draft.message_type:
        told.append(
            "It is an update of something that was not sent from here."
            if (imported.message_type is MessageType.UPDATE)
            else "It cancels something that was not sent from here."
        )
    if draft.is_over(now):
        told.append("It has expired.")
    if audience.of is None and not audience.sites:
        told.append(
            "None of the sites lies in its area: choose who is meant."
            if audience.area
            else "It has no area on the map: choose who is meant, for now it is everybody."
        )
    return tuple(told)


def _kind(imported: Imported, *, is_known: bool) -> BroadcastKind:
    if imported.status in PRACTICE:
        return BroadcastKind.DRILL
    is_stray = imported.message_type is MessageType.CANCEL and not is_known
    return BroadcastKind.NOTICE if is_stray else BroadcastKind.ALERT


def _audience(imported: Imported, sites: Sequence[Site], earlier: tuple[BroadcastId, ...]) -> Audience:
    """Where an area has no site in it, the area itself narrows: an audience that names nothing is everybody."""
    if earlier:
        return Audience(of=earlier[-1], includes_waiting=imported.message_type is MessageType.UPDATE)
    inside = sites_in(imported.area, sites)
    is_bare = imported.area.has_shape and not inside
    return Audience(sites=inside, area=imported.area if is_bare else None)


def _earlier(imported: Imported, ours: Mapping[Provenance, BroadcastId]) -> tuple[BroadcastId, ...]:
    """Broadcasts of ours that it refers to, the oldest first."""
    if imported.message_type is MessageType.ALERT:
        return ()
    known = {_key(provenance): broadcast for provenance, broadcast in ours.items()}
    meant = sorted(map(_key, imported.references), key=lambda key: str(key[2]))
    return tuple(dict.fromkeys(known[key] for key in meant if key in known))


def _key(provenance: Provenance) -> tuple[str, str, str]:
    """What names an alert: the same moment may be written with another offset."""
    try:
        sent = times.read(provenance.sent).isoformat()
    except InputError:
        sent = provenance.sent
    return provenance.sender, provenance.identifier, sent
