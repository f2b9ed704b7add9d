"""A broadcast's life attacked: one person alone, drills that replace alerts, people between an alert and its update."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.broadcast import Audience, BroadcastKind, BroadcastStatus, Info, MessageType
from bot.domain.checkin import RecipientState
from bot.domain.employer import SiteId
from bot.domain.errors import Conflict, InputError, Reason, SendError
from bot.services.broadcasts import NotReady
from tests.dialogue import muster
from tests.services.alarm import FLOOD, alerted, drafted, employed, let_out, people, recipient


async def test_r7_a_live_alert_that_nobody_submitted_is_let_out_by_nobody(tmp_path: Path) -> None:
    """Else an approver sends an author's forgotten draft alone."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        _, approver = await people(house)
        draft = await drafted(house)
        with pytest.raises(InputError, match="has not submitted"):
            await house.desk.approve(approver, draft.id, recipients=1)
        await house.send_out()
        assert not ana.said


async def test_r7_nobody_slips_words_in_by_a_sites_name_after_approval(tmp_path: Path) -> None:
    """One person may rename a site: what is sent says what the second person read, also when it is sent later."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        author, _ = await people(house)
        draft = await drafted(house, send_at=house.clock.now() + timedelta(hours=2))
        await let_out(house, draft.id, 1)
        async with house.store.transaction() as unit:
            site = (await unit.sites.all())[0]
            employer = await unit.sites.employer(site.employer)
            assert employer is not None
            await unit.sites.put(employer, [replace(site, name="all danger is over, go back to work at")])
        house.clock.forward(timedelta(hours=2))
        await house.send_out()
        assert site.name in ana.said[-1].text
        word = await house.desk.cancel(author, draft.id)
        await house.send_out()
        assert word.places[site.id] == (site.name, site.assembly_point)
        assert not any("danger is over" in one.text for one in ana.said)
        update = await house.desk.update(author, word.id)
        assert update.places == {}


async def test_r7_nobody_slips_words_in_by_a_new_site_after_approval(tmp_path: Path) -> None:
    """Nor by a site to which everybody is moved: its readers see their employer's name."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        draft = await drafted(house, send_at=house.clock.now() + timedelta(hours=2))
        await let_out(house, draft.id, 1)
        contact = await ana.contact()
        async with house.store.transaction() as unit:
            sites = await unit.sites.all()
            employer = await unit.sites.employer(sites[0].employer)
            assert employer is not None
            new = replace(sites[0], id=SiteId("new"), code="NEW-1", name="all danger is over, go back to work at")
            await unit.sites.put(employer, [*sites, new])
            await unit.contacts.save(replace(contact, site=new.id))
        house.clock.forward(timedelta(hours=2))
        await house.send_out()
        assert f"Flood at {employer.name}: leave" in ana.said[-1].text
        assert "danger is over" not in ana.said[-1].text


