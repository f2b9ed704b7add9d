"""A broadcast's life as staff lead it: who may do what, what holds a review, what an update and a cancel reach."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.segments import segments
from bot.domain.broadcast import Audience, BroadcastKind, BroadcastStatus, Info, MessageType
from bot.domain.checkin import RecipientState
from bot.domain.contact import Channel
from bot.domain.errors import Denied, InputError, Reason, SendError
from bot.domain.staff import Role
from bot.services.access import Reader
from bot.services.broadcasts import NotReady
from bot.services.forecast import sample
from tests.dialogue import Muster, Worker, muster
from tests.services.alarm import FLOOD, STRANGER, alerted, drafted, employed, let_out, people, recipient


async def test_r2_another_employers_staff_learn_nothing_and_change_nothing(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house)
        draft = await drafted(house)
        for deed in (
            house.desk.get(STRANGER, draft.id),
            house.desk.preview(STRANGER, draft.id),
            house.desk.change(STRANGER, draft),
            house.desk.review(STRANGER, draft.id, "es"),
            house.desk.submit(STRANGER, draft.id),
            house.desk.approve(STRANGER, draft.id, recipients=1),
            house.desk.cancel(STRANGER, draft.id),
            house.desk.update(STRANGER, draft.id),
        ):
            with pytest.raises(Denied):
                await deed
        assert await house.desk.list(STRANGER) == []


async def test_an_author_drafts_for_their_own_employer_only(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        draft = await drafted(house)
        with pytest.raises(Denied):
            await house.desk.draft(STRANGER, replace(draft, id=house.desk.ids.new()))  # type: ignore[arg-type]


async def test_an_operator_may_look_but_not_alert(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        draft = await drafted(house)
        operator = Reader(role=Role.OPERATOR, id="op")
        assert (await house.desk.get(operator, draft.id)).id == draft.id
        with pytest.raises(Denied):
            await house.desk.cancel(operator, draft.id)


async def test_r12_changed_words_are_unreviewed_again_and_no_form_can_say_otherwise(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        author, _ = await people(house)
        draft = await drafted(house)
        reviewed = await house.desk.review(author, draft.id, "es")
        assert reviewed.sendable_languages() == ("en", "es")

        changed = replace(reviewed.infos["es"], headline="Otra cosa en {site}.")
        saved = await house.desk.change(author, replace(reviewed, infos={**reviewed.infos, "es": changed}))

        assert saved.sendable_languages() == ("en",)


async def test_r12_a_changed_source_takes_every_review_away(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        author, _ = await people(house)
        draft = await house.desk.review(author, (await drafted(house)).id, "es")
        source = replace(draft.infos["en"], instruction="Go up. Take water.")
        saved = await house.desk.change(author, replace(draft, infos={**draft.infos, "en": source}))
        assert saved.sendable_languages() == ("en",)


async def test_r12_who_would_read_a_fallback_language_is_foreseen(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        for language in ("en", "es", "ne", "ne"):
            await employed(house, language=language)
        author, _ = await people(house)
        seen = await house.desk.preview(author, (await drafted(house)).id)
        assert seen.forecast.fallbacks == {"ne": 2}
        assert seen.recipients == 4


async def test_r7_the_segments_foreseen_are_those_that_go_out(tmp_path: Path) -> None:
    """Who is new to us reads an introduction too; who reads no language of it is asked in their own."""
    async with muster(tmp_path) as house:
        phone = house.outreach.ways[Channel.SMS].channeller
        phone.cost = lambda content: float(segments(content.text)[1])  # type: ignore[method-assign]
        workers = [await employed(house), await employed(house, met_at=None), await employed(house, language="ne")]
        _, approver = await people(house)
        organisation = Reader(role=Role.SUPERVISOR, id="sue")
        draft = await drafted(house)
        (seen,) = (await house.desk.preview(organisation, draft.id)).forecast.lines
        unknown = (await house.desk.preview(approver, draft.id)).forecast.segments

        await let_out(house, draft.id, 3)
        await house.send_out()
        went = [segments(worker.said[-1].text)[1] for worker in workers]
        assert (seen.units, seen.least, seen.cost) == (sum(went), min(went), max(went))
        assert went[0] < went[1]
        assert unknown > sum(went), "R2: an employer is not told who wrote to us before; all may be new"

        again = await drafted(house)
        known = (await house.desk.preview(approver, again.id)).forecast.segments
        await let_out(house, again.id, 3)
        await house.send_out()
        assert known == sum(segments(worker.said[-1].text)[1] for worker in workers)


@pytest.mark.parametrize(
    ("spanish", "fault"),
    [
        ("Inundación en {site} a las 8:00.", "lacks the number"),
        ("Inundación en {place}.", "Fill in {place}"),
        ("Inundación.", "lacks {site}"),
    ],
)
async def test_r12_a_language_that_says_something_else_keeps_it_from_going_out(
    tmp_path: Path, spanish: str, fault: str
) -> None:
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        english = Info(headline="Flood at {site} at 9:00.", instruction="Go up.")
        draft = await drafted(house)
        infos = {"en": english, "es": replace(FLOOD["es"], headline=spanish, instruction="Suba.")}
        await house.desk.change(author, replace(draft, infos=infos))
        await house.desk.review(author, draft.id, "es")
        with pytest.raises(NotReady, match=fault):
            await house.desk.submit(author, draft.id)


async def test_r12_what_is_wrong_in_a_text_that_nobody_stands_for_holds_nothing_up(tmp_path: Path) -> None:
    """Nobody gets it: in an emergency the others must not wait for it."""
    async with muster(tmp_path) as house:
        await employed(house, language="es")
        author, _ = await people(house)
        draft = await drafted(house)
        infos = {"en": FLOOD["en"], "es": Info(headline="Inundación a las 9:00.", instruction="Suba.")}
        await house.desk.change(author, replace(draft, infos=infos))

        seen = await house.desk.preview(author, draft.id)
        assert not seen.faults
        assert {note.language for note in seen.notes} == {"es"}
        assert seen.forecast.fallbacks == {"es": 1}
        await house.desk.submit(author, draft.id)


async def test_a_site_without_an_assembly_point_holds_up_what_sends_people_there(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        async with house.store.transaction() as unit:
            bare, other = (await unit.sites.all())[:2]
            employer = next(one for one in await unit.sites.employers() if one.id == bare.employer)
            await unit.sites.put(employer, [replace(bare, assembly_point=" ")])
        info = Info(headline="Flood at {site}.", instruction="Go to {assembly_point}.")
        draft = await drafted(house, infos={"en": info})
        with pytest.raises(NotReady, match=r"has no assembly point.*leave {assembly_point} out") as refused:
            await house.desk.submit(author, draft.id)
        assert bare.name in str(refused.value)

        elsewhere = await drafted(house, infos={"en": info}, audience=Audience(sites=(other.id,)))
        seen = await house.desk.preview(author, elsewhere.id)
        assert [fault.where for fault in seen.faults if "assembly" in fault.message] == []


async def test_the_preview_shows_a_site_that_is_addressed(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        author, _ = await people(house)
        async with house.store.transaction() as unit:
            sites = sorted(await unit.sites.all(), key=lambda site: len(site.name))
        for site in sites:
            draft = await drafted(house, audience=Audience(sites=(site.id,)))
            letters = (await house.desk.preview(author, draft.id)).letters
            assert f"Flood at {site.name}:" in sample(letters, Channel.SMS, "en").text


async def test_nothing_goes_out_before_its_time_and_then_it_does(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        draft = await drafted(house, send_at=house.clock.now() + timedelta(hours=2))
        approved = await let_out(house, draft.id, 1)
        await house.send_out()
        assert (approved.status, ana.said) == (BroadcastStatus.APPROVED, [])

        house.clock.forward(timedelta(hours=2))
        await house.send_out()

        assert "Flood at" in ana.said[-1].text


async def test_a_broadcast_that_waits_can_be_taken_back(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        author, _ = await people(house)
        draft = await drafted(house, send_at=house.clock.now() + timedelta(hours=2))
        await let_out(house, draft.id, 1)
        await house.desk.take_back(author, draft.id)
        house.clock.forward(timedelta(hours=3))
        await house.send_out()
        assert not ana.said


async def _half_sent(house: Muster) -> tuple[Worker, Worker]:
    """Two people of whom only the first could be sent an alert that still tries the second."""
    ana, luis = await employed(house), await employed(house)
    house.broken[luis.address] = SendError(Reason.PROVIDER_DOWN)
    return ana, luis


async def test_r8_an_update_stops_the_old_one_and_reaches_who_was_sent_it(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, luis = await _half_sent(house)
        alert = await alerted(house)
        author, approver = await people(house)

        update = await house.desk.update(author, alert.id, includes_waiting=False)
        count = (await house.desk.preview(approver, update.id)).recipients
        await let_out(house, update.id, count)
        house.broken.clear()
        house.clock.forward(timedelta(minutes=20))
        await house.send_out()

        assert (count, update.message_type) == (1, MessageType.UPDATE)
        assert len(ana.said) == 2
        assert not luis.said
        assert (await recipient(house, alert.id, luis)).state is RecipientState.CANCELLED


async def test_r8_an_update_takes_those_along_who_still_wait_if_so_chosen(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana, luis = await _half_sent(house)
        alert = await alerted(house)
        author, _ = await people(house)
        update = await house.desk.update(author, alert.id)
        await let_out(house, update.id, 2)
        house.broken.clear()
        house.clock.forward(timedelta(minutes=20))
        await house.send_out()
        assert (len(ana.said), len(luis.said)) == (2, 1)


async def test_r8_a_cancel_follows_who_has_left_the_employer_since(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        alert = await alerted(house)
        contact = await ana.contact()
        async with house.store.transaction() as unit:
            await unit.contacts.save(replace(contact, left_at=house.clock.now()))
        author, _ = await people(house)
        await house.desk.cancel(author, alert.id)
        await house.send_out()
        assert len(ana.said) == 2


async def test_what_is_over_cannot_be_cancelled_again(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house)
        author, _ = await people(house)
        alert = await alerted(house)
        await house.desk.cancel(author, alert.id)
        with pytest.raises(InputError):
            await house.desk.cancel(author, alert.id)


async def test_r19_an_override_writes_to_who_said_stop_and_nothing_else_does(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        await ana.says("STOP")
        ana.said.clear()
        await alerted(house)
        assert not ana.said
        await alerted(house, overrides_opt_out=True)
        assert "Flood at" in ana.said[-1].text


async def test_an_audience_is_narrowed_by_language_group_and_site(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        await employed(house, groups=("night",))
        await employed(house, language="es")
        author, _ = await people(house)
        draft = await drafted(house)

        async def counted(audience: Audience) -> int:
            changed = await house.desk.get(author, draft.id)
            await house.desk.change(author, replace(changed, audience=audience))
            return (await house.desk.preview(author, draft.id)).recipients

        site = (await _sites(house))[0]
        assert await counted(Audience()) == 2
        assert await counted(Audience(groups=("night",))) == 1
        assert await counted(Audience(languages=("es",))) == 1
        assert await counted(Audience(sites=(site,))) == 2
        assert await counted(Audience(sites=("nowhere",))) == 0  # type: ignore[arg-type]


async def _sites(house: Muster) -> list[str]:
    async with house.store.transaction() as unit:
        return [site.id for site in await unit.sites.all()]


async def test_r9_a_drill_may_be_approved_by_the_approver_who_wrote_it(tmp_path: Path) -> None:
    async with muster(tmp_path) as house:
        ana = await employed(house)
        _, approver = await people(house)
        draft = replace(house.desk.new(approver, BroadcastKind.DRILL), infos=FLOOD, event="Flood")
        await house.desk.draft(approver, draft)
        await house.desk.approve(approver, draft.id, recipients=1)
        await house.send_out()
        assert ana.said[-1].text.startswith("DRILL")
