"""Proves what free words say to "Are you safe?": a false "safe" is the one answer that must never be read into them."""

from dataclasses import replace

import pytest

from bot.domain.message import Understanding
from bot.domain.session import SessionStatus
from bot.engine.effects import Answered, Call
from bot.engine.flow import Choose, Say
from bot.engine.interpreter import advance
from bot.services import framing
from tests.flows.runner import LANGUAGES, Dialogue, Play, catalogs, flows

SAFE = """
1
yes | we are all safe | i'm ok | Im fine thanks | not hurt | I don't need help
sí | estoy bien gracias | todos a salvo | A SALVO
सुरक्षित छु | म ठीक छु | हामी सुरक्षित छौँ | thik chu | malai kehi bhayeko chaina | ho
أنا بخير | الحمد لله | نحن بخير والحمد لله | ana bkhair | ana kwayes el7amdulillah | نعم
ok ako | ligtas ako po | saya selamat | main theek hoon | ami thik achi | मैं ठीक हूँ | আমি ভালো আছি | میں ٹھیک ہوں
"""
HELP = """
2
no | not safe | we are not safe | i am not safe here | help | yes i need help | help us please | I am in danger
trapped | no estoy a salvo | no estamos bien | necesito ayuda | auxilio | atrapados
सुरक्षित छैन | छैन | मद्दत चाहियो | malai udhar chahiyo | surakshit chaina hami | thik chaina
لست بخير | مش بخير | ساعدونا | نحتاج مساعدة | mish bkhair | ana fi khatar | لا
help? | ayuda? | مساعدة؟
tulong | hindi ako ligtas | tolong | saya tidak selamat | madad | main theek nahi hoon | bachao | sahajjo | ami thik nei
मुझे मदद चाहिए | সাহায্য চাই | مدد چاہیے
"""
NEVER_SAFE = """
i am ok but my friend is hurt | we are safe but water is coming in | im fine but bleeding | all ok except ram
is it safe | are we safe | am i safe | where is a safe place | is it safe outside | ok where to go | not really safe
i am sad | i am | we are | problem | not ok | nobody is safe | almost safe | ok water coming | safe? no
estoy bien pero mi hermano no | donde es seguro | ya me voy | mas o menos bien | seguro medico | no todo bien
thik chu tara sathi ghaite cha | सुरक्षित ठाउँ कहाँ छ | pani ma chu | hajur pani badhyo | म अस्पतालमा छु | khatarama chu
أنا بخير لكن أخي مصاب | مكان آمن وين | ana bkhair lakin akhi mosab | هل أنتم بخير | اسمي زين | ma fi aman
ok ako pero nasugatan ang kapatid ko | hindi talaga ligtas | selamat pagi | saya selamat tapi luka | tidak
main theek hoon lekin bhai ghayal hai | haan pani aa gaya | ami thik achi kintu amar bhai ahoto | nirapod jayga
आमा ठीक हुनुहुन्न | 1 hurt | 2 people
yes? | safe? | i am safe? | ok? | ¿estoy a salvo? | estoy bien? | ठीक छु? | ana bkhair? | أنا بخير؟ | نعم؟ | ok ako? | 1?
"""

MISUNDERSTOOD = """
i am not feeling safe at all in this place | i dont think we are safe here | i was safe but now not anymore
not everyone here is safe | all ok except ram | no me siento a salvo en este lugar para nada
todavia no estamos seguros aqui en la fabrica | nadie esta bien en el galpon | hamro ghar ma kohi pani surakshit chaina
म सुरक्षित छु जस्तो लाग्दैन यहाँ | مش حاسس بالأمان هنا خالص | نحن لسنا في مكان آمن حتى الآن | saya selamat tapi luka
"""


def said(table: str) -> list[str]:
    return [text.strip() for line in table.strip().splitlines() for text in line.split("|")]


def read(text: str, language: str, meaning: str | None = None, step: str = "asked") -> str | None:
    """What is recorded of the text and what it is surely understood to mean; None when it is asked after."""
    play = Play(Dialogue(flow="check_in", about="", language=language, known={}, steps=()), flows(), catalogs())
    waiting = replace(play.session, step=step, status=SessionStatus.WAITING)
    understanding = Understanding(ranking=((meaning, 1.0),) if meaning else ())
    effects = advance(flows(), waiting, Answered(text=text, understanding=understanding), play.setting).effects
    recorded = [effect.arguments["safety"] for effect in effects if isinstance(effect, Call)]
    return str(recorded[0]) if recorded else None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", said(SAFE))
def test_whoever_says_so_is_safe_in_whatever_language_we_know_them_by(text: str, language: str) -> None:
    assert read(text, language) == "safe"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", said(HELP))
def test_a_call_for_help_is_heard_in_whatever_language_we_know_them_by(text: str, language: str) -> None:
    assert read(text, language) == "help"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", said(NEVER_SAFE))
def test_a_doubt_a_question_or_a_harm_is_never_taken_as_safe(text: str, language: str) -> None:
    assert read(text, language) != "safe"


@pytest.mark.parametrize("text", said(NEVER_SAFE) + said(MISUNDERSTOOD))
@pytest.mark.parametrize("meaning", ["report_safe", "affirm"])
@pytest.mark.parametrize("step", ["asked", "sure", "yourself"])
def test_what_is_only_understood_as_safe_is_asked_after(text: str, meaning: str, step: str) -> None:
    """The trained model is sure (0.9 and above) that most of these say safe: a denial weighs little with it."""
    assert read(text, "en", meaning, step) != "safe"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_flow_asks_in_the_words_of_the_alert(language: str) -> None:
    """Whoever answers an alert answers this question: the two must not drift apart."""
    asked = flows()["check_in"].find("asked")
    assert isinstance(asked, Choose)
    flow_says = [asked.wording.text.msgid, *(option.label for option in asked.options)]
    assert flow_says[:3] == [framing.QUESTION, framing.SAFE, framing.HELP]
    for msgid in flow_says[:3]:
        assert catalogs().text(msgid, language) == catalogs().text(msgid, language, domain="bot")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_for_a_changed_answer_are_the_label_that_says_help(language: str) -> None:
    told = flows()["check_in"].find("noted_shortly")
    assert isinstance(told, Say)
    label = catalogs().text(framing.HELP, language)
    assert f'"{label}"' in catalogs().text(told.wording.text.msgid, language)
    assert read(label, language) == "help"
