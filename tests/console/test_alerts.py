"""The alert pages over HTTP: the road from an empty list to a broadcast that is out, and what stands on each page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.broadcast import Broadcast, BroadcastKind, BroadcastStatus, MessageType
from bot.domain.contact import Channel
from bot.domain.staff import Role
from tests.console.alert_house import (
    CAMP,
    MILL,
    begun,
    fields_of,
    finished,
    open_alerts,
    people,
    plain,
    revision_in,
    saved,
    stored,
    submitted,
)
from tests.console.conftest import Browser, House


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


async def approved(approver: Browser, path: str, number: int) -> str:
    """Approve by typing the number, and read the page that follows."""
    text = await approver.text(path)
    answer = await approver.post(
        f"{path}/approve", {"recipients": str(number), "revision": revision_in(text), "knows_fallbacks": "1"}
    )
    return plain(await (await approver.follow(answer)).text())


async def test_r7_a_drill_goes_from_an_empty_list_to_its_readers(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house, 12)
    assert "Nothing was written yet" in await author.text("/console/alerts")

    path = await submitted(author)
    assert "Send DRILL to 12 people" in await approver.text(path)

    assert "It is going out now." in await approved(approver, path, 12)
    assert (await stored(house, id_of(path))).status is BroadcastStatus.LIVE
    listed = plain(await author.text("/console/alerts?show=live"))
    assert "DRILL" in listed
    assert "12 people" in listed
    assert "Written by Ana" in listed
    assert "Approved by Abel" in listed


@pytest.mark.parametrize(
    ("show", "expected"),
    [("all", {"draft", "waiting", "notice"}), ("drafts", {"draft", "notice"}), ("waiting", {"waiting"}),
     ("drills", {"draft"}), ("live", set()), ("nonsense", {"draft", "waiting", "notice"})],
)  # fmt: skip
async def test_the_list_shows_what_is_asked_for(house: House, show: str, expected: set[str]) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    paths = {
        "draft": await begun(author, kind="drill"),
        "notice": await begun(author, kind="notice", hazard="heat"),
        "waiting": await submitted(author, kind="alert"),
    }
    text = await author.text(f"/console/alerts?show={show}")
    assert {name for name, path in paths.items() if f'href="{path}"' in text} == expected


async def test_a_template_comes_in_every_language_and_says_that_a_machine_drafted_it(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await begun(author)
    text = await author.text(f"{path}/edit")
    assert fields_of(text)["headline-es"].startswith("Inundación")
    assert text.count("A machine drafted this text") == 3
    assert "Fill in {place}." in plain(text)


async def test_r12_place_and_time_are_filled_into_every_language_at_once(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await begun(author)
    await saved(author, path, place="Lajeado", time="2026-05-06T11:30")
    infos = (await stored(house, id_of(path))).infos
    for language in ("en", "es", "ar", "ne"):
        assert "Lajeado" in infos[language].headline, language
        assert "11:30" in infos[language].headline, language
        assert "{site}" in infos[language].headline, language
    assert fields_of(await author.text(f"{path}/edit"))["place"] == "Lajeado"  # to be mended there


async def test_a_time_of_another_day_is_written_as_each_language_writes_days(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await begun(author)
    await saved(author, path, place="Lajeado", time="2026-05-05T23:30")
    infos = (await stored(house, id_of(path))).infos
    assert "5 May 2026" in infos["en"].headline
    assert "5 de mayo de 2026" in infos["es"].headline


async def test_r12_a_number_that_differs_is_shown_and_blocks_as_soon_as_the_text_would_be_sent(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await finished(author)
    fields = fields_of(await author.text(f"{path}/edit"))
    await saved(author, path, **{"headline-es": fields["headline-es"].replace("11:30", "12:30")})

    text = await author.text(f"{path}/edit")
    assert "It lacks the number 11:30, which the source has." in plain(text)
    seen = await author.text(path)
    assert f'href="{path}/edit#headline-es"' in seen
    assert "Wrong in texts that are not sent" in seen
    assert "To be mended before it can go out" not in seen

    await saved(author, path, review="es")
    assert "To be mended before it can go out" in await author.text(path)
    answer = await author.post(f"{path}/submit", {"knows_fallbacks": "1"})
    assert answer.status == 422
    assert "Something is to be mended first" in await answer.text()
    assert (await stored(house, id_of(path))).status is BroadcastStatus.DRAFT


async def test_each_fault_leads_to_the_field_that_mends_it(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await begun(author, kind="alert", hazard="")
    await saved(
        author,
        path,
        groups="day",
        expires_at=None,
        onset_at="2026-05-09T10:00",
        **{"headline-en": "Water {", "headline-es": "7 {x"},
    )
    links = set(re.findall(rf'href="{path}/edit#([^"]+)"', await author.text(path)))
    assert links >= {"headline-en", "instruction-en", "event", "expires_at", "sites", "headline-es"}
    text = await author.text(f"{path}/edit")
    assert {link for link in links if f'id="{link}"' not in text} == set()


async def test_r12_a_review_has_a_name_and_is_gone_with_any_change(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await finished(author)
    assert plain(await author.text(f"{path}/edit")).count("Ana has read this and stands for it.") == 3

    fields = fields_of(await author.text(f"{path}/edit"))
    await saved(author, path, **{"description-es": fields["description-es"] + " Ayude."})
    reviewed = {tag for tag, info in (await stored(house, id_of(path))).infos.items() if info.reviewed_by}
    assert reviewed == {"ar", "ne"}
    await saved(author, path, **{"description-en": fields["description-en"] + " Help."})
    assert not any(info.reviewed_by for info in (await stored(house, id_of(path))).infos.values())


async def test_r7_who_only_reviews_a_language_does_not_become_the_author(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    path = await begun(author, kind="alert")
    await saved(author, path, place="Lajeado", time="2026-05-06T11:30")
    written_by = (await stored(house, id_of(path))).author
    answer = await saved(approver, path, review="es")
    assert answer.status == 303
    now = await stored(house, id_of(path))
    assert now.author == written_by
    assert now.infos["es"].reviewed_by not in (None, written_by)


async def test_what_two_people_typed_at_once_is_shown_to_the_second_and_lost_by_nobody(house: House) -> None:
    open_alerts(house)
    ana, eva = await house.author(), await house.author(login="eva")
    await people(house)
    path = await begun(ana)
    mine = fields_of(await ana.text(f"{path}/edit"))
    theirs = fields_of(await eva.text(f"{path}/edit"))
    await eva.post(f"{path}/edit", theirs | {"headline-en": "Water in Lajeado", "event": "River"})

    answer = await ana.post(f"{path}/edit", mine | {"headline-en": "Flood in Lajeado"})
    assert answer.status == 409
    text = await answer.text()
    shown = plain(text)
    assert "Eva has changed this draft in the meantime" in shown
    assert fields_of(text)["headline-en"] == "Flood in Lajeado"
    assert "Stored now: Water in Lajeado" in shown
    assert "Stored now: River" in shown
    assert shown.count("Stored now:") == 2

    answer = await ana.post(f"{path}/edit", fields_of(text))
    assert answer.status == 303
    source = (await stored(house, id_of(path))).source
    assert source is not None
    assert source.headline == "Flood in Lajeado"


async def test_a_field_that_cannot_be_read_keeps_everything_that_was_typed(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await begun(author)
    answer = await saved(author, path, repeats="soon", drawn="somewhere", event="Big flood")
    assert answer.status == 422
    text = await answer.text()
    assert "Write minutes such as 10, 20, 30" in text
    assert "Each line is one point" in text
    assert fields_of(text)["event"] == "Big flood"
    assert fields_of(text)["drawn"] == "somewhere"
    assert (await stored(house, id_of(path))).event == "Flood"


async def test_times_are_typed_and_kept_in_the_zone_of_the_sites(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await begun(author)
    await saved(author, path, onset_at="2026-05-06T18:00", send_at="2026-05-06T17:00", expires_at="2026-05-07T09:00")
    kept = await stored(house, id_of(path))
    assert kept.onset_at == datetime(2026, 5, 6, 21, tzinfo=UTC)
    assert kept.send_at == datetime(2026, 5, 6, 20, tzinfo=UTC)
    assert kept.expires_at == datetime(2026, 5, 7, 12, tzinfo=UTC)
    assert fields_of(await author.text(f"{path}/edit"))["send_at"] == "2026-05-06T17:00"


async def test_saving_a_draft_as_it_is_changes_nothing(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await finished(author, sites=["st1"], groups="night", drawn="-29, -52.5\n-29, -51\n-31, -51")
    before = await stored(house, id_of(path))
    await saved(author, path)
    assert await stored(house, id_of(path)) == before


# --- the audience ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "count"),
    [({}, 12), ({"sites": "st1"}, 6), ({"languages": "es"}, 3), ({"groups": "night"}, 12), ({"groups": "day"}, 0),
     ({"sites": "st1", "languages": "es"}, 0), ({"drawn": "-29, -52.5\n-29, -51\n-30, -51\n-30, -52.5"}, 6),
     ({"drawn": "-30.03, -51.22, 5"}, 6), ({"drawn": "10, 10\n10, 11\n11, 11"}, 0)],
)  # fmt: skip
async def test_the_count_follows_the_audience_without_saving(house: House, chosen: dict[str, str], count: int) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house, 12)
    path = await begun(author)
    fields = fields_of(await author.text(f"{path}/edit"))
    before = await stored(house, id_of(path))
    answer = await author.post(
        f"{path}/count", fields | chosen, headers={"HX-Request": "true", "Origin": _origin(author)}
    )
    text = plain(await answer.text())
    assert text.startswith(f"{count} people would get this.")
    assert ("Serra Mill" in text) == (chosen.get("drawn", "").startswith("-29"))
    assert await stored(house, id_of(path)) == before


def _origin(browser: Browser) -> str:
    return str(browser.client.make_url("/")).rstrip("/")


async def test_r2_an_area_finds_sites_and_says_so(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await begun(author)
    text = await author.text(f"{path}/edit")
    assert "It never finds anybody by a location that they shared." in text
    assert f'{MILL.name}</bdi>: <span dir="ltr">-29.46, -51.96' in text
    assert CAMP.name in text


async def test_r2_counts_under_five_are_not_told_to_an_employer_but_to_the_organisation(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    admin = await house.signed_in("root", Role.ADMINISTRATOR)
    await people(house, 16)  # four of each language, and nobody offers Hindi here
    path = await finished(author)
    assert "Hindi (हिन्दी): fewer than 5 people" in plain(await author.text(path))
    assert "Hindi (हिन्दी): 4 people" in plain(await admin.text(path))

    await saved(author, path, languages="es")
    shown = plain(await author.text(path))
    assert "4 people in all" in shown
    assert "How each of them is reached is not shown" in shown
    assert "SMS segments" not in shown


# --- what the approver sees -----------------------------------------------------------------------------------------


async def test_r7_every_language_is_shown_as_each_channel_shows_it(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house, 40)
    path = await submitted(author, kind="alert")
    text = await approver.text(path)
    # Four channels, WhatsApp with and without its window, an introduction and a reminder:
    assert text.count('class="phone" lang="ar" dir="rtl"') == 7
    assert text.count('class="phone" lang="es" dir="ltr"') == 7
    assert '<p class="tap">I am safe</p>' in text
    assert "1 I am safe\n2 I need help" in text
    assert "template, to who has not written for 24 hours" in text
    assert "Are you safe? 1 I am safe 2 I need help" in text  # a template's variables hold no line break
    shown = plain(text)
    assert "Send LIVE ALERT to 40 people" in shown
    assert "SMS Arabic (العربية) 10" in shown
    assert "Hindi (हिन्दी): 10 people" in shown
    assert "SMS: the last one has it after 5 min" in shown  # with the introduction: all are new
    assert "Never what people write" in shown
    assert "Serra Mill" in shown


async def test_r12_nothing_is_submitted_until_its_author_knows_who_cannot_read_it(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house, 40)
    path = await finished(author, kind="alert")
    assert "10 people: not in their language." in plain(await author.text(path))
    answer = await author.post(f"{path}/submit")
    assert answer.status == 422
    assert "Say first that you know" in await answer.text()
    assert (await stored(house, id_of(path))).status is BroadcastStatus.DRAFT


async def test_r12_nothing_goes_out_until_its_approver_knows_who_cannot_read_it(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house, 40)
    path = await submitted(author, kind="alert")
    text = await approver.text(path)
    assert "10 people: not in their language." in plain(text)
    answer = await approver.post(f"{path}/approve", {"recipients": "40", "revision": revision_in(text)})
    assert answer.status == 422
    assert "Say first that you know" in await answer.text()
    assert (await stored(house, id_of(path))).status is BroadcastStatus.SUBMITTED


async def test_r12_no_tick_is_asked_where_everybody_reads_their_own_language(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house, 12)
    path = await finished(author, kind="alert", languages=["en", "es", "ar"])
    assert "knows_fallbacks" not in await author.text(path)
    assert (await author.post(f"{path}/submit")).status == 303


async def test_r7_live_and_drill_differ_in_words_colour_and_button(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    drill, alert = await submitted(author), await submitted(author, kind="alert")
    practice, real = await approver.text(drill), await approver.text(alert)
    assert '<button class="drill">Send DRILL to 12 people' in practice
    assert "This is practice." in practice
    assert "LIVE ALERT" not in practice
    assert '<button class="live">Send LIVE ALERT to 12 people' in real
    assert "This is real." in real
    assert "DRILL" not in real


async def test_who_cannot_be_reached_is_told_with_the_reason(house: House) -> None:
    desk = open_alerts(house)
    author = await house.author()
    await people(house, 6)
    del desk.ways[next(way for way in desk.ways if way.value == "sms")]  # type: ignore[attr-defined]
    path = await finished(author)
    assert "Known only on a channel that is off here: 6 people" in plain(await author.text(path))


async def test_a_second_author_sees_that_an_approver_is_needed(house: House) -> None:
    open_alerts(house)
    author, second = await house.author(), await house.author(login="eva")
    await people(house)
    path = await submitted(author, kind="alert")
    assert "You wrote this live alert, so you cannot approve it." in await author.text(path)
    text = await second.text(path)
    assert "It waits for a second person with the role of approver." in text
    assert "/approve" not in text


async def test_digits_of_any_script_are_a_number(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    path = await submitted(author)
    text = await approver.text(path)
    answer = await approver.post(
        f"{path}/approve", {"recipients": "١٢", "revision": revision_in(text), "knows_fallbacks": "1"}
    )
    assert answer.status == 303


async def test_an_approved_one_waits_for_its_time_and_can_be_taken_back(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    path = await submitted(author, send_at="2026-05-06T18:00")
    assert "Approved. It goes out at its time." in await approved(approver, path, 12)
    assert "It is approved and goes out by itself at its time." in await author.text(path)
    answer = await author.post(f"{path}/take-back")
    assert "It is a draft again." in await (await author.follow(answer)).text()
    assert (await stored(house, id_of(path))).status is BroadcastStatus.DRAFT


# --- afterwards -----------------------------------------------------------------------------------------------------


async def out(house: House, author: Browser, approver: Browser, **changes: str) -> Broadcast:
    path = await submitted(author, kind="alert", **changes)
    await approved(approver, path, 12)
    return await stored(house, id_of(path))


async def test_r12_a_wrong_place_is_mended_once_and_in_every_language(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    path = await begun(author)
    await saved(author, path, place="Lajeado", time="2026-05-06T11:30")
    shown = fields_of(await author.text(f"{path}/edit"))
    assert (shown["place"], shown["time"]) == ("Lajeado", "2026-05-06T11:30")

    await saved(author, path, place="Estrela", time="2026-05-07T09:15")
    mended = await stored(house, id_of(path))
    assert len(mended.infos) == 4
    for language, info in mended.infos.items():
        assert "Estrela" in info.headline, language
        assert "09:15" in info.headline, language
        assert not re.search("Lajeado|11:30", " ".join(info.texts)), language

    await saved(author, path, place="", time="2026-05-06T08:00")
    for info in (await stored(house, id_of(path))).infos.values():
        assert "Estrela" in info.headline
        assert "08:00" in info.headline
        assert not re.search("09:15|2026", info.headline)


async def test_what_names_a_place_and_goes_to_everybody_is_asked_about(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await begun(author)
    await saved(author, path, place="Lajeado")
    assert "The text names Lajeado, and it goes to everybody" in plain(await author.text(path))
    await saved(author, path, sites="st1")
    assert "and it goes to everybody" not in plain(await author.text(path))


async def test_an_update_is_mended_in_the_same_boxes(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    alert = await out(house, author, approver)
    answer = await author.post(f"/console/alerts/{alert.id}/update", {"includes_waiting": "1"})
    shown = fields_of(await author.text(answer.headers["Location"]))
    assert shown["place"] == "Lajeado"


async def test_r2_no_page_but_the_board_tells_an_employer_of_fewer_than_five_people(house: House) -> None:
    """Not by what is written, and not by what is left: ten of twelve were sent it, so two were not."""
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    admin = await house.signed_in("root", Role.ADMINISTRATOR)
    await people(house)
    alert = await out(house, author, approver)
    async with house.store.transaction() as unit:
        due = await unit.recipients.people(alert.id, safety=None, after=0, limit=10)
        numbers = [one.recipient.number for one in due]
        await unit.recipients.begin_round(numbers)
        await unit.recipients.sent(numbers, Channel.SMS, house.clock.now())
    path = f"/console/alerts/{alert.id}"
    for text in (await author.text(path), await author.text(f"{path}/cancel")):
        assert not re.search(r"\b(2|10)\b (were sent|still|person|people)", plain(text))
    assert "how many stand where is on the board alone" in plain(await author.text(path))
    assert "Whoever still waits is not written to any more." in plain(await author.text(f"{path}/cancel"))
    assert "2 still to be written to 10 were sent it" in plain(await admin.text(path))
    assert "2 people who still wait" in plain(await admin.text(f"{path}/cancel"))


async def test_r8_cancelling_says_what_happens_and_does_it(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    alert = await out(house, author, approver)
    path = f"/console/alerts/{alert.id}"
    text = plain(await author.text(f"{path}/cancel"))
    assert "12 people who still wait are not written to any more." in text
    assert "0 people who were sent it are told that it no longer applies" in text
    assert "CANCELLED. This no longer applies:" in text

    answer = await author.post(f"{path}/cancel")
    shown = plain(await (await author.follow(answer)).text())
    assert "Cancelled. Whoever was sent it is told so now." in shown
    assert "Followed by LIVE ALERT Cancellation" in shown
    assert (await stored(house, alert.id)).status is BroadcastStatus.CANCELLED
    assert (await author.post(f"{path}/cancel")).status == 303  # a second click does no harm


async def test_r8_an_update_is_a_draft_for_those_who_got_the_first(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    alert = await out(house, author, approver)
    text = await author.text(f"/console/alerts/{alert.id}")
    assert 'name="includes_waiting" value="1" checked' in text
    answer = await author.post(f"/console/alerts/{alert.id}/update", {"includes_waiting": "1"})
    path = answer.headers["Location"].removesuffix("/edit")
    update = await stored(house, id_of(path))
    assert update.message_type is MessageType.UPDATE
    assert update.audience.of == alert.id
    assert update.audience.includes_waiting
    text = await author.text(f"{path}/edit")
    assert "This goes to everybody who was sent the earlier message" in text
    assert "12 people would get this" in plain(text)
    await saved(author, path, includes_waiting=None)
    assert not (await stored(house, id_of(path))).audience.includes_waiting
    assert (await stored(house, id_of(path))).audience.of == alert.id


async def test_a_public_alert_can_be_downloaded_as_cap_and_no_other(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    public = await out(house, author, approver, is_public="1")
    private = await out(house, author, approver)
    assert f'href="/alerts/{public.id}.cap"' in await author.text(f"/console/alerts/{public.id}")
    assert ".cap" not in await author.text(f"/console/alerts/{private.id}")


async def test_a_draft_can_be_thrown_away(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    path = await begun(author)
    assert "Nobody was written to, and nobody will be." in await author.text(f"{path}/cancel")
    answer = await author.post(f"{path}/cancel")
    assert "Cancelled. Nobody was written to." in await (await author.follow(answer)).text()
    assert (await stored(house, id_of(path))).status is BroadcastStatus.CANCELLED


# --- STOP -----------------------------------------------------------------------------------------------------------


async def test_r19_an_override_of_stop_is_for_live_alerts_and_red_for_the_approver(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    drill = await begun(author)
    assert "overrides_opt_out" not in await author.text(f"{drill}/edit")
    await saved(author, drill, overrides_opt_out="1")  # forged
    assert not (await stored(house, id_of(drill))).overrides_opt_out

    path = await submitted(author, kind="alert", overrides_opt_out="1")
    text = await approver.text(path)
    assert (
        '<p class="flash problem override-note" role="alert"><strong>This is also written to people who said STOP.'
        in text
    )
    await approved(approver, path, 12)
    kept = await stored(house, id_of(path))
    assert kept.overrides_opt_out
    assert kept.approver is not None


async def test_the_organisation_writes_for_an_employer_or_for_all(house: House) -> None:
    open_alerts(house)
    admin = await house.signed_in("root", Role.ADMINISTRATOR)
    await people(house)
    await admin.text("/console/alerts/new")
    answer = await admin.post("/console/alerts", {"kind": "notice", "employer": "farm"})
    assert (await stored(house, id_of(answer.headers["Location"].removesuffix("/edit")))).employer == "farm"
    answer = await admin.post("/console/alerts", {"kind": "notice"})
    notice = await stored(house, id_of(answer.headers["Location"].removesuffix("/edit")))
    assert notice.employer is None
    assert notice.kind is BroadcastKind.NOTICE
    assert notice.expires_at == house.clock.now() + timedelta(hours=24)
    assert (await admin.post("/console/alerts", {"kind": "notice", "employer": "nobody"})).status == 422


async def test_operators_read_and_are_offered_nothing_to_change(house: House) -> None:
    open_alerts(house)
    author, operator = await house.author(), await house.signed_in("olga", Role.OPERATOR)
    await people(house)
    path = await submitted(author)
    assert "/console/alerts/new" not in await operator.text("/console/alerts")
    text = await operator.text(path)
    assert "/approve" not in text
    assert "/take-back" not in text
    assert (await operator.get(f"{path}/edit")).status == 403
    assert (await operator.post(f"{path}/take-back")).status == 403
