"""Every page's frame: who may send a form, what an answer carries, how failures look, in which language."""

from __future__ import annotations

import gzip
import hashlib
import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

from bot.console.assets import Assets
from bot.console.render import CONTENT_POLICY
from bot.console.visit import FLASH_COOKIE
from bot.domain.errors import Unavailable
from bot.domain.staff import Role
from tests.console import families
from tests.console.conftest import FARM, MILL, PASSWORD, Browser, House
from tests.console.families import WORDS
from tests.stand import ROOT

MINUTE = timedelta(minutes=1)
SAMPLE = {"name": "Ana", "count": "2"}


@pytest.fixture
async def author(house: House) -> Browser:
    house.pages += families.routes()
    return await house.author()


# --- forged forms -----------------------------------------------------------------------------------------------------


async def test_a_form_of_this_very_page_is_taken(author: Browser) -> None:
    answer = await author.post("/console/sample", SAMPLE)
    assert answer.status == 200


async def test_a_form_without_its_token_is_refused_and_says_what_to_do(author: Browser) -> None:
    answer = await author.post("/console/sample", {**SAMPLE, "csrf": ""})
    assert answer.status == 403
    assert "Open the page again" in await answer.text()


async def test_a_token_of_another_session_will_not_do(house: House, author: Browser) -> None:
    other = await house.author(FARM, "eva")
    assert other.csrf != author.csrf
    assert (await author.post("/console/sample", {**SAMPLE, "csrf": other.csrf})).status == 403


async def test_a_token_from_before_signing_in_will_not_do(house: House, author: Browser) -> None:
    await house.add("eva", Role.AUTHOR, FARM)
    browser = await house.browser()
    await browser.get("/console/sign-in")
    early = browser.csrf
    await browser.sign_in("eva")
    assert (await browser.post("/console/sample", {**SAMPLE, "csrf": early})).status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 200),
    ],
)
async def test_a_form_from_another_site_is_refused_even_with_the_token(
    author: Browser, headers: dict[str, str], status: int
) -> None:
    assert (await author.post("/console/sample", SAMPLE, headers=headers)).status == status


async def test_htmx_sends_the_token_as_a_header(author: Browser) -> None:
    page = await author.text("/console/")
    sent = re.search(r"hx-headers='\{\"X-CSRF-Token\": \"([0-9a-f]{64})\"\}'", page)
    assert sent is not None
    headers = {"X-CSRF-Token": sent.group(1)}
    assert (await author.client.post("/console/sample", data=SAMPLE, headers=headers)).status == 200
    headers = {"X-CSRF-Token": "0" * 64}
    answer = await author.client.post("/console/sample", data={**SAMPLE, "csrf": author.csrf}, headers=headers)
    assert answer.status == 403


async def test_signing_in_as_somebody_else_through_a_forged_form_is_refused(house: House) -> None:
    await house.add("ana", Role.AUTHOR, FARM)
    browser = await house.browser()
    answer = await browser.post("/console/sign-in", {"login": "ana", "password": PASSWORD, "csrf": "0" * 64})
    assert answer.status == 403


@pytest.mark.parametrize("path", ["/console/sign-out", "/console/language", "/console/account/sign-out-everywhere"])
async def test_no_form_of_the_frame_is_taken_without_the_token(author: Browser, path: str) -> None:
    assert (await author.post(path, {"csrf": "x", "language": "es"})).status == 403


# --- forms ------------------------------------------------------------------------------------------------------------


async def test_a_form_is_read_into_its_model(author: Browser) -> None:
    sent = FormData()
    fields = [
        ("csrf", author.csrf),
        ("name", "A\r\nB\0"),
        ("kinds", "x"),
        ("kinds", "y"),
        ("is_open", "on"),
        ("count", ""),
    ]
    for name, value in fields:
        sent.add_field(name, value)
    answer = await author.client.post("/console/sample", data=sent)
    assert await answer.json() == {"name": "A\nB", "count": 1, "kinds": ["x", "y"], "is_open": True, "site": None}


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"name": "", "count": "2"}, {"name": "Please fill this in."}),
        ({"name": "A"}, {"name": "This is too short: 2 characters at least."}),
        ({"name": "A" * 11}, {"name": "This is too long: 10 characters at most."}),
        ({"name": "Ana", "count": "two"}, {"count": "Please write a whole number."}),
        ({"name": "Ana", "count": "0"}, {"count": "This is too small: 1 at least."}),
        ({"name": "Ana", "is_open": "perhaps"}, {"is_open": "This cannot be read. Please check it."}),
        ({"name": "Ana", "site": "nowhere"}, {"site": "Sign in"}),
    ],
)
async def test_what_is_wrong_is_told_by_field_and_what_was_typed_is_kept(
    author: Browser, typed: dict[str, str], errors: dict[str, str]
) -> None:
    answer = await author.post("/console/sample", typed)
    assert answer.status == 422
    told = await answer.json()
    assert told["errors"] == errors
    assert told["values"] == {name: value for name, value in typed.items() if value}


