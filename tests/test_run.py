"""`run` around its parts: the NLU child may fail in any way, stops are heard at any time, children are ended."""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import config, demo, run
from bot.channels.segments import numbered
from bot.channels.sms import cut_for_sms
from bot.channels.whatsapp import _filled
from bot.domain.broadcast import BroadcastKind, MessageType
from bot.domain.contact import Channel
from bot.domain.delivery import Content, Template
from bot.i18n import Catalogs
from bot.nlu import child
from bot.nlu.provision import ProvisionError
from bot.sandbox.badges import Badge
from bot.services.framing import Framed, Texts, frame
from bot.services.hazards import draft
from bot.services.hazards import load as load_hazards


@pytest.mark.parametrize("error", [ProvisionError("Install Python 3.10."), OSError("no space"), RuntimeError("a bug")])
async def test_without_an_nlu_server_everything_else_goes_on(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """R22: keep_running ends by itself and never raises, for it would take the whole process down."""

    async def fails(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(child, "_provide", fails)
    said: list[str] = []
    await child.keep_running(port=1, say=said.append, stop=asyncio.Event())
    assert said[0].startswith("Understanding by key words only")


async def test_a_server_program_that_is_gone_is_tried_again_until_the_stop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stop, pauses = asyncio.Event(), []

    async def pause(_: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            stop.set()

    async def provide(*_: Any) -> tuple[Path, Path]:
        return tmp_path / "python", tmp_path / "model"

    monkeypatch.setattr(child, "_provide", provide)
    monkeypatch.setattr(child, "_pause", pause)
    await child.keep_running(port=1, say=lambda _: None, stop=stop)
    assert pauses == [2.0, 4.0, 8.0]


async def test_a_stop_ends_the_provision_in_the_middle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "endless"
    program.write_text("#!/bin/sh\necho Training ...\nexec sleep 600\n", encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    stop, said = asyncio.Event(), []

    def say(line: str) -> None:
        said.append(line)
        stop.set()

    assert await asyncio.wait_for(child._provide(say, stop), 30) is None
    assert said == ["Training ..."]


async def test_a_child_that_ignores_its_end_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "deaf"
    ready = tmp_path / "ready"
    program.write_text(
        f"#!{sys.executable}\nimport pathlib, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(ready)!r}).touch()\nsignal.pause()\n",
        encoding="utf-8",
    )
    program.chmod(0o700)
    monkeypatch.setattr(child, "STOP_SECONDS", 0.05)
    stop = asyncio.Event()
    serving = asyncio.create_task(child._serve(program, tmp_path / "model", "127.0.0.1", 1, stop))
    async with asyncio.timeout(30):
        while not ready.exists():  # noqa: ASYNC110 (another process makes it)
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(serving, 30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_is_a_stop_from_the_first_moment_on(number: signal.Signals) -> None:
    async with run.stopping() as stop:
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 20)


def test_a_home_makes_its_own_key_once_and_keeps_it(tmp_path: Path, capsys: Any) -> None:
    """R17: made for its owner alone, told with the wish for a copy; the key itself is not shown."""
    first = run.with_home(config.load(home=tmp_path / "home"))
    second = run.with_home(config.load(home=tmp_path / "home"))
    key = first.keys.get_secret_value()
    assert key == second.keys.get_secret_value() != ""
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0
    said = capsys.readouterr().out
    assert said.count("Back it up") == 1
    assert key not in said


def test_what_is_configured_wins_over_the_home(tmp_path: Path) -> None:
    given = config.load(home=tmp_path, keys="k1:x", database_url="postgresql+asyncpg://u@h/d")
    settled = run.with_home(given)
    assert settled.keys == given.keys
    assert settled.database_url == given.database_url
    assert not (tmp_path / "keys").exists()


# --- the demo -----------------------------------------------------------------------------------------------------


def test_the_demo_leads_every_channel_to_this_machine_at_an_honest_pace(tmp_path: Path) -> None:
    told = demo.prepare(config.load(home=tmp_path, port=18080, sandbox_port=18081)).settings
    assert told.telegram_api_url == "http://127.0.0.1:18081/telegram"
    assert told.twilio_api_url == "http://127.0.0.1:18081/twilio"
    assert told.whatsapp_template
    assert told.pace(Channel.SMS).rate == 100


def test_a_pace_that_is_configured_holds_in_the_demo(tmp_path: Path) -> None:
    given = config.load(home=tmp_path, paces={Channel.SMS: config.Pace(rate=1, burst=3)})
    assert demo.prepare(given).settings.pace(Channel.SMS).rate == 1


def test_the_start_of_the_demo_says_how_to_sign_in_and_what_to_try(tmp_path: Path, capsys: Any) -> None:
    """Logins, passwords and where the codes are; the codes' secrets are not said."""
    shown = demo.prepare(config.load(home=tmp_path, port=18080, sandbox_port=18081))
    ana = Badge(
        login="ana",
        name="Ana",
        role="author",
        password="the river rises",
        totp_secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    )
    shown.badges[:] = [ana, replace(ana, login="bento", role="approver")]
    run._announce_demo(shown.settings, "http://127.0.0.1:18080", shown)
    said = capsys.readouterr().out
    for part in (
        "http://127.0.0.1:18080/console/",
        "http://127.0.0.1:18081/",
        "login ana, password: the river rises",
        "60 workers",
        "100 segments a second",
    ):
        assert part in said
    assert "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" not in said


def drill(info: Texts, language: str, catalogs: Catalogs) -> Framed:
    """As somebody reads it who never wrote to us."""
    return frame(
        BroadcastKind.DRILL,
        MessageType.ALERT,
        info,
        sender="E",
        employer="E",
        asks_check_in=True,
        needs_introduction=True,
        round=0,
        language=language,
        catalogs=catalogs,
        isolate=False,
    )


def test_the_crew_knows_the_question_in_every_offered_language(tmp_path: Path) -> None:
    """A changed translation must not leave the demo's workers silent."""
    settings = config.load(home=tmp_path)
    questions = demo._questions(settings)
    catalogs = Catalogs.load(settings.root / "locales", settings.languages)
    assert len(questions) == len(settings.languages)
    for language in settings.languages:
        framed = drill(("Flood", "", "Go up."), language, catalogs)
        heard = cut_for_sms(Content(text=framed.text, language=language))[0].text
        assert sum(question in heard for question in questions) == 1


def test_the_demos_template_is_one_that_whatsapp_approves(tmp_path: Path) -> None:
    made = demo._twilio("http://127.0.0.1:1", "http://127.0.0.1:2").contents[demo.DEMO_TEMPLATE]
    assert made.opens_conversation
    assert made.placeholders() == {str(number) for number in range(1, demo.DEMO_VARIABLES + 1)}
    assert len(made.render(dict.fromkeys(made.placeholders(), "x" * 255))) <= 1024


@pytest.mark.parametrize("language", ["en", "es", "ne", "ar"])
def test_a_drill_reads_well_in_the_demos_template(tmp_path: Path, language: str) -> None:
    """R9: nothing but the sender's name stands before the word that it is a drill; and the question stays whole."""
    settings = config.load(home=tmp_path)
    catalogs = Catalogs.load(settings.root / "locales", settings.languages)
    made = demo._twilio("http://127.0.0.1:1", "http://127.0.0.1:2").contents[demo.DEMO_TEMPLATE]
    for hazard in filter(lambda hazard: hazard.asks_check_in, load_hazards()):
        written = draft(hazard, language, catalogs, {"site": "Mill", "place": "Canoas", "time": "18:00"})
        told = drill((written.headline, written.description, written.instruction), language, catalogs)
        text = numbered(told.text, told.labels)
        template = Template(id=made.sid, variables=(text,))
        filled = _filled(Content(text=text, language=language, template=template), template, demo.DEMO_VARIABLES)
        shown = made.render({str(number): words for number, words in enumerate(filled.variables, start=1)})
        assert shown.startswith(f"Muster: {text.split()[0]}")
        assert sum(question in shown for question in demo._questions(settings)) == 1
        assert "-" not in filled.variables
