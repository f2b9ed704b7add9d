"""Proves that `check` tells every problem between flows, actions, training data and translations by file and line."""

from pathlib import Path

import pytest

from bot import check as checking
from bot.check import check, draw_flows, extract, extract_pages, outdated, pages
from bot.check.limits import units
from bot.domain.errors import ConfigurationError
from bot.engine.effects import Called
from bot.engine.flow import Problem
from bot.engine.schema import schema_text
from bot.i18n import Catalogs
from bot.services.ports import ActionSpec, Occasion
from tests.engine.scene import steps


async def nothing(_: Occasion) -> Called:
    return Called(outcome="done")


ACTIONS = {
    "find_places": ActionSpec(
        run=nothing,
        arguments=frozenset({"kind", "near"}),
        outcomes=frozenset({"found", "none"}),
        values=frozenset({"places_text"}),
    ),
    "open_case": ActionSpec(run=nothing, arguments=frozenset({"topic"}), values=frozenset({"case_number"})),
}
FORMS = {
    "es": "nplurals=2; plural=n != 1;",
    "ne": "nplurals=2; plural=n != 1;",
    "ar": "nplurals=6; plural=n<3 ? n : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;",
}
TITLE = "title: Help\n"


class House:
    """A folder with flows, training data and catalogs, to be checked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("nlu_data/en.yml", "nlu:\n- intent: shelter\n  examples: |\n    - a roof\n")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def flow(self, *lines: str, name: str = "x", head: str = TITLE) -> None:
        self.write(f"flows/{name}.yml", steps(*lines, name=name, head=head))

    def translate(self, *entries: str, language: str = "es") -> None:
        charset = '"Content-Type: text/plain; charset=utf-8\\n"'
        header = f'msgid ""\nmsgstr ""\n{charset}\n"Plural-Forms: {FORMS[language]}\\n"\n\n'
        self.write(f"locales/{language}/LC_MESSAGES/flows.po", header + "\n\n".join(entries) + "\n")

    def problems(self, *languages: str, of: str = "", segments: bool = False) -> list[Problem]:
        """The problems in files whose name begins with `of`; in English alone unless languages are named."""
        catalogs = Catalogs.load(self.root / "locales", languages or ("en",))
        found = check(self.root, ACTIONS, catalogs=catalogs, segments=_segments if segments else None)
        return [problem for problem in found if problem.file.startswith(of)]

    def told(self, *languages: str, of: str = "") -> list[tuple[int, str]]:
        return [(problem.line, problem.message) for problem in self.problems(*languages, of=of)]


def _segments(text: str) -> int:
    return -(-len(text) // 70)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def entry(msgid: str, msgstr: str) -> str:
    return f'msgid "{msgid}"\nmsgstr "{msgstr}"'


# --- flows and what surrounds them --------------------------------------------------------------------------------


def test_a_sound_house_has_no_problems(house: House) -> None:
    house.flow(
        "- call: find_places",
        "  with: {kind: shelter}",
        "  outcomes: {found: show, none: end}",
        "- id: show",
        "  say: '{places_text} Call {emergency_number}.'",
        "- end: true",
        head=TITLE + "triggers: {intents: [shelter], words: {en: [shelter]}}\n",
    )
    assert house.told() == []


def test_problems_of_files_that_cannot_be_read_and_of_those_that_can_are_told_together(house: House) -> None:
    house.flow("- sya: hello", name="a")
    house.flow("- say: hello", name="b")
    assert [(problem.file, problem.line) for problem in house.problems(of="flows")] == [
        ("flows/a.yml", 6),
        ("flows/b.yml", 6),
    ]


ACTION_MISTAKES = [
    ("- call: fly", 6, "there is no action `fly`; there are find_places, open_case"),
    ("- call: open_case\n  with: {urgency: high}", 6, "action `open_case` takes no `urgency`; it takes topic"),
    (
        "- call: open_case\n  outcomes:\n    opened: end",
        8,
        "action `open_case` never ends with `opened`; it ends with done",
    ),
    ("- call: find_places\n  outcomes: {found: end}", 6, "action `find_places` can end with none"),
    ("- call: find_places", 6, "action `find_places` can end with found, none"),
]


@pytest.mark.parametrize(("step", "line", "says"), ACTION_MISTAKES)
def test_a_call_that_does_not_fit_its_action_is_told(house: House, step: str, line: int, says: str) -> None:
    house.flow(step, "- say: Done.", "- end: true")
    assert any(at == line and says in message for at, message in house.told()), house.told()


def test_what_an_action_may_break_with_is_always_allowed(house: House) -> None:
    house.flow("- call: open_case", "  outcomes: {done: end, failed: end}")
    assert house.told() == []


def test_a_call_that_says_where_all_other_outcomes_go_need_not_name_them(house: House) -> None:
    house.flow("- call: find_places", "  go: end")
    assert house.told() == []


def test_intents_without_training_data_are_told_with_the_files_that_lack_them(house: House) -> None:
    house.write(
        "nlu_data/es.yml", "nlu:\n- intent: shelter\n  examples: ''\n- intent: food\n  examples: |\n    - pan\n"
    )
    house.flow("- end: true", head=TITLE + "triggers: {intents: [shelter, food]}\n")
    found = [(line, message) for line, message in house.told("en", "es") if "training" in message]
    assert found == [
        (5, "intent `food` has no training messages in nlu_data/en.yml"),
        (5, "intent `shelter` has no training messages in nlu_data/es.yml"),
    ]


def test_intents_of_options_are_checked_too(house: House) -> None:
    house.flow("- choose: Sure?", "  options:", "  - {label: 'Yes', value: yes, intents: [affirm], go: end}")
    assert house.told() == [(8, "intent `affirm` has no training messages in nlu_data/en.yml")]


@pytest.mark.parametrize("training", ["", "nlu: 3\n", "- a\n", "nlu: [3, {intent: x}, {}]\n", "{", "\x00"])
def test_training_data_that_cannot_be_read_counts_as_none(house: House, training: str) -> None:
    house.write("nlu_data/en.yml", training)
    house.flow("- end: true", head=TITLE + "triggers: {intents: [shelter]}\n")
    assert len(house.told()) == 1


def test_an_intent_or_a_word_that_two_flows_claim_is_told_at_the_second(house: House) -> None:
    claims = "triggers:\n  intents: [shelter]\n  words: {en: [Roof], es: [techo]}\n"
    house.flow("- end: true", name="a", head=TITLE + claims)
    house.flow("- end: true", name="b", head=TITLE + claims.replace("Roof", "ROOF"))
    found = [(problem.file, problem.line, problem.message) for problem in house.problems()]
    assert found == [
        ("flows/b.yml", 6, "intent `shelter` begins `a` already (flows/a.yml:6)"),
        ("flows/b.yml", 6, "word `roof` begins `a` already (flows/a.yml:6)"),
        ("flows/b.yml", 6, "word `techo` begins `a` already (flows/a.yml:6)"),
    ]


def test_sub_flows_that_run_themselves_are_told_at_every_run(house: House) -> None:
    house.flow("- run: b", "- end: true", name="a")
    house.flow("- run: c", "- end: true", name="b")
    house.flow("- run: b", "- end: true", name="c")
    assert [(problem.file, problem.line) for problem in house.problems()] == [("flows/b.yml", 6), ("flows/c.yml", 6)]


def test_a_flow_without_a_title_is_told(house: House) -> None:
    house.flow("- end: true", head="")
    assert house.told() == [(1, "the flow needs a `title`: what an offer calls it")]


# --- translations -------------------------------------------------------------------------------------------------


def test_a_text_without_a_translation_is_told_once_with_its_languages(house: House) -> None:
    house.flow("- say: Go up.", "- say: Stay there.", "- end: true")
    house.translate(entry("Help", "Ayuda"), entry("Stay there.", "Quédese ahí."))
    assert [told for told in house.told("en", "es", "ne", of="flows") if told[0] == 6] == [
        (6, 'no translation in es, ne: "Go up."')
    ]
    assert [told for told in house.told("en", "es", of="flows") if told[0] == 7] == []


def test_the_engine_s_own_texts_need_translations_too(house: House) -> None:
    house.flow("- end: true")
    assert any('"Skip"' in message for _, message in house.told("en", "es", of="bot/engine/patience.py"))


def test_texts_that_services_say_need_translations_too(house: House) -> None:
    house.flow("- end: true")
    catalogs = Catalogs.load(house.root / "locales", ["en", "es"])
    found = check(house.root, ACTIONS, catalogs=catalogs, spoken=["I could not open the file."])
    assert [problem.message for problem in found if problem.file == "bot/services"] == [
        'no translation in es: "I could not open the file."'
    ]


TRANSLATIONS = [
    ("a variable that is lost", "Call {emergency_number}.", "Llame.", "lacks the variable {emergency_number}"),
    ("a variable that is new", "Call.", "Llame a {who}.", "names {who}, which the source does not"),
    ("a variable that is misspelt", "Call {emergency_number}.", "Llame {emergency}.", "lacks the variable"),
    ("a number that differs", "Wait 10 minutes.", "Espere 15 minutos.", "lacks the number 10"),
    ("a phone that differs", "Call +55 51 5550 0101.", "Llame +55 51 5550 0102.", "lacks the number +555155500101"),
    ("a brace that is stray", "Go up.", "Suba {.", "which is no variable"),
]


@pytest.mark.parametrize(
    ("source", "target", "says"), [row[1:] for row in TRANSLATIONS], ids=[r[0] for r in TRANSLATIONS]
)
def test_a_translation_that_says_something_else_is_told_with_its_line(
    house: House, source: str, target: str, says: str
) -> None:
    """R12: a number, date, phone or place in a translation equals the source's."""
    house.flow(f"- say: '{source}'", "- end: true")
    house.translate(entry(source, target))
    found = [told for told in house.told("en", "es", of="locales/es/LC_MESSAGES/flows.po") if says in told[1]]
    assert [line for line, _ in found] == [6]