async def test_a_forms_problems_are_told_in_the_pages_language(author: Browser) -> None:
    await author.post("/console/language", {"language": "es"})
    told = await (await author.post("/console/sample", {"name": "A"})).json()
    assert told["errors"]["name"] != "This is too short: 2 characters at least."
    assert "2" in told["errors"]["name"]


async def test_a_file_is_taken_whole(author: Browser) -> None:
    answer = await author.post("/console/sample/file", {"file": open_file(b"a,b\n1,2\n")})
    assert await answer.json() == {"name": "people.csv", "size": 8}


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [(b"", 400, "The file is empty."), (b"x" * 1025, 400, "The file is too large"), (b"x" * 13 * 2**20, 413, "")],
)
async def test_an_empty_or_endless_file_is_refused(author: Browser, body: bytes, status: int, told: str) -> None:
    answer = await author.post("/console/sample/file", {"file": open_file(body)})
    assert answer.status == status
    assert told in await answer.text()


async def test_a_form_without_a_file_says_that_one_is_needed(author: Browser) -> None:
    answer = await author.post("/console/sample/file", {"file": "no file"})
    assert (answer.status, "Please choose a file." in await answer.text()) == (400, True)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe=1", "application/x-www-form-urlencoded"),
        (b"a=1", "application/x-www-form-urlencoded; charset=no-such"),
        (b"--x\r\nno form", "multipart/form-data; boundary=x"),
        (b"anything", "multipart/form-data"),
        (b'{"name": "Ana"}', "application/json"),
        (b"&" * 200_000, "application/x-www-form-urlencoded"),
    ],
)
async def test_what_is_no_form_is_refused(author: Browser, body: bytes, kind: str) -> None:
    answer = await author.client.post("/console/sample", data=body, headers={"Content-Type": kind})
    assert answer.status in (400, 403, 413), await answer.text()


async def test_a_stranger_sends_no_large_form_even_as_one_with_files(house: House) -> None:
    stranger = await house.browser()
    await stranger.get("/console/sign-in")
    sent = FormData()
    sent.add_field("csrf", stranger.csrf)
    sent.add_field("login", b"x" * 1024 * 1024, filename="login.bin")
    answer = await stranger.client.post("/console/sign-in", data=sent)
    assert answer.status == 413


async def test_a_form_of_a_megabyte_is_too_large(author: Browser) -> None:
    answer = await author.post("/console/sample", {"name": "x" * 300_000})
    assert answer.status == 413


def open_file(body: bytes) -> Any:
    class Named(bytes):
        name = "people.csv"

    from io import BytesIO

    found = BytesIO(body)
    found.name = Named.name
    return found


# --- what every answer carries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/console/", "/console/sign-in", "/console/account", "/console/nothing", "/console/sample/fail/bug",
        "/console/sample/stream", "/console/static/console.css", "/console/static/none.css", "/console",
    ],
)  # fmt: skip
async def test_every_answer_carries_its_headers(author: Browser, path: str) -> None:
    answer = await author.get(path)
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    if path.startswith("/console/"):
        assert headers["Referrer-Policy"] == "same-origin"
        is_file = path == "/console/static/console.css"
        assert headers["Cache-Control"] == ("public, max-age=3600" if is_file else "no-store")
        assert (headers["Content-Security-Policy"] == CONTENT_POLICY) == (answer.content_type == "text/html")


