"""The alert pages attacked: by another employer's people, by the author, by forged forms, by texts that are markup."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

import pytest
from aiohttp import ClientResponse, FormData

from bot.domain.broadcast import BroadcastStatus
from bot.domain.employer import SiteId
from bot.domain.staff import Role
from tests.console.alert_house import (
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
from tests.console.conftest import FARM, Browser, House
from tests.console.conftest import MILL as OTHER

MARKUP = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>"
POSTS = ("edit", "count", "submit", "take-back", "review", "approve", "cancel", "update")
FIELDS = {"revision": "1", "recipients": "12", "language": "es", "includes_waiting": "1"}


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.APPROVER])
@pytest.mark.parametrize("is_out", [False, True])
async def test_r2_another_employers_people_find_nothing_at_any_address(house: House, role: Role, is_out: bool) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    path = await submitted(author)
    if is_out:
        text = await approver.text(path)
        await approver.post(
            f"{path}/approve", {"recipients": "12", "revision": revision_in(text), "knows_fallbacks": "1"}
        )
    before = await stored(house, id_of(path))
    stranger = await house.signed_in("sam", role, OTHER)

    listed = await stranger.text("/console/alerts")
    assert path not in listed
    assert "Lajeado" not in listed
    for address in (path, f"{path}/edit", f"{path}/cancel"):
        answer = await stranger.get(address)
        assert answer.status == 404, address
        assert "Lajeado" not in await answer.text()
    for deed in POSTS:
        answer = await stranger.post(f"{path}/{deed}", FIELDS)
        assert answer.status == 404, deed
        assert "Lajeado" not in await answer.text()
    assert await stored(house, id_of(path)) == before


async def test_r2_a_strangers_answer_is_that_of_an_alert_that_is_not_there(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await begun(author)
    stranger = await house.author(OTHER, "sam")
    there, nowhere = await stranger.get(path), await stranger.get("/console/alerts/id99999")
    assert there.status == nowhere.status == 404
    own_address = re.compile(r"next=[^\"]*")
    assert own_address.sub("", await there.text()) == own_address.sub("", await nowhere.text())


async def test_r2_an_employer_cannot_name_the_sites_of_another(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    theirs = replace(MILL, id=SiteId("st9"), employer=OTHER.id, name="Their Hill", code="HILL9")
    await people(house, 8, employer=OTHER, sites=[theirs])
    path = await begun(author)
    assert "Their Hill" not in await author.text(f"{path}/edit")
    fields = fields_of(await author.text(f"{path}/edit"))
    answer = await author.post(f"{path}/count", fields | {"sites": "st9"})
    assert plain(await answer.text()).startswith("0 people")
    answer = await author.post(f"{path}/count", fields | {"drawn": "0, 0, 20000"})
    assert "Their Hill" not in await answer.text()


async def test_r2_an_employer_cannot_begin_a_draft_for_another(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house, 1, employer=OTHER, sites=[])
    await author.text("/console/alerts/new")
    answer = await author.post("/console/alerts", {"kind": "alert", "employer": OTHER.id})
    made = await stored(house, id_of(answer.headers["Location"].removesuffix("/edit")))
    assert made.employer == FARM.id


async def test_r7_an_author_cannot_approve_by_a_forged_form(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await submitted(author, kind="alert")
    revision = str((await stored(house, id_of(path))).revision)
    answer = await author.post(f"{path}/approve", {"recipients": "12", "revision": revision, "knows_fallbacks": "1"})
    assert answer.status == 403
    assert (await stored(house, id_of(path))).status is BroadcastStatus.SUBMITTED


async def test_r7_an_approver_cannot_approve_a_live_alert_of_their_own(house: House) -> None:
    open_alerts(house)
    approver = await house.approver()
    await people(house)
    path = await submitted(approver, kind="alert")
    text = await approver.text(path)
    assert "You wrote this live alert, so you cannot approve it." in text
    assert "/approve" not in text
    revision = str((await stored(house, id_of(path))).revision)
    answer = await approver.post(f"{path}/approve", {"recipients": "12", "revision": revision, "knows_fallbacks": "1"})
    assert answer.status == 403
    assert "A live alert needs a second person" in await answer.text()
    assert (await stored(house, id_of(path))).status is BroadcastStatus.SUBMITTED


async def test_r7_a_live_alert_that_nobody_submitted_cannot_be_approved(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    path = await finished(author, kind="alert")
    assert "/approve" not in await approver.text(path)
    revision = str((await stored(house, id_of(path))).revision)
    answer = await approver.post(f"{path}/approve", {"recipients": "12", "revision": revision, "knows_fallbacks": "1"})
    assert answer.status == 409
    assert (await stored(house, id_of(path))).status is BroadcastStatus.DRAFT


@pytest.mark.parametrize("typed", ["11", "13", "0", "-12", "12.0", "twelve", "", "1e1", "12 people", "9" * 12])
async def test_r7_a_wrong_number_lets_nothing_out(house: House, typed: str) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    path = await submitted(author, kind="alert")
    revision = revision_in(await approver.text(path))
    answer = await approver.post(f"{path}/approve", {"recipients": typed, "revision": revision, "knows_fallbacks": "1"})
    assert answer.status == 422
    assert (await stored(house, id_of(path))).status is BroadcastStatus.SUBMITTED


async def test_r7_what_was_changed_after_the_approver_looked_does_not_go_out(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    path = await submitted(author, kind="alert")
    seen = revision_in(await approver.text(path))
    await author.post(f"{path}/take-back")
    fields = fields_of(await author.text(f"{path}/edit"))
    for language in ("en", "es", "ar", "ne"):
        fields[f"headline-{language}"] += " 12"
    await author.post(f"{path}/edit", fields)
    await author.post(f"{path}/submit", {"knows_fallbacks": "1"})
    answer = await approver.post(f"{path}/approve", {"recipients": "12", "revision": seen, "knows_fallbacks": "1"})
    assert answer.status == 409
    assert "This was changed after you looked at it." in await answer.text()
    assert (await stored(house, id_of(path))).status is BroadcastStatus.SUBMITTED


async def test_r12_no_form_can_set_a_review(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    path = await begun(author)
    forged = {"reviewed_by-es": "id00001", "reviewed_by": "id00001", "infos": "x", "status": "live", "author": "id1",
              "employer": "mill", "kind": "notice"}  # fmt: skip
    await author.post(f"{path}/edit", fields_of(await author.text(f"{path}/edit")) | forged)
    kept = await stored(house, id_of(path))
    assert not any(info.reviewed_by for info in kept.infos.values())
    assert (kept.status, kept.kind, kept.employer) == (BroadcastStatus.DRAFT, "drill", FARM.id)


async def test_what_is_out_cannot_be_changed_any_more(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house)
    path = await finished(author)
    fields = fields_of(await author.text(f"{path}/edit"))
    await author.post(f"{path}/submit", {"knows_fallbacks": "1"})
    text = await approver.text(path)
    await approver.post(f"{path}/approve", {"recipients": "12", "revision": revision_in(text), "knows_fallbacks": "1"})
    before = await stored(house, id_of(path))
    answer = await author.post(f"{path}/edit", fields | {"headline-en": "Changed", "revision": str(before.revision)})
    assert answer.status in (409, 422)
    assert await stored(house, id_of(path)) == before
    assert (await author.get(f"{path}/edit")).headers["Location"] == path


async def test_markup_in_texts_and_names_of_sites_is_text(house: House) -> None:
    open_alerts(house)
    author, approver = await house.author(), await house.approver()
    await people(house, sites=[replace(MILL, name=MARKUP, assembly_point=MARKUP)])
    path = await begun(author, hazard="")
    words = {f"{field}-en": MARKUP for field in ("headline", "instruction", "description")}
    await saved(author, path, event=MARKUP[:70], where=MARKUP, **words)
    pages = [
        await author.text("/console/alerts"),
        await author.text(f"{path}/edit"),
        await author.text(f"{path}/cancel"),
    ]
    await author.post(f"{path}/submit", {"knows_fallbacks": "1"})
    pages.append(text := await approver.text(path))
    await approver.post(f"{path}/approve", {"recipients": "12", "revision": revision_in(text), "knows_fallbacks": "1"})
    pages += [await approver.text(path), await approver.text(f"{path}/cancel")]
    for text in pages:
        assert "<img" not in text
        assert "<script>" not in text
        assert "onerror=alert" not in re.sub(r"&lt;.*?&gt;|\\u003c.*?\\u003e", "", text)


FAR = ("0001-01-01T00:00", "9999-12-31T23:59", "0001-01-01T00:00+23:59")
CHARSETS = ("unicode_escape", "utf-7", "utf-16", "punycode", "zlib", "nonsense")


@pytest.mark.parametrize("name", ["expires_at", "onset_at", "send_at", "time"])
async def test_a_time_at_the_end_of_the_calendar_is_refused(house: House, name: str) -> None:
    """Stored, it would make the draft a page that nobody can open: it is no time at all in another zone."""
    open_alerts(house)
    author = await house.author()
    await people(house, 1)
    path = await begun(author)
    for time in FAR:
        answer = await saved(author, path, **{name: time})
        assert answer.status == 422, time
        assert "Please check the year." in await answer.text()
    assert (await author.get(f"{path}/edit")).status == 200


async def test_no_alphabet_of_a_form_and_no_number_in_it_makes_a_page_fail(house: House) -> None:
    """Some alphabets spell halves of characters, which no page can show and no database keeps."""
    open_alerts(house)
    author = await house.author()
    await people(house, 1)
    path = await begun(author)
    origin = str(author.client.make_url("/")).rstrip("/")
    for charset in CHARSETS:
        for words in ("event=\\ud800", "event=%2BAA-", "event=+2AA-", "event=%ED%A0%80", "event=%00%01%0B"):
            for revision in ("1", "9" * 30):
                answer = await author.client.post(
                    f"{path}/edit",
                    data=f"{words}&revision={revision}&csrf={author.csrf}".encode(),
                    headers={
                        "Origin": origin,
                        "Content-Type": f"application/x-www-form-urlencoded; charset={charset}",
                    },
                    allow_redirects=False,
                )
                assert answer.status < 500, (charset, words, revision)
    assert (await author.get(f"{path}/edit")).status == 200


# --- CAP ------------------------------------------------------------------------------------------------------------

CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>F-1</identifier>
<sender>civil.defence@example.org</sender>
<sent>2026-05-06T11:00:00-03:00</sent><status>{status}</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>en-US</language><category>Met</category><event>Flood {markup}</event><urgency>Immediate</urgency>
<severity>Severe</severity><certainty>Observed</certainty><expires>2026-05-06T23:00:00-03:00</expires>
<senderName>{markup}</senderName><headline>Flood {markup}</headline><description>{markup}</description>
<instruction>Go up. {markup}</instruction>
<area><areaDesc>{markup}</areaDesc><circle>-29.46,-51.96 10</circle></area></info></alert>"""
ESCAPED = MARKUP.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def test_a_cap_message_becomes_a_draft_for_the_sites_in_its_area(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    answer = await _sent(author, CAP.format(status="Actual", markup="in Lajeado").encode())
    text = await answer.text()
    assert answer.status == 200, text
    assert "The draft is made" in text
    assert "civil.defence@example.org" in text
    found = re.search(r'href="(/console/alerts/[^"]+)/edit"', text)
    assert found
    draft = await stored(house, id_of(found.group(1)))
    assert draft.audience.sites == (MILL.id,)
    assert draft.event == "Flood in Lajeado"
    assert "Sender" in text
    fields = fields_of(await author.text(f"{found.group(1)}/edit"))
    assert fields["instruction-en"] == "Go up. in Lajeado"
    assert fields["sites"] == "st1"
    await author.post(f"{found.group(1)}/edit", fields)
    assert (await stored(house, draft.id)).area == draft.area  # saving loses no shape


async def test_a_feed_is_a_list_to_choose_from_and_its_titles_are_text(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>' + ESCAPED + "</title>"
        '<link href="https://example.org/a.cap" type="application/cap+xml"/></entry>'
        '<entry><title>x</title><link href="javascript:alert(1)"/></entry></feed>'
    )
    answer = await _sent(author, feed.encode())
    text = await answer.text()
    assert answer.status == 200
    assert 'name="url" value="https://example.org/a.cap"' in text
    assert "javascript:" not in text
    assert "<img" not in text
    assert "<script>alert" not in text


async def test_an_exercise_of_others_becomes_a_drill(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    text = await (await _sent(author, CAP.format(status="Exercise", markup="").encode())).text()
    assert "it became a drill" in text


async def test_markup_in_a_cap_message_is_text(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    text = await (await _sent(author, CAP.format(status="Actual", markup=ESCAPED).encode())).text()
    found = re.search(r'href="(/console/alerts/[^"]+)/edit"', text)
    assert found
    for shown in (text, await author.text(f"{found.group(1)}/edit"), await author.text(found.group(1))):
        assert "<img" not in shown
        assert "<script>" not in shown


@pytest.mark.parametrize(
    "data",
    [b"", b"no XML", b"<alert/>", b"\xff\xfe\x00", b"<a" * 100_000,
     b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><alert>&x;</alert>',
     b"x" * (1024 * 1024 + 1)],
    ids=["empty", "text", "not CAP", "bytes", "deep", "entity", "large"],
)  # fmt: skip
async def test_a_file_that_is_no_alert_is_refused_in_words(house: House, data: bytes) -> None:
    open_alerts(house)
    author = await house.author()
    answer = await _sent(author, data)
    assert answer.status == 422
    text = await answer.text()
    assert 'id="file-error"' in text
    assert "root:" not in text


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://127.0.0.1:1/x",
        "http://localhost/",
        "http://[::1]/",
        "gopher://x",
        "http://a:b@x.org/",
    ],
)
async def test_only_public_addresses_are_fetched(house: House, url: str) -> None:
    open_alerts(house)
    author = await house.author()
    await author.text("/console/alerts/cap")
    answer = await author.post("/console/alerts/cap", {"url": url})
    assert answer.status == 422
    assert 'id="url-error"' in await answer.text()


async def test_what_is_wrong_with_a_file_is_quoted_to_the_letter(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    answer = await _sent(author, b'<poem xmlns="http://verse.example"/>')
    assert answer.status == 422
    assert "&lt;{http://verse.example}poem&gt;" in await answer.text()


async def test_r2_a_stranger_may_import_only_for_themselves(house: House) -> None:
    open_alerts(house)
    author = await house.author()
    await people(house)
    await people(house, 2, employer=OTHER, sites=[])
    text = await (await _sent(author, CAP.format(status="Actual", markup="").encode(), employer=OTHER.id)).text()
    found = re.search(r'href="(/console/alerts/[^"]+)/edit"', text)
    assert found
    assert (await stored(house, id_of(found.group(1)))).employer == FARM.id


async def _sent(browser: Browser, data: bytes, **fields: str) -> ClientResponse:
    """Upload a file on the page of CAP messages."""
    await browser.text("/console/alerts/cap")
    form = FormData(fields | {"csrf": browser.csrf})
    form.add_field("file", BytesIO(data), filename="alert.xml", content_type="application/xml")
    origin = str(browser.client.make_url("/")).rstrip("/")
    answer = await browser.client.post(
        "/console/alerts/cap", data=form, headers={"Origin": origin}, allow_redirects=False
    )
    await browser._remember(answer)
    return answer