def test_digits_of_another_script_are_the_same_number(house: House) -> None:
    house.flow("- say: Wait 10 minutes.", "- end: true")
    house.translate(entry("Wait 10 minutes.", "१० मिनेट पर्खनुहोस्।"), language="ne")
    assert house.told("en", "ne", of="locales") == []


def test_a_fuzzy_translation_is_told_and_does_not_count(house: House) -> None:
    house.flow("- say: Go up.", "- end: true")
    house.translate("#, fuzzy\n" + entry("Go up.", "Baje."))
    assert ("marked fuzzy" in house.told("en", "es", of="locales")[0][1]) is True
    assert (6, 'no translation in es: "Go up."') in house.told("en", "es", of="flows")


DAYS = "- say: {one: One day is left., other: '{n} days are left.', count: days}"
PLURAL = 'msgid "One day is left."\nmsgid_plural "{n} days are left."\n'


def test_plural_forms_that_lack_are_told(house: House) -> None:
    house.flow("- ask: Days?", "  as: number", "  save: days", DAYS, "- end: true")
    forms = "\n".join(f'msgstr[{form}] "{{n}} أيام"' for form in range(5))
    house.translate(PLURAL + forms + '\nmsgstr[5] ""', language="ar")
    assert [message for _, message in house.told("en", "ar", of="locales")] == [
        '5 of its 6 plural forms are given: "One day is left."'
    ]