async def test_only_a_page_with_a_map_may_write_styles(author: Browser) -> None:
    policy = (await author.get("/console/sample/map")).headers["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src 'self';" in policy


async def test_pages_hold_no_inline_script_and_no_style(author: Browser) -> None:
    for path in ("/console/", "/console/account", "/console/nothing"):
        text = await (await author.get(path)).text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text)


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "title"),
    [
        ("denied", 403, "You may not do this"),
        ("input", 400, "This could not be read"),
        ("conflict", 409, "Somebody else was faster"),
        ("unavailable", 503, "A part of the service does not answer"),
        ("bug", 500, "Something failed here"),
        ("missing", 404, "There is nothing here"),
        ("often", 429, "Too much at once"),
        ("gone", 400, "This could not be read"),
    ],
)
async def test_failures_are_pages_that_say_what_to_do_and_quote_nobody(
    author: Browser, logs: None, capsys: pytest.CaptureFixture[str], kind: str, status: int, title: str
) -> None:
    """R2: an error text tells an employer nothing of what a worker said."""
    answer = await author.get(f"/console/sample/fail/{kind}")
    text = html.unescape(await answer.text())
    assert answer.status == status
    assert f"<h1>{title}</h1>" in text
    assert "Go to the first page" in text
    assert WORDS not in text
    logged = capsys.readouterr().err
    assert WORDS not in logged
    assert ("RuntimeError" in logged) == (kind == "bug")
    assert ("The day is in the past." in text) == (kind == "input")


async def test_htmx_gets_a_failures_sentence_only(author: Browser) -> None:
    answer = await author.get("/console/sample/fail/bug", headers={"HX-Request": "true"})
    text = await answer.text()
    assert answer.status == 500
    assert "<html" not in text
    assert "safe to try again" in text


async def test_a_database_that_does_not_answer_is_a_page_too(
    house: House, author: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: Any, **__: Any) -> None:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(house.desk, "of_session", down)
    answer = await author.get("/console/")
    assert answer.status == 503
    assert "Wait a moment" in await answer.text()
    assert (await author.get("/console/static/console.css")).status == 200


async def test_a_wrong_method_is_nothing_here(author: Browser) -> None:
    assert (await author.post("/console/account")).status == 405


@pytest.mark.parametrize(
    ("employer", "deed", "status"),
    [("farm", "read", 200), ("farm", "approve", 403), ("mill", "read", 404), ("mill", "approve", 404)],
)
async def test_r2_what_is_another_employers_is_not_there(
    author: Browser, employer: str, deed: str, status: int
) -> None:
    answer = await author.get(f"/console/sample/guarded/{employer}/{deed}")
    assert answer.status == status


async def test_when_the_session_has_ended_htmx_moves_the_whole_page_and_a_stream_ends(
    house: House, author: Browser
) -> None:
    await house.desk.disable("ana")
    answer = await author.get("/console/sample/part", headers={"HX-Request": "true"})
    assert (answer.status, answer.headers["HX-Redirect"]) == (401, "/console/sign-in")
    assert (await author.get("/console/sample/stream", headers={"Accept": "text/event-stream"})).status == 401


