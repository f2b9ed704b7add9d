"""Signing in over HTTP: two steps, locks, and nothing that a stranger could use."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from bot.config import Settings
from bot.console import visit as visits
from bot.console.pace import Tries, network_address
from bot.domain.staff import Role
from tests.console.conftest import FARM, PASSWORD, SECRET, Browser, House
from tests.stand import NOW

MINUTE = timedelta(minutes=1)


async def give_password(browser: Browser, login: str = "ana", password: str = PASSWORD) -> Any:
    await browser.get("/console/sign-in")
    return await browser.post("/console/sign-in", {"login": login, "password": password})


async def test_staff_sign_in_with_a_password_and_a_code(house: House) -> None:
    browser = await house.author()
    text = await browser.text("/console/")
    assert "Welcome, Ana" in text
    assert FARM.name in text


async def test_the_first_sign_in_shows_a_key_to_enrol(house: House) -> None:
    await house.add("ana", Role.AUTHOR, FARM, totp_secret=None)
    browser = await house.browser()
    answer = await give_password(browser)
    assert answer.headers["Location"] == "/console/enrol"
    page = await (await browser.follow(answer)).text()
    assert "<svg" in page
    secret = re.sub(r"\s", "", re.search(r"<code[^>]*>([A-Z2-7 ]+)</code>", page).group(1))  # type: ignore[union-attr]
    wrong = await browser.post("/console/enrol", {"code": "000000"})
    assert wrong.status == 422
    assert "This code is wrong" in await wrong.text()
    done = await browser.post("/console/enrol", {"code": browser.code(secret)})
    assert done.headers["Location"] == "/console/"
    assert (await browser.get("/console/enrol")).headers["Location"] == "/console/sign-in"


@pytest.mark.parametrize("path", ["/console/", "/console/account", "/console/nothing", "/console/still-here"])
async def test_a_stranger_is_sent_to_sign_in_whatever_the_address(house: House, path: str) -> None:
    answer = await (await house.browser()).get(path)
    assert answer.status == 303
    assert answer.headers["Location"].startswith("/console/sign-in")


async def test_the_password_alone_opens_no_page(house: House) -> None:
    await house.add("ana", Role.AUTHOR, FARM)
    browser = await house.browser()
    await browser.follow(await give_password(browser))
    for path in ("/console/", "/console/account"):
        assert (await browser.get(path)).headers["Location"].startswith("/console/sign-in")
    changed = {"current": PASSWORD, "new": "other-words-of-mine", "again": "other-words-of-mine"}
    assert (await browser.post("/console/account/password", changed)).status == 303
    assert await house.desk.sign_in("ana", PASSWORD) is not None


async def test_a_wrong_password_an_unknown_login_and_a_lock_look_the_same(house: House) -> None:
    await house.add("ana", Role.AUTHOR, FARM)

    async def told(login: str, password: str) -> str:
        answer = await give_password(await house.browser(), login, password)
        assert answer.status == 422
        text: str = await answer.text()
        return re.sub(r"[0-9a-f]{64}", "", text.replace(f'value="{login}"', ""))

    wrong, unknown = await told("ana", "wrong-wrong-wrong"), await told("bob", "wrong-wrong-wrong")
    for _ in range(4):
        await told("ana", "wrong-wrong-wrong")
    locked, disabled = await told("ana", PASSWORD), ""
    house.clock.pass_(2 * MINUTE)
    await house.desk.disable("ana")
    disabled = await told("ana", PASSWORD)
    assert wrong == unknown == locked == disabled
    assert PASSWORD not in wrong


async def test_a_code_seen_over_the_shoulder_opens_nothing_again(house: House) -> None:
    owner = await house.author()
    thief = await house.browser()
    await thief.follow(await give_password(thief))
    answer = await thief.post("/console/code", {"code": owner.code()})
    assert answer.status == 422
    house.clock.pass_(MINUTE)
    answer = await thief.post("/console/code", {"code": owner.code()})
    assert answer.headers["Location"] == "/console/"


async def test_the_cookie_changes_at_each_stage_and_old_ones_are_dead(house: House) -> None:
    await house.add("ana", Role.AUTHOR, FARM)
    browser = await house.browser()
    await browser.get("/console/sign-in")
    seen = [browser.cookie()]
    await browser.follow(await browser.post("/console/sign-in", {"login": "ana", "password": PASSWORD}))
    seen.append(browser.cookie())
    await browser.post("/console/code", {"code": browser.code()})
    seen.append(browser.cookie())
    assert len(set(seen)) == 3
    for old in seen[:2]:
        other = await house.browser()
        answer = await other.get("/console/", cookies={"muster": old})
        assert answer.status == 303


async def test_a_planted_cookie_is_worth_nothing_after_signing_in(house: House) -> None:
    """Session fixation: the attacker knows the token that the victim began with."""
    await house.add("ana", Role.AUTHOR, FARM)
    planted = "A" * 43
    victim = await house.browser()
    victim.client.session.cookie_jar.update_cookies({"muster": planted}, victim.client.make_url("/"))
    await victim.sign_in("ana")
    attacker = await house.browser()
    assert (await attacker.get("/console/", cookies={"muster": planted})).status == 303


async def test_the_cookie_is_for_this_site_and_no_script(house: House) -> None:
    answer = await (await house.browser()).get("/console/sign-in")
    morsel = answer.cookies["muster"]
    assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Lax", "/")
    assert morsel["max-age"] == ""  # gone with the browser


async def test_behind_https_the_cookie_is_bound_to_the_host(house: House, tmp_path: Path) -> None:
    house.settings = Settings(home=tmp_path, public_url="https://muster.example")
    answer = await (await house.browser()).get("/console/sign-in")
    morsel = answer.cookies["__Host-muster"]
    assert (morsel["secure"], morsel["httponly"], morsel["path"], morsel["domain"]) == (True, True, "/", "")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/console/people?site=a&page=2", "/console/people?site=a&page=2"),
        ("https://evil.example/", "/console/"),
        ("//evil.example/console/", "/console/"),
        ("/console//evil.example", "/console/"),
        ("/console/../chat", "/console/"),
        ("/console\\@evil.example", "/console/"),
        ("/consoles", "/console/"),
        ("/chat", "/console/"),
        ("/console/\r\nSet-Cookie: a=b", "/console/"),
        ("javascript:alert(1)", "/console/"),
        ("/console/%0d%0aX", "/console/%0d%0aX"),
    ],
)
async def test_signing_in_leads_back_to_the_consoles_own_pages_only(house: House, wanted: str, reached: str) -> None:
    await house.add("ana", Role.AUTHOR, FARM)
    browser = await house.browser()
    await browser.get("/console/sign-in")
    options = {"params": {"next": wanted}}
    answer = await browser.post("/console/sign-in", {"login": "ana", "password": PASSWORD}, **options)
    assert (await browser.follow(answer)).url.path == "/console/code"
    answer = await browser.post("/console/code", {"code": browser.code()}, **options)
    assert answer.headers["Location"] == reached
    assert visits.inside(wanted) == reached


async def test_a_stranger_comes_back_to_the_page_that_was_wanted(house: House) -> None:
    await house.add("ana", Role.AUTHOR, FARM)
    browser = await house.browser()
    answer = await browser.get("/console/account?from=mail")
    answer = await browser.follow(answer)
    assert 'action="/console/sign-in?next=/console/account%3Ffrom%3Dmail"' in await answer.text()


async def test_who_is_signed_in_is_not_asked_again(house: House) -> None:
    browser = await house.author()
    assert (await browser.get("/console/sign-in")).headers["Location"] == "/console/"
    assert (await browser.get("/console/code")).headers["Location"] == "/console/sign-in"


async def test_signing_in_as_another_ends_the_session_before(house: House) -> None:
    browser = await house.author()
    await house.add("eva", Role.APPROVER, FARM)
    before = browser.cookie()
    await browser.post("/console/sign-in", {"login": "eva", "password": PASSWORD})
    assert await house.desk.of_session(before) is None


async def test_signing_out_ends_the_session_and_forgets_the_cookie(house: House) -> None:
    browser = await house.author()
    token = browser.cookie()
    answer = await browser.post("/console/sign-out")
    assert answer.headers["Location"] == "/console/sign-in"
    assert browser.cookie() == ""
    assert await house.desk.of_session(token) is None


async def test_one_can_begin_again_halfway(house: House) -> None:
    await house.add("ana", Role.AUTHOR, FARM)
    browser = await house.browser()
    await browser.follow(await give_password(browser))
    token = browser.cookie()
    assert (await browser.post("/console/sign-out")).headers["Location"] == "/console/sign-in"
    assert await house.desk.of_session(token) is None


async def test_an_idle_session_ends_and_the_sign_in_page_says_why(house: House) -> None:
    browser = await house.author()
    house.clock.pass_(timedelta(minutes=29))
    await browser.text("/console/")
    house.clock.pass_(timedelta(minutes=30))
    answer = await browser.get("/console/")
    assert answer.status == 303
    assert "You are signed out" in await (await browser.follow(answer)).text()
    assert "You are signed out" not in await (await browser.get("/console/sign-in")).text()


async def test_a_disabled_account_is_out_at_its_next_page(house: House) -> None:
    browser = await house.author()
    await house.desk.disable("ana")
    assert (await browser.get("/console/")).status == 303


async def test_one_guesser_cannot_take_everybodys_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def sign_in(login: str, _: str) -> None:
        asked.append(login)

    monkeypatch.setattr(house.desk, "sign_in", sign_in)
    browser = await house.browser()
    await browser.get("/console/sign-in")
    for number in range(15):
        await browser.post("/console/sign-in", {"login": "ana", "password": f"{number}"})
    assert len(asked) == 10
    for number in range(60):
        await browser.post("/console/sign-in", {"login": f"somebody{number}", "password": "x"})
    assert len(asked) == 10 + 35  # fifty from one address, those of before included
    house.clock.pass_(MINUTE)
    await browser.post("/console/sign-in", {"login": "ana", "password": "x"})
    assert asked[-1] == "ana"


def test_tries_come_back_with_time_and_the_longest_unseen_are_forgotten() -> None:
    tries = Tries(burst=2, per_second=0.5)
    assert [tries.may("a", NOW) for _ in range(3)] == [True, True, False]
    assert tries.may("b", NOW)
    assert [tries.may("a", NOW + timedelta(seconds=2)) for _ in range(2)] == [True, False]
    for number in range(20_000):
        tries.may(f"{number}", NOW)
    assert len(tries._buckets) == 10_000


@pytest.mark.parametrize(
    ("public_url", "noted", "found"),
    [
        ("", "1.1.1.1", "9.9.9.9"),
        ("http://muster.example", "1.1.1.1", "9.9.9.9"),
        ("https://muster.example", "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        ("https://muster.example", None, "9.9.9.9"),
    ],
)
def test_a_network_address_is_what_the_proxy_noted_last(public_url: str, noted: str | None, found: str) -> None:
    headers = {"X-Forwarded-For": noted} if noted else {}
    request = make_mocked_request("POST", "/console/sign-in", headers=headers).clone(remote="9.9.9.9")
    assert network_address(request, public_url) == found


async def test_no_log_line_tells_a_login_a_password_or_a_code(
    house: House, logs: None, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = await house.author()
    await give_password(await house.browser(), "ana", "wrong-wrong-wrong")
    told = capsys.readouterr()
    for secret in ("ana", PASSWORD, "wrong-wrong", SECRET, browser.code(), browser.cookie()):
        assert secret not in told.out + told.err