def test_a_plural_form_may_leave_its_number_out_but_not_name_another(house: House) -> None:
    house.flow("- ask: Days?", "  as: number", "  save: days", DAYS, "- end: true")
    house.translate(PLURAL + 'msgstr[0] "Queda un día."\nmsgstr[1] "Quedan {n} días."')
    assert house.told("en", "es", of="locales") == []
    house.translate(PLURAL + 'msgstr[0] "Queda 1 día."\nmsgstr[1] "Quedan {days} días y 7 horas."')
    messages = " ".join(message for _, message in house.told("en", "es", of="locales"))
    assert "names {days}" in messages
    assert "has the number 7" in messages


def test_a_translation_with_another_plural_is_told(house: House) -> None:
    house.flow("- ask: Days?", "  as: number", "  save: days", DAYS, "- end: true")
    house.translate(entry("One day is left.", "Queda un día."))
    assert "its plural is not the source's" in house.told("en", "es", of="locales")[0][1]


def test_a_translation_that_nothing_says_any_more_is_a_note(house: House) -> None:
    house.flow("- say: Go up.", "- end: true")
    house.translate(entry("Go down.", "Baje."))
    [problem] = house.problems("en", "es", of="locales")
    assert problem.is_note
    assert "nothing says this text any more" in problem.message
    house.flow("- sya: Go up.")
    assert house.problems("en", "es", of="locales") == []


# --- limits -------------------------------------------------------------------------------------------------------


def options(count: int, label: str) -> str:
    return "\n".join(f"  - {{label: '{label if n == 0 else n}', value: v{n}, go: end}}" for n in range(count))