async def test_a_stream_and_a_page_that_renews_itself_keep_nobody_signed_in(
    house: House, author: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    of_session = house.desk.of_session

    async def noted(token: str, *, is_seen: bool = True) -> Any:
        seen.append(is_seen)
        return await of_session(token, is_seen=is_seen)

    monkeypatch.setattr(house.desk, "of_session", noted)
    await author.get("/console/sample/stream", headers={"Accept": "text/event-stream"})
    await author.get("/console/sample/part", headers={"X-Renews-Itself": "1"})
    await author.get("/console/still-here")
    assert seen == [False, False, True]


# --- messages told once -----------------------------------------------------------------------------------------------


async def test_what_a_form_did_is_told_once(author: Browser) -> None:
    answer = await author.post("/console/sample/tell?more=<b>")
    text = await (await author.follow(answer)).text()
    assert '<p class="flash done" role="status">Sign in&lt;b&gt;</p>' in text
    assert "Sign in&lt;b&gt;" not in await author.text("/console/")


async def test_a_long_message_in_arabic_fits_into_its_cookie(author: Browser) -> None:
    answer = await author.post("/console/sample/tell", params={"more": "م" * 600})
    assert len(answer.headers["Set-Cookie"]) < 4096
    assert "م" * 400 in await (await author.follow(answer)).text()


@pytest.mark.parametrize("packed", ["", "x", "eyJ0ZXh0IjogIkJ1eSJ9.0000", "é.é", "." * 4000])
async def test_nobody_else_can_put_words_on_the_page(author: Browser, packed: str) -> None:
    text = await author.text("/console/", headers={"Cookie": f"muster={author.cookie()}; {FLASH_COOKIE}={packed}"})
    assert 'class="flash' not in text


# --- languages --------------------------------------------------------------------------------------------------------


async def test_a_page_is_in_the_browsers_language_until_another_is_chosen(house: House) -> None:
    browser = await house.browser()
    assert '<html lang="es" dir="ltr">' in await browser.text(
        "/console/sign-in", headers={"Accept-Language": "fr, es-MX;q=0.8, en;q=0.5"}
    )
    answer = await browser.post("/console/language?next=/console/sign-in", {"language": "ar"})
    assert answer.headers["Location"] == "/console/sign-in"
    assert '<html lang="ar" dir="rtl">' in await browser.text("/console/sign-in")
    await browser.post("/console/language?next=https://evil.example", {"language": "xx"})
    assert '<html lang="ar" dir="rtl">' in await browser.text("/console/sign-in")


async def test_a_readers_own_language_comes_before_the_browsers(house: House) -> None:
    browser = await house.signed_in("ana", Role.AUTHOR, FARM, languages=("pt", "ar"))
    assert '<html lang="ar" dir="rtl">' in await browser.text("/console/", headers={"Accept-Language": "es"})


@pytest.mark.parametrize("header", ["", ",,;", "x" * 5000, "*", "\u00e9"])
async def test_a_strange_language_header_is_english(house: House, header: str) -> None:
    browser = await house.browser()
    assert '<html lang="en"' in await browser.text("/console/sign-in", headers={"Accept-Language": header})


# --- what people are called -------------------------------------------------------------------------------------------

NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"


async def test_a_name_is_never_markup(house: House) -> None:
    employer = type(FARM)(id=FARM.id, name=NASTY)
    browser = await house.signed_in("ana", Role.AUTHOR, employer, name=NASTY)
    for path in ("/console/", "/console/account", "/console/nothing"):
        text = await (await browser.get(path)).text()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "49" not in re.sub(r"[0-9a-f]{12,}", "", text)
        assert html.escape("<script>alert(1)</script>", quote=False) in text


async def test_a_login_that_is_markup_is_shown_as_typed(house: House) -> None:
    browser = await house.browser()
    await browser.get("/console/sign-in")
    text = await (await browser.post("/console/sign-in", {"login": NASTY, "password": "x"})).text()
    assert "<script>alert" not in text
    assert "onerror=alert(1)>" not in html.unescape(re.sub(r'value="[^"]*"', "", text))


# --- my account, the first page ---------------------------------------------------------------------------------------


async def test_a_password_is_changed_and_other_sessions_end(house: House, author: Browser) -> None:
    house.clock.time += (await house.desk.of_session(author.cookie())).session.seen_at - house.clock.now() + MINUTE  # type: ignore[union-attr]
    other = await (await house.browser()).sign_in("ana")
    answer = await author.post(
        "/console/account/password",
        {"current": PASSWORD, "new": "other-words-of-mine", "again": "other-words-of-mine"},
    )
    assert "Your password is changed." in await (await author.follow(answer)).text()
    assert (await other.get("/console/")).status == 303
    assert await house.desk.sign_in("ana", "other-words-of-mine") is not None


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"new": "other-words-of-mine", "again": "other-words-of-mine"}, "Please fill this in."),
        ({"current": "x", "new": "other-words-of-mine", "again": "other-words-of-mine"}, "current password is wrong"),
        ({"current": PASSWORD, "new": "other-words-of-mine", "again": "others"}, "The two new passwords differ."),
        ({"current": PASSWORD, "new": "short", "again": "short"}, "12 to 256 characters"),
    ],
)
async def test_a_password_that_cannot_be_changed_says_why_and_is_not_shown(
    author: Browser, typed: dict[str, str], told: str
) -> None:
    answer = await author.post("/console/account/password", typed)
    text = await answer.text()
    assert answer.status == 422
    assert told in html.unescape(text)
    assert not [value for value in typed.values() if f'value="{value}"' in text]


