"""A reply is read before it goes out in another language, carries only places that may be told, and files that open."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.contact import Channel, ContactId
from bot.domain.delivery import Delivery
from bot.domain.document import DocumentId
from bot.domain.errors import Conflict, Denied, InputError, Unavailable
from bot.domain.place import Place, PlaceId, PlaceKind
from bot.i18n import Catalogs
from bot.services import composing
from bot.services.access import Reader
from bot.services.composing import Composer, Draft, File
from bot.services.desk import BY_HAND
from bot.services.documents import Documents
from bot.services.places import PlaceDirectory
from bot.services.replies import LEFT_OPEN, Replies
from bot.services.translating import FAILED, NO_ENGINE, NOT_OFFERED, State, Translating
from tests.dialogue import Muster, Worker, muster
from tests.services.takeover import id_of, taken
from tests.services.test_documents import HOSTILE, JPEG, SAMPLES
from tests.stand import CountingIds

PDF = SAMPLES["pdf"][0]


@dataclass
class Tongue:
    """A translation service that turns words round, or fails as it is told."""

    name: str = "tongue"
    made: str = ""
    trouble: Exception | None = None
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def translate(self, text: str, source: str, target: str) -> str:
        self.asked.append((text, source, target))
        if self.trouble is not None:
            raise self.trouble
        return self.made or f"«{target}: {text}»"


@dataclass
class Wire:
    """Hears what open screens are told."""

    told: list[tuple[str, Any]] = field(default_factory=list)

    async def publish(self, topic: str, event: Any) -> None:
        self.told.append((topic, event))


@dataclass(kw_only=True, repr=False)
class Scene:
    house: Muster
    worker: Worker
    reader: Reader
    contact: ContactId
    tongue: Tongue
    wire: Wire
    composer: Composer
    translating: Translating

    async def last(self) -> Delivery:
        """What was sent last."""
        async with self.house.store.look() as unit:
            return (await unit.deliveries.history(self.contact, 50))[-1]

    async def beside(self, subject: str) -> dict[str, tuple[str, str]]:
        async with self.house.store.look() as unit:
            found = await unit.translations.beside([subject])
        return {one.language: (one.engine, one.text) for one in found}

    async def speaks(self, language: str, name: str | None = None) -> None:
        async with self.house.store.transaction(self.contact) as unit:
            known = await unit.contacts.get(self.contact)
            assert known is not None
            await unit.contacts.save(replace(known, language=language, name=name))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Muster]:
    async with muster(tmp_path) as opened:
        yield opened


@pytest.fixture
async def scene(house: Muster, catalogs: Catalogs) -> AsyncIterator[Scene]:
    worker, reader = await taken(house)
    tongue, wire = Tongue(), Wire()
    composer = Composer(
        store=house.store,
        clock=house.clock,
        desk=house.operators,
        replies=Replies(store=house.store, clock=house.clock, ids=CountingIds()),
        places=PlaceDirectory(catalogs=catalogs, zone=ZoneInfo("America/Sao_Paulo")),
        documents=house.conversation.documents,
        given={"organisation": "Muster", "hotline": "0800 123", "emergency_number": "112"},
        translator=tongue,
        has_links=True,
    )
    translating = Translating(store=house.store, clock=house.clock, desk=house.operators, live=wire, translator=tongue)
    made = Scene(
        house=house, worker=worker, reader=reader, contact=await id_of(worker), tongue=tongue, wire=wire,
        composer=composer, translating=translating,
    )  # fmt: skip
    await made.speaks("ne", "Sita")
    yield made
    await translating.close()


# --- in another language ----------------------------------------------------------------------------------------------


async def test_a_translation_is_shown_before_it_is_sent_and_both_are_kept(scene: Scene) -> None:
    """R13."""
    before = len(scene.worker.said)
    shown = await scene.composer.preview(scene.reader, scene.contact, Draft(text="Come at 9", language="en"), "ne")
    assert (shown.draft.text, shown.draft.original) == ("«ne: Come at 9»", "Come at 9")
    assert (shown.doubts, shown.problem) == ((), "")
    assert len(scene.worker.said) == before  # shown is not sent
    mended = replace(shown.draft, text="«ne: please come at 9»")
    subject = await scene.composer.send(scene.reader, scene.contact, mended)
    assert (scene.worker.said[-1].text, scene.worker.said[-1].language) == ("«ne: please come at 9»", "ne")
    assert await scene.beside(subject) == {"en": (BY_HAND, "Come at 9")}


async def test_a_number_that_the_machine_changed_is_marked(scene: Scene) -> None:
    """R12."""
    scene.tongue.made = "आउनुहोस् ८ बजे"
    shown = await scene.composer.preview(
        scene.reader, scene.contact, Draft(text="Come at 9, Sita, with M-7KQ2ZP", language="en"), "ne"
    )
    said = [(doubt.msgid, dict(doubt.variables)) for doubt in shown.doubts]
    assert ("It lacks the number {number}, which the source has.", {"number": "9"}) in said
    assert ("It has the number {number}, which the source has not.", {"number": "8"}) in said
    named = [variables["name"] for _, variables in said if "name" in variables]
    assert named == ["M-7KQ2ZP", "Sita"]


@pytest.mark.parametrize(("trouble", "problem"), [(Unavailable("x"), FAILED), (InputError("x"), NOT_OFFERED)])
async def test_a_failing_engine_never_blocks_a_reply(scene: Scene, trouble: Exception, problem: str) -> None:
    """R13."""
    scene.tongue.trouble = trouble
    draft = Draft(text="Come now", language="en")
    shown = await scene.composer.preview(scene.reader, scene.contact, draft, "ne")
    assert (shown.problem, shown.draft) == (problem, draft)
    without = await replace(scene.composer, translator=None).preview(scene.reader, scene.contact, draft, "ne")
    assert without.problem == NO_ENGINE
    await scene.composer.send(scene.reader, scene.contact, shown.draft)
    assert (scene.worker.said[-1].text, scene.worker.said[-1].language) == ("Come now", "en")


async def test_only_who_has_the_conversation_sends_and_only_who_may_read_it_previews(scene: Scene) -> None:
    """R2, R14."""
    other, author = await scene.house.operator("omar"), Reader(role="author", id="a")  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        await scene.composer.send(other, scene.contact, Draft(text="x"))
    with pytest.raises(Denied):
        await scene.composer.preview(author, scene.contact, Draft(text="x", language="en"), "ne")
    with pytest.raises(Denied):
        await scene.composer.offers(author, scene.contact, PlaceKind.SHELTER)
    assert scene.tongue.asked == []


# --- beside what was said ---------------------------------------------------------------------------------------------


async def test_what_a_worker_wrote_is_translated_beside_the_page(scene: Scene) -> None:
    """R13: shown as under way first; both texts are stored; the screens hear of it."""
    await scene.worker.says("मलाई 50 चाहिन्छ")
    view = await scene.house.operators.look_again(scene.reader, scene.contact)
    heard = [entry.subject for entry in view.entries if entry.message][-1]
    assert scene.translating.beside(view, ["en"])[heard].state is State.UNDER_WAY
    await scene.translating.settle()
    view = await scene.house.operators.look_again(scene.reader, scene.contact)
    found = scene.translating.beside(view, ["en"])[heard]
    assert (found.state, found.text, found.is_machine_made) == (State.READY, "«en: मलाई 50 चाहिन्छ»", True)
    assert await scene.beside(heard) == {"en": ("tongue", "«en: मलाई 50 चाहिन्छ»")}
    assert (f"conversation:{scene.contact}", {"translated": heard}) in scene.wire.told
    asked = len(scene.tongue.asked)
    assert scene.translating.beside(view, ["es", "ne"]) == {} or all(
        one.language == "es" for one in scene.translating.beside(view, ["es", "ne"]).values()
    )
    assert heard not in scene.translating.beside(view, ["es", "ne"])  # this reader has the language
    await scene.translating.settle()
    assert not any(text == "मलाई 50 चाहिन्छ" for text, _, _ in scene.tongue.asked[asked:])


async def test_a_failed_translation_says_so_and_is_tried_again_when_asked(scene: Scene) -> None:
    """R13."""
    scene.tongue.trouble = Unavailable("down")
    await scene.worker.says("मलाई मद्दत")
    view = await scene.house.operators.look_again(scene.reader, scene.contact)
    heard = [entry.subject for entry in view.entries if entry.message][-1]
    scene.translating.beside(view, ["en"])
    await scene.translating.settle()
    assert scene.translating.beside(view, ["en"])[heard].state is State.FAILED
    asked = len(scene.tongue.asked)
    scene.translating.beside(view, ["en"])
    await scene.translating.settle()
    assert len(scene.tongue.asked) == asked  # a screen that renews itself does not hammer
    scene.tongue.trouble = None
    with pytest.raises(Denied):
        await scene.translating.again(Reader(role="author", id="a"), scene.contact, heard, ["en"])  # type: ignore[arg-type]
    await scene.translating.again(scene.reader, scene.contact, heard, ["en"])
    await scene.translating.settle()
    assert await scene.beside(heard) == {"en": ("tongue", "«en: मलाई मद्दत»")}


# --- places -----------------------------------------------------------------------------------------------------------


async def _place(scene: Scene, **changes: Any) -> Place:
    today = scene.house.clock.now().date()
    place = Place(
        id=PlaceId("p1"), kind=PlaceKind.SHELTER, name="Casa Azul", phones=("+555133334444",), source="City",
        checked_on=today - timedelta(days=9), expires_on=today + timedelta(days=9),
    )  # fmt: skip
    place = replace(place, **changes)
    async with scene.house.store.transaction() as unit:
        await unit.places.put([place])
    return place


async def test_a_place_goes_out_as_a_card_in_the_contacts_language(scene: Scene) -> None:
    place = await _place(scene)
    offered = {one.place.id: one.text for one in await scene.composer.offers(scene.reader, scene.contact, place.kind)}
    await scene.composer.send(scene.reader, scene.contact, Draft(text="यहाँ:", place=place.id))
    assert scene.worker.said[-1].text == f"यहाँ:\n\n{offered[place.id]}"
    assert "+55 51 3333-4444" in scene.worker.said[-1].text
    assert "Phone" not in scene.worker.said[-1].text


async def test_a_place_that_may_not_be_told_is_neither_offered_nor_sent(scene: Scene) -> None:
    """R5: expired or blocked meanwhile."""
    now = scene.house.clock.now()
    before = len(scene.worker.said)
    for change in ({"expires_on": now.date() - timedelta(days=2)}, {"blocked_at": now}, {"source": ""}):
        place = await _place(scene, **change)
        offered = await scene.composer.offers(scene.reader, scene.contact, PlaceKind.SHELTER)
        assert place.id not in [one.place.id for one in offered]
        with pytest.raises(InputError, match=composing.NOT_TOLD):
            await scene.composer.send(scene.reader, scene.contact, Draft(text="Go", place=place.id))
    with pytest.raises(InputError, match=composing.NOT_TOLD):
        await scene.composer.send(scene.reader, scene.contact, Draft(text="Go", place=PlaceId("none")))
    assert len(scene.worker.said) == before


# --- ready replies ----------------------------------------------------------------------------------------------------


async def test_a_ready_reply_is_filled_in_and_what_is_not_known_stops_it(scene: Scene) -> None:
    chosen = await scene.composer.fill_in(scene.reader, scene.contact, "built-in-emergency")
    assert (chosen.language, chosen.missing) == ("ne", ())
    assert "112" in chosen.text
    chosen = await scene.composer.fill_in(scene.reader, scene.contact, "built-in-go-to-place")
    assert chosen.missing == ("place",)
    with pytest.raises(InputError) as caught:
        await scene.composer.send(scene.reader, scene.contact, Draft(text=chosen.text))
    assert str(caught.value) == LEFT_OPEN
    place = await _place(scene)
    chosen = await scene.composer.fill_in(scene.reader, scene.contact, "built-in-go-to-place", place.id)
    assert "Casa Azul" in chosen.text
    await scene.speaks("km")
    with pytest.raises(InputError, match=composing.NO_SUCH_TEXT):
        await scene.composer.fill_in(scene.reader, scene.contact, "built-in-emergency")


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("body", "kind"), [(JPEG, "photo"), (PDF, "document")])
async def test_a_file_is_kept_as_the_contacts_own_and_sent(scene: Scene, body: bytes, kind: str) -> None:
    """R17."""
    await scene.composer.send(scene.reader, scene.contact, Draft(file=File(body=body, media_type="text/html")))
    document = (await scene.last()).content.attachment
    assert document is not None
    async with scene.house.store.look() as unit:
        kept = await unit.documents.get(DocumentId(document))
        assert await unit.documents.body(DocumentId(document)) == body
    assert kept is not None
    assert (kept.contact, kept.kind) == (scene.contact, kind)


@pytest.mark.parametrize("name", [*sorted(HOSTILE), "gif", "webp", "mp4", "heic of an iPhone"])
def test_no_other_kind_of_file_is_sent(name: str) -> None:
    documents = Documents(ids=CountingIds(), life=timedelta(days=1))
    body = HOSTILE[name] if name in HOSTILE else SAMPLES[name][0]
    with pytest.raises(InputError, match="Only photos"):
        composing.kind_of(documents, File(body=body, media_type="image/jpeg"))


async def test_a_file_that_is_too_large_says_what_to_do(scene: Scene) -> None:
    for body, sentence in (
        (JPEG + b"\0" * composing.LARGEST["photo"], composing.PHOTO_TOO_LARGE),
        (PDF + b"\0" * composing.LARGEST["document"], composing.FILE_TOO_LARGE),
    ):
        with pytest.raises(InputError) as caught:
            await scene.composer.send(scene.reader, scene.contact, Draft(file=File(body=body, media_type="")))
        assert str(caught.value) == sentence


async def test_a_file_goes_nowhere_that_no_file_can_reach(house: Muster, scene: Scene) -> None:
    """Outside WhatsApp's 24 hours, or where a provider cannot fetch it from us; nothing is left stored."""
    worker = house.worker(Channel.WHATSAPP, "+5551999990000")
    await worker.says("hello")
    contact = await id_of(worker)
    await house.operators.claim(scene.reader, contact)
    draft = Draft(text="Look", file=File(body=JPEG, media_type="image/jpeg"))
    with pytest.raises(InputError) as caught:
        await replace(scene.composer, has_links=False).send(scene.reader, contact, draft)
    assert str(caught.value) == composing.NO_PUBLIC_ADDRESS
    house.clock.forward(timedelta(hours=25))
    with pytest.raises(InputError) as caught:
        await scene.composer.send(scene.reader, contact, draft)
    assert str(caught.value) == composing.OUTSIDE
    assert worker.said[-1].attachment is None