@pytest.mark.parametrize(
    ("step", "is_told"),
    [
        ("- say: " + "a" * 1600, False),
        ("- say: " + "a" * 1601, True),
        ("- say: " + "😀" * 801, True),
        ("- choose: " + "a" * 1024 + "\n  options:\n" + options(1, "a"), False),
        ("- choose: " + "a" * 1025 + "\n  options:\n" + options(1, "a"), True),
        ("- ask: " + "a" * 1025 + "\n  save: who\n  optional: true", True),
        ("- ask: " + "a" * 1025 + "\n  save: who", False),
        ("- ask: Who?\n  save: who\n  again: [" + "a" * 1601 + "]", True),
        ("- choose: a\n  options:\n" + options(3, "a" * 20), False),
        ("- choose: a\n  options:\n" + options(3, "a" * 21), True),
        ("- choose: a\n  options:\n" + options(4, "a" * 24), False),
        ("- choose: a\n  options:\n" + options(4, "a" * 25), True),
    ],
)
def test_texts_and_labels_over_a_channel_s_limit_are_told(house: House, step: str, is_told: bool) -> None:
    house.flow(step, "- end: true")
    assert any("fit" in message for _, message in house.told()) is is_told


def test_limits_hold_in_every_language(house: House) -> None:
    house.flow("- choose: Sure?", "  options:", "  - {label: 'Yes', value: yes, go: end}")
    house.translate(
        entry("Yes", "Sí, por supuesto que sí"), entry("Sure?", "¿" + "s" * 1100 + "?"), entry("Help", "A" * 21)
    )
    found = [
        (line, message.split(" has ")[0]) for line, message in house.told("en", "es", of="flows") if "fit" in message
    ]
    assert found == [
        (1, f'the es label "{"A" * 21}"'),
        (6, "the es text"),
        (8, 'the es label "Sí, por supuesto que sí"'),
    ]


def test_more_than_two_sms_segments_are_a_note(house: House) -> None:
    house.flow("- say: " + "a" * 141, "- say: " + "a" * 140, "- end: true")
    found = house.problems(segments=True)
    assert [(problem.line, problem.is_note) for problem in found] == [(6, True)]
    assert "3 SMS segments" in found[0].message


def test_length_is_counted_in_utf_16_units() -> None:
    assert [units(text) for text in ("abc", "नमस्ते", "😀")] == [3, 6, 2]


# --- discretion ---------------------------------------------------------------------------------------------------

DISCREET = TITLE + "discreet: true\n"


def test_a_discreet_flow_shows_no_sensitive_word_in_a_first_line_before_it_was_answered(house: House) -> None:
    house.flow(
        "- say: I can help with your wages.",
        "- ask: Is it safe to write about your Passport now?",
        "  save: safe",
        "- say: How much pay is missing?",
        "- end: true",
        head=DISCREET,
    )
    assert house.told() == [
        (7, 'the en text says "wages" in its first line, and somebody may look on'),
        (8, 'the en text says "passport" in its first line, and somebody may look on'),
    ]


def test_below_the_first_line_and_in_other_flows_words_are_free(house: House) -> None:
    lines = [
        "- say: |",
        "    I read you.",
        "    We can talk about wages.",
        "- say: Be patient, the papaya is ripe.",
        "- end: true",
    ]
    house.flow(*lines, head=DISCREET)
    house.flow("- say: Your wages.", "- end: true", name="y")
    assert house.told() == []


def test_discretion_holds_in_translations(house: House) -> None:
    house.flow("- say: I read your message.", "- end: true", head=DISCREET)
    house.translate(entry("I read your message.", "Leí sobre su salario."))
    assert (7, 'the es text says "salario" in its first line, and somebody may look on') in house.told("en", "es")


# --- what is generated --------------------------------------------------------------------------------------------


def test_the_template_holds_every_text_once_with_its_places_and_what_it_is(house: House) -> None:
    house.flow("- say: Go up.", "- choose: Go up.", "  options:", "  - {label: 'Yes', value: yes, go: end}")
    house.flow(DAYS.replace("days}", "n}"), "- end: true", name="y")
    first = extract(house.root, ["I could not open the file."]).read_bytes()
    text = first.decode()
    assert text.count('msgid "Go up."') == 1
    assert "#: flows/x.yml:6 flows/x.yml:7\n" in text
    assert '#. a button: at most 20 characters\n#: flows/x.yml:9\nmsgid "Yes"' in text
    assert 'msgid_plural "{n} days are left."' in text
    assert 'msgid "I could not open the file."' in text
    assert 'msgid "Help"' in text
    assert extract(house.root, ["I could not open the file."]).read_bytes() == first


