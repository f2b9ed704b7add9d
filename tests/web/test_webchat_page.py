"""The web chat's page: small, in the reader's language, from nowhere but this server, with nothing inline."""

import json
import re
from html import unescape
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bot.config import Settings
from bot.i18n import Catalogs, faults
from bot.web.webchat import preferred
from bot.web.webchat_words import MSGIDS
from tests.web.house import House, connected

Client = TestClient[Any, Any]


async def text_of(client: Client, path: str = "/chat", **headers: str) -> str:
    answer = await client.get(path, headers=headers)
    assert answer.status == 200
    return await answer.text()


async def test_the_page_and_its_files_stay_under_30_kb(client: Client) -> None:
    size = 0
    for path in ("/chat?language=ne", "/chat/chat.css", "/chat/chat.js"):
        size += len((await text_of(client, path)).encode())
    assert size < 32 * 1024  # with Nepali's three bytes a letter
    answer = await client.get("/chat/chat.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"


async def test_nothing_comes_from_elsewhere_and_nothing_is_inline(client: Client) -> None:
    page = await text_of(client)
    files = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(file.startswith(("/chat", "#", "data:,")) for file in files), files
    assert re.findall(r"<script(?![^>]*(?:src=|application/json))", page) == []
    assert re.search(r"\son[a-z]+=|\sstyle=|<style|javascript:", page) is None


async def test_the_policy_lets_only_our_own_files_run(client: Client) -> None:
    answer = await client.get("/chat")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert f"ws://{client.host}:{client.port}" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


async def test_a_forged_host_does_not_get_into_the_policy(client: Client) -> None:
    answer = await client.get("/chat", headers={"Host": "x; script-src *"})
    assert "*" not in answer.headers.get("Content-Security-Policy", "")


async def test_files_are_kept_by_the_browser_until_they_change(client: Client) -> None:
    [path] = re.findall(r'src="(/chat/chat\.js\?v=[0-9a-f]+)"', await text_of(client))
    assert "immutable" in (await client.get(path)).headers["Cache-Control"]
    assert (await client.get("/chat/chat.js?v=old")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ar", "ar"), ("ne-NP,ne;q=0.9,en;q=0.8", "ne"), ("de,es;q=0.5,en;q=0.4", "es"), ("es-419", "es"), ("", "en"),
        ("de", "en"), ("*", "en"), ("ar;q=0,es", "es"), ("x;q=nonsense,ne", "ne"), ("EN-us", "en"), (";;;,,,", "en"),
    ],
)  # fmt: skip
def test_r12_the_browsers_language_is_taken_where_we_have_it(header: str, language: str) -> None:
    assert preferred(header, ("en", "es", "ne", "ar"), "en") == language


async def test_arabic_stands_from_right_to_left(client: Client) -> None:
    page = await text_of(client, "/chat?language=ar")
    assert '<html lang="ar" dir="rtl">' in page
    assert "يرد عليك هنا برنامج آلي. إذا كتب لك شخص فسيظهر ذلك هنا." in page


@pytest.mark.parametrize("query", ["?language=xx", "?language=../../etc", "?language=<b>", "?language="])
async def test_an_unknown_language_gives_the_default(client: Client, query: str) -> None:
    assert '<html lang="en" dir="ltr">' in await text_of(client, f"/chat{query}")


async def test_every_language_is_offered_in_itself(client: Client) -> None:
    page = await text_of(client, "/chat?language=ne&site=RIVER-7")
    for name, code in (("English", "en"), ("Español", "es"), ("नेपाली", "ne"), ("العربية", "ar")):
        assert re.search(rf'href="/chat\?language={code}&amp;site=RIVER-7"[^>]*lang="{code}"[^>]*>{name}</a>', page)


@pytest.mark.parametrize("site", ['"><script>x</script>', "a b", "x" * 33, "../..", "%00"])
async def test_a_site_code_that_is_none_is_dropped(client: Client, site: str) -> None:
    answer = await client.get("/chat", params={"site": site})
    assert 'data-site=""' in await answer.text()


async def test_without_javascript_there_is_a_number_to_write_to(client: Client) -> None:
    found = re.search(r"<noscript>(.*?)</noscript>", await text_of(client), re.S)
    assert found is not None
    assert "+15005550006" in found.group(1)


async def test_without_sms_no_number_is_named(house: House) -> None:
    house.settings = Settings(organisation="A</script><b>")
    async with connected(house) as client:
        page = await text_of(client)
    assert "SMS" not in page
    assert "<b>" not in page


async def test_the_words_reach_the_script_whole(client: Client) -> None:
    found = re.search(r'<script type="application/json" id="words">(.*?)</script>', await text_of(client), re.S)
    assert found is not None
    words = json.loads(found.group(1))
    assert words["send"] == "Send"
    assert unescape(words["sms"]) == "You can send an SMS to +15005550006 instead."


@pytest.mark.parametrize("language", ["es", "ne", "ar"])
def test_every_word_of_the_page_is_translated(catalogs: Catalogs, language: str) -> None:
    for msgid in MSGIDS:
        assert catalogs.has(msgid, language, "console"), msgid
        assert faults(msgid, catalogs.translations(msgid, "console")[0]) == []
