"""Owns a site's poster: how to join, by which code, and what it is, in the site's languages, on one sheet of A4."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from bot.domain.contact import Channel
from bot.i18n import Catalogs
from bot.printing.typesetting import HEIGHT, LEADING, MARGIN, MM, WIDTH, Sheet, Style
from bot.services.joining import Poster, Way
from bot.services.voice import Voice

INNER = WIDTH - 2 * MARGIN
BAND, FOOT = 32.0, 32.0  # millimetres of the head and the foot
GAP = 6.0
WHITE, GREY, DARK, RED = (255, 255, 255), (80, 80, 80), (23, 59, 94), (163, 20, 20)
NAMES = {Channel.WHATSAPP: "WhatsApp", Channel.TELEGRAM: "Telegram", Channel.SMS: "SMS"}
SIZES = (20.0, 18.0, 16.0, 14.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0)  # points, tried until everything fits


def draw_poster(poster: Poster, *, catalogs: Catalogs, given: Mapping[str, str], made_at: datetime) -> bytes:
    """The poster as PDF; `given` are the deployment's own facts, as texts have them."""
    voices = [Voice(catalogs=catalogs, language=language) for language in poster.languages]
    sheet = Sheet(title=f"{poster.site.name} ({poster.site.code})", language=poster.languages[0], made_at=made_at)
    _head(sheet, poster, voices)
    foot = HEIGHT - FOOT
    codes = _codes_height(poster.ways)
    top = BAND + GAP
    bottom = foot - GAP - codes
    _words(sheet, voices, given, top=top, bottom=bottom)
    _codes(sheet, poster.ways, voices, top=bottom)
    _foot(sheet, voices, given, top=foot)
    return sheet.pdf()


def _head(sheet: Sheet, poster: Poster, voices: Sequence[Voice]) -> None:
    language = voices[0].language
    sheet.box(x=0, y=0, width=WIDTH, height=BAND, colour=DARK)
    name = Style(size=20 if len(poster.site.name) < 40 else 15, is_bold=True, colour=WHITE)
    y = sheet.write(
        poster.site.name, x=MARGIN, y=7, width=INNER - 52, language=_own(poster.site.name, language), style=name
    )
    sheet.write(
        poster.employer,
        x=MARGIN,
        y=y,
        width=INNER - 52,
        language=_own(poster.employer, language),
        style=Style(size=12, colour=WHITE),
    )
    code = Style(size=34 if len(poster.site.code) <= 6 else 20, is_bold=True, colour=WHITE)
    sheet.write(poster.site.code, x=WIDTH - MARGIN - 50, y=7, width=50, language="en", style=code, is_centred=True)


def _own(text: str, language: str) -> str:
    """A name of Latin letters stands on the left, whatever the poster's first language."""
    return "en" if text.isascii() else language


def _words(sheet: Sheet, voices: Sequence[Voice], given: Mapping[str, str], *, top: float, bottom: float) -> None:
    """What this is, once in each language, as large as fits."""
    heights = cache(lambda size: _words_height(sheet, voices, given, size))
    fits = bisect_left(SIZES, True, key=lambda size: heights(size) <= bottom - top)
    size = SIZES[min(fits, len(SIZES) - 1)]
    space = max(0.0, (bottom - top - heights(size)) / (len(voices) + 1))
    y = top + space / 2
    for number, voice in enumerate(voices):
        if number:
            sheet.line(y=y - space / 2 - 1)
        for text, style in _said(voice, given, size):
            y = sheet.write(text, x=MARGIN, y=y, width=INNER, language=voice.language, style=style)
        y += space + 2


def _words_height(sheet: Sheet, voices: Sequence[Voice], given: Mapping[str, str], size: float) -> float:
    parts = [(text, style, voice.language) for voice in voices for text, style in _said(voice, given, size)]
    heights = [sheet.height(text, width=INNER, language=language, style=style) for text, style, language in parts]
    return sum(heights) + 2 * len(voices)


def _said(voice: Voice, given: Mapping[str, str], size: float) -> list[tuple[str, Style]]:
    return [
        (voice.say("Warnings and help on your phone"), Style(size=size + 5, is_bold=True, colour=DARK)),
        (
            voice.say(
                "Join with your phone: scan a code below, or send the words beside it. In danger we warn you in your "
                "language and ask if you are safe. You can ask for help at any time: where to go, doctor, embassy, "
                "papers, wages."
            ),
            Style(size=size),
        ),
        (
            voice.say(
                "We never ask for money; an SMS costs what your phone company takes. No name needed. Your employer "
                "sees only: safe, needs help, no answer or not reached. It never sees what you write. This is "
                "{organisation}.",
                **given,
            ),
            Style(size=size),
        ),
    ]


# --- the codes ------------------------------------------------------------------------------------------------------

CODE_WIDTH, LABEL = 42.0, 18.0


def _codes_height(ways: Sequence[Way]) -> float:
    return CODE_WIDTH + LABEL if ways else 0.0


def _codes(sheet: Sheet, ways: Sequence[Way], voices: Sequence[Voice], *, top: float) -> None:
    """Every way side by side: the code, its channel's name, and what to send without a camera."""
    for number, way in enumerate(ways):
        column = INNER / len(ways)
        x = MARGIN + number * column
        sheet.code(way.link, x=x + (column - CODE_WIDTH) / 2, y=top, width=CODE_WIDTH)
        name = NAMES.get(way.channel) or voices[0].say("Web chat")
        language = "en" if way.channel in NAMES else voices[0].language
        bold = Style(size=12, is_bold=True)
        y = sheet.write(name, x=x, y=top + CODE_WIDTH, width=column, language=language, style=bold, is_centred=True)
        for line in _shown(way):
            small = Style(size=10 if len(line) < 24 else 8.5, colour=GREY)
            y = sheet.write(line, x=x, y=y, width=column, language="en", style=small, is_centred=True)


def _shown(way: Way) -> list[str]:
    """What to type: the number or address, and the words."""
    return [line for line in (way.number, way.shown.removeprefix("https://"), way.words) if line]


def _foot(sheet: Sheet, voices: Sequence[Voice], given: Mapping[str, str], *, top: float) -> None:
    """The emergency number, in each language: it is what a poster is looked at for."""
    sheet.box(x=0, y=top, width=WIDTH, height=HEIGHT - top, colour=RED)
    number = given["emergency_number"]
    half = INNER / 2
    figures = Style(size=48 if len(number) <= 4 else 26, is_bold=True, colour=WHITE)
    sheet.write(
        number,
        x=MARGIN,
        y=top + (HEIGHT - top - figures.size * MM * LEADING) / 2,
        width=half - 20,
        language="en",
        style=figures,
        is_centred=True,
    )
    size = 13 if len(voices) <= 4 else 9
    y = top + (HEIGHT - top - len(voices) * size * MM * LEADING) / 2
    for voice in voices:
        text = voice.say("In danger, call {emergency_number}", **given)
        style = Style(size=size, is_bold=True, colour=WHITE)
        y = sheet.write(text, x=MARGIN + half - 10, y=y, width=half + 10, language=voice.language, style=style)