def test_every_flow_is_drawn_into_a_file_of_its_own(house: House, tmp_path: Path) -> None:
    house.flow("- say: Go up.", "- end: true")
    house.flow("- end: true", name="y")
    drawn = draw_flows(house.root, tmp_path / "drawings")
    assert [path.name for path in drawn] == ["x.mmd", "y.mmd"]
    assert "Go up." in drawn[0].read_text("utf-8")


def test_nothing_is_generated_from_flows_that_cannot_be_read(house: House, tmp_path: Path) -> None:
    house.flow("- sya: x")
    for generate in (lambda: extract(house.root), lambda: draw_flows(house.root, tmp_path / "drawings")):
        with pytest.raises(ConfigurationError, match=r"x\.yml:6"):
            generate()


def test_a_schema_that_is_not_the_format_s_any_more_is_told(house: House) -> None:
    house.write("flows/schema.json", "{}")
    assert [problem.file for problem in outdated(house.root)] == ["flows/schema.json"]
    house.write("flows/schema.json", schema_text())
    assert list(outdated(house.root)) == []


def test_the_flows_of_the_house_have_no_problems_of_their_own() -> None:
    from bot.engine.loader import read_flows

    root = Path(checking.__file__).parents[2]
    _, problems = read_flows(root / "flows")
    assert [str(problem) for problem in problems] == []


def test_given_variables_are_known_to_every_flow(house: House) -> None:
    house.flow("- say: '{organisation} {emergency_number} {hotline}'", "- end: true")
    assert house.told() == []


def test_problems_are_written_as_editors_follow_them() -> None:
    assert str(Problem(file="flows/x.yml", line=3, message="wrong")) == "flows/x.yml:3: wrong"
    assert str(Problem(file="flows/x.yml", line=3, message="odd", is_note=True)) == "flows/x.yml:3: note: odd"


# --- what pages show --------------------------------------------------------------------------------------------------


def pages_house(root: Path, **catalogs: str) -> tuple[Path, Catalogs]:
    """A folder with one page family and catalogs of the console."""
    families = root / "bot" / "console"
    (families / "templates").mkdir(parents=True)
    (families / "people.py").write_text(
        '_("People")\nN_("Left")\n_.plural("{n} person", "{n} people", 2)\n_(f"{1}")\nprint("no text")\n', "utf-8"
    )
    (families / "templates" / "people.html").write_text(
        '{% extends "x" %}<h1>{{ _("People") }}</h1>{{ ngettext("{n} site", "{n} sites", n) }}{# _("no") #}', "utf-8"
    )
    for language, body in catalogs.items():
        folder = root / "locales" / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        head = 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
        (folder / "console.po").write_text(head + body, "utf-8")
    return root, Catalogs.load(root / "locales", ("en", *catalogs))


def test_the_texts_of_pages_are_found_in_code_and_templates(tmp_path: Path) -> None:
    root, _ = pages_house(tmp_path)
    found = {used.msgid: (used.plural, [file for file, _ in used.places]) for used in pages.texts(root, {})}
    assert found == {
        "People": (None, ["bot/console/people.py", "bot/console/templates/people.html"]),
        "Left": (None, ["bot/console/people.py"]),
        "{n} person": ("{n} people", ["bot/console/people.py"]),
        "{n} site": ("{n} sites", ["bot/console/templates/people.html"]),
    }


def test_a_page_without_its_translation_is_told_in_the_consoles_languages_only(tmp_path: Path) -> None:
    entry = 'msgid "{}"\nmsgstr "{}"\n\n'
    root, catalogs = pages_house(tmp_path, es=entry.format("People", "Personas {n}"), ne=entry.format("Old", "x"))
    told = [str(problem) for problem in pages.problems(root, {"bot/web/chat.py": ["Send"], "x.py": ["Wait"]}, catalogs)]
    assert sorted(line.partition(": ")[2] for line in told) == [
        'no translation in es: "Left"',
        'no translation in es: "Send"',
        'no translation in es: "Wait"',
        'no translation in es: "{n} person"',
        'no translation in es: "{n} site"',
        'no translation in ne: "Send"',
        'the translation names {n}, which the source does not: "Personas {n}"',
    ]


def test_the_template_of_the_pages_texts_is_the_same_each_time(tmp_path: Path) -> None:
    root, _ = pages_house(tmp_path, es="")
    shown = {"bot/web/chat.py": ["Send"]}
    first = extract_pages(root, shown).read_text("utf-8")
    assert 'msgid "{n} person"\nmsgid_plural "{n} people"' in first
    assert "#: bot/web/chat.py\n" in first
    assert extract_pages(root, shown).read_text("utf-8") == first