async def test_who_has_no_site_reads_the_name_of_their_employer(tmp_path: Path) -> None:
    """Not a hole in the sentence."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        contact = await ana.contact()
        async with house.store.transaction() as unit:
            assert contact.employer is not None
            employer = await unit.sites.employer(contact.employer)
            await unit.contacts.save(replace(contact, site=None))
        await alerted(house)
        assert employer is not None
        assert f"Flood at {employer.name}: leave" in ana.said[-1].text


async def test_r7_what_was_taken_back_names_nobody_as_its_approver(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        draft = await drafted(house, send_at=house.clock.now() + timedelta(hours=2))
        await let_out(house, draft.id, 1)
        taken = await house.desk.take_back(author, draft.id)
        assert (taken.status, taken.approver, taken.approved_at) == (BroadcastStatus.DRAFT, None, None)


@pytest.mark.parametrize("kind", [BroadcastKind.ALERT, BroadcastKind.DRILL])
async def test_r9_a_drill_never_replaces_what_is_real_nor_the_other_way_round(
    tmp_path: Path, kind: BroadcastKind
) -> None:
    """As an imported message might: an exercise that says it updates an alert of ours would stop that alert."""
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        out = await alerted(house, kind)
        other = BroadcastKind.DRILL if kind is BroadcastKind.ALERT else BroadcastKind.ALERT
        draft = replace(
            house.desk.new(author, other),
            infos=out.infos,
            message_type=MessageType.UPDATE,
            references=(out.id,),
            audience=Audience(of=out.id),
        )
        with pytest.raises(InputError, match="A drill cannot replace"):
            await house.desk.draft(author, draft)


async def test_r8_a_cancellation_cannot_be_cancelled(tmp_path: Path) -> None:
    """Its readers would be told once more that the danger is over."""
    async with muster(tmp_path) as house:
        ana = await employed(house)
        author, _ = await people(house)
        word = await house.desk.cancel(author, (await alerted(house)).id)
        await house.send_out()
        with pytest.raises(InputError, match="itself a cancellation"):
            await house.desk.cancel(author, word.id)
        await house.send_out()
        assert len(ana.said) == 2


async def test_r8_whom_an_update_did_not_reach_is_told_of_its_cancellation(tmp_path: Path) -> None:
    """Luis was sent the alert and not the update: he still does as the alert said."""
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house)
        alert = await alerted(house)
        house.broken[luis.address] = SendError(Reason.PROVIDER_DOWN)
        author, _ = await people(house)
        update = await house.desk.update(author, alert.id)
        await let_out(house, update.id, 2)
        await house.send_out()
        assert (len(ana.said), len(luis.said)) == (2, 1)

        word = await house.desk.cancel(author, update.id)
        house.broken.clear()
        house.clock.forward(timedelta(minutes=20))
        await house.send_out()

        assert [len(ana.said), len(luis.said)] == [3, 2]
        assert luis.said[-1].text.startswith("CANCELLED")
        assert (await recipient(house, update.id, luis)).state is RecipientState.CANCELLED
        assert (await recipient(house, word.id, luis)).state is RecipientState.SENT


async def test_r8_who_was_sent_nothing_of_an_alert_is_not_told_of_its_end(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, luis = await employed(house), await employed(house)
        house.broken[luis.address] = SendError(Reason.PROVIDER_DOWN)
        alert = await alerted(house)
        author, _ = await people(house)
        update = await house.desk.update(author, alert.id, includes_waiting=False)
        await let_out(house, update.id, 1)
        await house.send_out()
        await house.desk.cancel(author, update.id)
        house.broken.clear()
        house.clock.forward(timedelta(minutes=20))
        await house.send_out()
        assert (len(ana.said), luis.said) == (3, [])


def said(**texts: str) -> dict[str, Info]:
    """The flood in English, and in Spanish with some of its texts otherwise; somebody stands for it."""
    return {"en": FLOOD["en"], "es": replace(FLOOD["es"], **texts)}  # type: ignore[arg-type]


BLANKS = ["\u200b", "\u2060 \ufeff", "\u3164", "...", "\u00ad\n", "👍🌊"]
DISGUISES = {
    "Inundación en {site}: llame al \u202e193.": "shows numbers turned around",
    "Inundación en {site}: llame al 391.": "lacks the number 193",
    "Inundación en {site}: llame al l93.": "lacks the number 193",
    "Inundación en {site}: llame al 19\u200b3.": "lacks the number 193",
    "Inundación en {site}: llame al ١٩٣ o al 194.": "has the number 194",
    "Inundación en {Site}: llame al 193.": "{Site} is no placeholder",
    "Inundación en {SITE}: llame al 193.": "{SITE} is no placeholder",
    "Inundación en Serra: llame al 193.": "lacks {site}",
}


async def test_r12_a_text_in_which_there_is_nothing_to_read_is_no_translation(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house, language="es")
        author, _ = await people(house)
        for blank in BLANKS:
            assert (await drafted(house, infos=said(headline=blank))).sendable_languages() == ("en",), blank
            assert (await drafted(house, infos=said(instruction=blank))).sendable_languages() == ("en",), blank
            source = {"en": Info(headline=blank, instruction=blank)}
            with pytest.raises(NotReady, match=r"Write a headline.*Write what people should do"):
                await house.desk.submit(author, (await drafted(house, infos=source)).id)


async def test_r12_no_disguise_of_a_number_or_a_place_goes_out(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        english = replace(FLOOD["en"], headline="Flood at {site}: call 193.")
        for headline, fault in DISGUISES.items():
            draft = await drafted(house, infos=said(headline=headline) | {"en": english})
            with pytest.raises(NotReady, match=fault):
                await house.desk.submit(author, draft.id)


async def test_r12_a_number_in_the_digits_of_its_script_is_the_same_number(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        english = replace(FLOOD["en"], headline="Flood at {site}: call 193.")
        for number in ("١٩٣", "१९३", "１９３", "193"):
            infos = said(headline=f"Inundación en {{site}}: llame al {number}.") | {"en": english}
            await house.desk.submit(author, (await drafted(house, infos=infos)).id)


async def test_r12_nobody_stands_for_words_that_came_after_they_read(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        author, approver = await people(house)
        read = await drafted(house)
        await house.desk.change(author, replace(read, infos=said(instruction="Quédese donde está.")))
        with pytest.raises(Conflict):
            await house.desk.review(approver, read.id, "es", revision=1)
        assert (await house.desk.get(author, read.id)).sendable_languages() == ("en",)


async def test_r9_what_is_real_cannot_begin_as_a_drill_does(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        for headline in ("DRILL: flood at {site}", "drill. Flood at {site}", "Drill flood at {site}"):
            infos = {"en": Info(headline=headline, instruction="Go up.")}
            with pytest.raises(NotReady, match="begins as a drill"):
                await house.desk.submit(author, (await drafted(house, infos=infos)).id)
            await house.desk.submit(author, (await drafted(house, BroadcastKind.DRILL, infos=infos)).id)
        drilling = {"en": Info(headline="Drilling hit a gas pipe at {site}", instruction="Go up.")}
        await house.desk.submit(author, (await drafted(house, infos=drilling)).id)


async def test_r9_a_drill_goes_out_in_no_language_in_which_it_cannot_say_so(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        thai = Info(headline="น้ำท่วม {site}", instruction="ขึ้นไป", reviewed_by=author.id)  # type: ignore[arg-type]
        draft = await drafted(house, BroadcastKind.DRILL, infos={"en": FLOOD["en"], "th": thai})
        with pytest.raises(NotReady, match="say in this language that it is a drill"):
            await house.desk.submit(author, draft.id)