async def test_signing_out_everywhere_ends_this_session_too(house: House, author: Browser) -> None:
    answer = await author.post("/console/account/sign-out-everywhere")
    assert answer.headers["Location"] == "/console/sign-in"
    assert (await author.get("/console/")).status == 303


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        (Role.AUTHOR, {"alerts", "board", "people", "sites", "preparedness", "reports"}),
        (Role.APPROVER, {"alerts", "board", "people", "sites", "preparedness", "reports"}),
        (
            Role.ADMINISTRATOR,
            {
                "alerts", "board", "people", "sites", "preparedness", "reports",
                "service", "places", "corrections", "replies", "settings", "staff", "audit",
            },
        ),
        (
            Role.OPERATOR,
            {"desk", "duty", "cases", "alerts", "board", "reports", "places", "corrections", "replies", "settings"},
        ),
    ],
)  # fmt: skip
async def test_the_way_around_offers_what_may_be_read(house: House, role: Role, offered: set[str]) -> None:
    browser = await house.signed_in("ana", role, FARM if role.is_employers else None)
    text = await browser.text("/console/")
    nav = text[text.index("<nav") : text.index("</nav>")]
    assert set(re.findall(r'href="/console/([a-z]+)"', nav)) - {"account"} == offered


async def test_an_employer_is_told_the_three_steps(house: House) -> None:
    text = await (await house.approver(MILL)).text("/console/")
    for path in ("people", "preparedness", "alerts"):
        assert f'<h2><a href="/console/{path}">' in text
    assert MILL.name in text
    assert FARM.name not in text


async def test_the_page_that_is_shown_is_marked_in_the_way_around(author: Browser) -> None:
    assert '<a href="/console/account" aria-current="page">' in await author.text("/console/account")
    assert "aria-current" not in (await author.text("/console/")).split("<main")[0]


async def test_times_are_in_the_deployments_zone_and_name_it(author: Browser) -> None:
    text = html.unescape(await author.text("/console/account"))
    assert '<time datetime="2026-05-06T15:00:00+00:00">6 May 2026, 12:00 (\u2066UTC-03\u2069)</time>' in text


# --- files for browsers -----------------------------------------------------------------------------------------------


async def test_a_file_asked_for_by_its_hash_is_kept_for_ever(house: House) -> None:
    browser = await house.browser()
    page = await browser.text("/console/sign-in")
    for url in re.findall(r'(?:src|href)="(/console/static/[^"]+)"', page):
        answer = await browser.get(url)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Set-Cookie" not in answer.headers
    assert (await browser.get("/console/static/console.css?v=old")).headers["Cache-Control"] == "public, max-age=3600"


@pytest.mark.parametrize("name", ["none.css", "../layout.html", "%2e%2e/layout.html", "..%2flayout.html", "vendor/"])
async def test_only_files_for_browsers_are_served(house: House, name: str) -> None:
    answer = await (await house.browser()).get(f"/console/static/{name}")
    assert answer.status in (303, 404)


async def test_a_browser_that_can_unpack_gets_a_small_file(house: House) -> None:
    client = (await house.browser()).client
    async with client.session.request(
        "GET", client.make_url("/console/static/vendor/pico.min.css"), headers={"Accept-Encoding": "gzip"}
    ) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) < 20_000
        assert (await answer.read())[:1] != gzip.compress(b"")[:1]  # the client has unpacked it


def test_what_others_made_is_as_they_published_it() -> None:
    vendor = ROOT / "bot" / "console" / "static" / "vendor"
    rows = re.findall(r"^\| (\S+) \| .* \| ([0-9a-f]{64}) \|$", (vendor / "README.md").read_text("utf-8"), re.M)
    assert len(rows) == 7
    for name, digest in rows:
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest, name
    scripts = {path.relative_to(vendor).as_posix() for path in vendor.rglob("*") if path.suffix in (".js", ".css")}
    assert scripts == {name for name, _ in rows}


def test_an_asset_that_is_not_there_fails_when_the_page_is_drawn() -> None:
    with pytest.raises(KeyError):
        Assets().url("none.js")


def test_templates_use_no_unsafe_filter() -> None:
    for path in Path(ROOT / "bot" / "console" / "templates").rglob("*.html"):
        assert not re.search(r"\|\s*safe\b|autoescape", path.read_text("utf-8")), path
