"""Proves what holds for the interpreter whatever comes: it never breaks, and refuses what cannot go on."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.message import Entity, Understanding
from bot.domain.session import Return, Session, SessionStatus
from bot.domain.values import Evidence, Money, Position
from bot.engine.effects import Answered, Begun, Call, Called, Event, Fit, GivenBack, Lapsed, Say
from bot.engine.extract import Amount
from bot.engine.flow import EngineError, Flow
from bot.engine.interpreter import MAX_RETURNS, MAX_STEPS, advance, fit, question, value_of
from bot.engine.loader import load_flows
from tests.engine.scene import flows_of, read_table, session, setting, steps

CASES = Path(__file__).parent / "cases"
FLOWS = Path(__file__).parents[2] / "flows"
CLAIM = flows_of(*read_table(CASES / "ask.yml")["flows"], *read_table(CASES / "choose.yml")["flows"])
WAITING = [
    (flow.name, step.id) for flow in CLAIM.values() for step in flow.steps if type(step).__name__ in ("Ask", "Choose")
]

TYPED = ["Yes", "no", "Skip", "لا أعرف", "24 March", "dos mil", "1", "٢", "nepali", "+977 9841234567", "🆘"]
TAPPED = ["claim:note:skip", "safe_talk:sure:yes", "::", "a:b:c:d"]
EVIDENCE = st.builds(Evidence, document_id=st.text(max_size=3), kind=st.sampled_from(["photo", "sticker", ""]))
ENTITIES = st.builds(
    Entity,
    kind=st.sampled_from(["country", "amount", "number", "place"]),
    value=st.one_of(st.none(), st.text(max_size=3), st.integers()),
)
RANKING = st.lists(st.tuples(st.sampled_from(["affirm", "deny", "x"]), st.floats(0, 1)), max_size=2)
ANSWERS = st.builds(
    Answered,
    text=st.one_of(st.text(max_size=80), st.text("0123456789०१२٣٤٥.,-/+ $€", max_size=20), st.sampled_from(TYPED)),
    choice=st.one_of(st.none(), st.text(max_size=20), st.sampled_from(TAPPED)),
    position=st.one_of(st.none(), st.builds(Position, latitude=st.floats(), longitude=st.floats())),
    evidence=st.lists(EVIDENCE, max_size=3).map(tuple),
    phone=st.one_of(st.none(), st.text(max_size=15)),
    understanding=st.builds(
        Understanding, ranking=RANKING.map(tuple), entities=st.lists(ENTITIES, max_size=2).map(tuple)
    ),
)


@given(st.sampled_from(WAITING), ANSWERS, st.sampled_from(["en", "es", "ne", "ar", "xx", "pt-BR"]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_answer_breaks_a_sound_flow_and_none_is_met_with_silence(
    at: tuple[str, str], answered: Answered, language: str
) -> None:
    waiting = session(*at)
    here = setting(language=language)
    how_well = fit(CLAIM, waiting, answered, here)
    after = advance(CLAIM, waiting, answered, here)
    if how_well is Fit.NONE:
        assert after.session.tries == 1
        assert after.session.answers == {}
    if after.session.status is SessionStatus.WAITING:
        assert isinstance(after.effects[-1], Say)
        assert after.session.waits_until is not None
    else:
        assert after.session.status is SessionStatus.ENDED
        assert after.session.waits_until is None


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_flows_of_the_house_go_on_whatever_happens(data: st.DataObject) -> None:
    flows, here = _house(), setting()
    now = advance(flows, session(data.draw(st.sampled_from(sorted(flows)))), Begun(), here)
    for _ in range(8):
        if now.session.status is SessionStatus.ENDED:
            break
        event: Event
        if now.session.status is SessionStatus.RUNNING:
            call = now.effects[-1]
            assert isinstance(call, Call)
            named = getattr(flows[now.session.flow].step(now.session.step), "outcomes", {})
            event = Called(outcome=data.draw(st.sampled_from(sorted(named) or ["done"])))
        else:
            event = data.draw(st.one_of(ANSWERS, st.just(GivenBack()), st.just(Lapsed())))
        now = advance(flows, now.session, event, here)


@lru_cache(maxsize=1)
def _house() -> Mapping[str, Flow]:
    return load_flows(FLOWS)


# --- what cannot go on --------------------------------------------------------------------------------------------

SOUND = flows_of(
    steps(
        "- id: who",
        "  ask: Who?",
        "  save: who",
        "- id: find",
        "  call: find",
        "  outcomes: {found: end}",
        name="sound",
    ),
    steps("- ask: Who?", "  save: who", "- end: true", name="changed").replace("version: 1", "version: 2"),
    steps("- id: who", "  ask: Who?", "  save: who", "- end: true", name="renewed").replace("version: 1", "version: 2"),
    steps("- id: a", "  say: a", "- go: a", name="ring"),
    steps("- run: itself", "- end: true", name="itself"),
)


@pytest.mark.parametrize(
    ("where", "event", "says"),
    [
        (session("gone"), Begun(), "there is no flow 'gone'"),
        (session("gone", "who"), Answered(text="x"), "there is no flow 'gone'"),
        (session("sound", "lost"), Answered(text="x"), "no step 'lost'"),
        (session("sound", "lost"), GivenBack(), "no step 'lost'"),
        (session("sound", "find"), Answered(text="x"), "waits for no answer"),
        (session("sound", "who", status=SessionStatus.ENDED), Answered(text="x"), "waits for no answer"),
        (session("sound", "who"), Called(outcome="done"), "runs no action"),
        (session("sound", "find"), Called(outcome="failed"), "does not say what follows 'failed'"),
        (session("sound", "find"), Called(outcome="none"), "does not say what follows 'none'"),
        (session("changed", "#1"), Answered(text="x"), "has a new version"),
        (session("ring"), Begun(), "runs in circles"),
        (session("itself"), Begun(), "runs in circles"),
        (
            session("renewed", "who", returns=(Return(flow="gone", step="x"),)),
            Answered(text="x"),
            "there is no flow 'gone'",
        ),
        (session("renewed", "who", returns=(Return(flow="sound", step="x"),)), Answered(text="x"), "no step 'x'"),
        (
            session("renewed", "who", returns=(Return(flow="sound", step="who"),)),
            Answered(text="x"),
            "runs no sub-flow",
        ),
    ],
)
def test_a_session_that_cannot_go_on_is_refused_so_that_the_host_falls_back(
    where: Session, event: Event, says: str
) -> None:
    """R22: the host turns this into the fallback text and a case."""
    with pytest.raises(EngineError, match=says):
        advance(SOUND, where, event, setting())


def test_a_step_with_an_id_of_its_own_outlives_a_new_version_of_its_flow() -> None:
    after = advance(SOUND, session("renewed", "who"), Answered(text="x"), setting())
    assert after.session.answers == {"who": "x"}


def test_the_guards_let_long_flows_through() -> None:
    long = flows_of(steps(*["- say: a"] * (MAX_STEPS - 2), "- end: true"))
    assert len(advance(long, session("sample"), Begun(), setting()).effects) == MAX_STEPS - 2
    nested = flows_of(
        *(steps(f"- run: f{depth + 1}", "- end: true", name=f"f{depth}") for depth in range(MAX_RETURNS)),
        steps("- say: deep", "- end: true", name=f"f{MAX_RETURNS}"),
    )
    assert len(advance(nested, session("f0"), Begun(), setting()).effects) == 1


# --- questions ----------------------------------------------------------------------------------------------------


def test_the_question_waited_at_can_be_said_again_as_it_was_asked() -> None:
    asked = advance(CLAIM, session("safe_talk"), Begun(), setting())
    assert question(CLAIM, asked.session, setting()) == asked.effects[-1]
    with pytest.raises(EngineError):
        question(SOUND, session("sound", "find"), setting())


@pytest.mark.parametrize(
    ("at", "answered", "expected"),
    [
        (("claim", "employer"), Answered(text="Serra Azul"), Fit.LOOSE),
        (("claim", "months"), Answered(text="5"), Fit.EXACT),
        (("claim", "months"), Answered(text="about 5 months"), Fit.EXACT),
        (("claim", "months"), Answered(text="they have not paid us for 5 months and we are hungry"), Fit.LOOSE),
        (("claim", "months"), Answered(text="500"), Fit.NONE),
        (("claim", "months"), Answered(text="where is the embassy"), Fit.NONE),
        (("claim", "months"), Answered(text="5", choice="menu:main:danger"), Fit.NONE),
        (("claim", "place"), Answered(text="the gym"), Fit.LOOSE),
        (("claim", "place"), Answered(position=Position(latitude=0, longitude=0)), Fit.EXACT),
        (("claim", "photo"), Answered(text="skip"), Fit.EXACT),
        (("claim", "photo"), Answered(text="help"), Fit.NONE),
        (("safe_talk", "sure"), Answered(text="2"), Fit.EXACT),
        (("safe_talk", "sure"), Answered(text="5"), Fit.NONE),
        (("safe_talk", "sure"), Answered(text="the water is rising"), Fit.NONE),
        (("safe_talk", "sure"), Answered(text="not yes"), Fit.NONE),
    ],
)
def test_how_well_an_answer_fits_is_told_without_giving_it(
    at: tuple[str, str], answered: Answered, expected: Fit
) -> None:
    assert fit(CLAIM, session(*at), answered, setting()) is expected


def test_a_session_is_never_changed_in_place() -> None:
    before = session("claim", "employer", answers={"known": 1})
    advance(CLAIM, before, Answered(text="x"), setting())
    assert before.answers == {"known": 1}


def test_what_was_read_from_a_text_becomes_a_value_of_the_domain() -> None:
    assert value_of(Amount(value=Decimal(3), currency="QAR")) == Money(value=Decimal(3), currency="QAR")
    assert value_of(7) == 7
