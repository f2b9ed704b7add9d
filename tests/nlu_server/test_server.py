"""The server's HTTP: the same answers as Rasa, one by one or many at once, and a clear error for all else."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.nlu.provision import Provision
from tests.nlu_server.running import Reply, RunningServer, environment, server_command

TEXTS = [
    "we are trapped on the roof and the water is rising",
    "hello",
    "thanks",
    "my boss took my passport",
    "no",
    "they have not paid me for 3 months, 4500 QAR",
    "I want to talk to a person",
    "what is this",
    "STOP",
    "necesito un médico ya",
    "se quemó mi pasaporte",
    "¿está abierta la frontera?",
    "quiero volver a Honduras",
    "gracias",
    "आगो लाग्यो",
    "मलाई तीन महिनादेखि तलब दिएको छैन",
    "राहदानी हरायो",
    "paisa pauna sakena 3 mahina",
    "ghar jana man cha",
    "أنا محاصر تحت الأنقاض",
    "صاحب العمل أخذ جوازي",
    "ana fi khatar",
    "3ayez arga3 masr",
    "el kafeel a5ad gawazi",
    "",
    " ",
    "🆘",
    "12",
    "ភ្លើងឆេះ",
    "我们被困住了",
    "ช่วยด้วย",
    "မီးလောင်နေတယ်",
    "/greet",
    "a" * 3000,
    "\u0000",
    "line\nbreak",
]

ASK_RASA = """
import asyncio, json, sys
from rasa.core.agent import Agent
agent = Agent.load(sys.argv[1])
async def all(): return [await agent.parse_message(text) for text in json.loads(sys.argv[2])]
print(json.dumps(asyncio.run(all())))
"""

POISON = """
import json, sys
from pathlib import Path
from bot.nlu.server.parser import Parser, load_processor
processor = load_processor(Path(sys.argv[1]))
runner = processor.graph_runner
class Poisoned:
    def run(self, inputs, targets):
        if any(message.text == "poison" for message in inputs["__message__"]):
            raise RuntimeError("a component broke")
        return runner.run(inputs=inputs, targets=targets)
processor.graph_runner = Poisoned()
results = Parser(processor).parse(["hello", "poison", "thanks", "fire", "poison"])
print(json.dumps(["error" if isinstance(r, Exception) else r["text"] for r in results]))
"""


def assert_alike(some: list[Any], others: list[Any]) -> None:
    """The same answers, but for the last bits of sums: confidences within 0.0001, the order of equals left open."""
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        for key in ("text", "entities", "text_tokens"):
            assert json.dumps(one.get(key)) == json.dumps(other.get(key))
        assert one["intent"]["name"] == other["intent"]["name"], one["text"]
        assert one["intent"]["confidence"] == pytest.approx(other["intent"]["confidence"], abs=1e-4)
        assert one.keys() == other.keys()
        mine, theirs = ({each["name"]: each["confidence"] for each in a["intent_ranking"][:5]} for a in (one, other))
        assert mine == pytest.approx(theirs, abs=1e-4), one["text"]


@pytest.fixture(scope="module")
def small_server(
    provision: Provision, model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A second server, that has seen no text yet, with a queue of four and a log to look into."""
    log = tmp_path_factory.mktemp("nlu") / "log"
    with RunningServer.started(provision.python, model, "--capacity", "4", log=log) as running:
        yield running


def test_a_batch_gets_the_answers_that_its_texts_get_alone(server: RunningServer, small_server: RunningServer) -> None:
    # Two servers: neither may answer from what it remembers of the other way.
    alone = [small_server.post("/model/parse", {"text": text}).body for text in TEXTS]
    assert_alike(server.post("/model/parse/batch", {"texts": TEXTS}).body, alone)


def test_answers_are_those_of_rasas_own_agent(
    server: RunningServer, model: Path, python310: Callable[..., Any]
) -> None:
    told = [text for text in TEXTS if "\0" not in text]  # a command line cannot carry a NUL
    theirs = python310(ASK_RASA, str(model), json.dumps(told))
    ours = server.post("/model/parse/batch", {"texts": told}).body
    assert_alike(ours, theirs)


def test_an_answer_has_rasas_format_and_our_entities(server: RunningServer) -> None:
    answer = server.post("/model/parse", {"text": "They owe me 4500 QAR for 3 months"}).body
    assert answer["intent"]["name"] == "unpaid_wages"
    assert answer["intent_ranking"][0] == answer["intent"]
    assert sum(each["confidence"] for each in answer["intent_ranking"]) <= 1.0001
    found = {entity["entity"]: entity for entity in answer["entities"]}
    assert found["amount"]["currency"] == "QAR"
    assert found["period"] | {"value": "P3M", "start": 25, "end": 33} == found["period"]


def test_health_names_the_model(server: RunningServer, model: Path) -> None:
    reply = server.get("/health")
    assert (reply.status, reply.body) == (200, {"ready": True, "model": model.name.removesuffix(".tar.gz")})


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/model/parse", b"", 400),
        ("/model/parse", b"{", 400),
        ("/model/parse", b"\xff\xfe", 400),
        ("/model/parse", b"[" * 100_000, 400),
        ("/model/parse", [], 400),
        ("/model/parse", "text", 400),
        ("/model/parse", None, 400),
        ("/model/parse", {}, 400),
        ("/model/parse", {"text": None}, 400),
        ("/model/parse", {"text": 7}, 400),
        ("/model/parse", {"text": ["hello"]}, 400),
        ("/model/parse", {"text": "a" * 8_001}, 400),
        ("/model/parse", b'{"text": "' + b"a" * 5_000_000 + b'"}', 413),
        ("/model/parse/batch", {}, 400),
        ("/model/parse/batch", {"texts": "hello"}, 400),
        ("/model/parse/batch", {"texts": []}, 400),
        ("/model/parse/batch", {"texts": ["a"] * 257}, 400),
        ("/model/elsewhere", {"text": "hello"}, 404),
    ],
)
def test_bad_input_gets_a_clear_error_that_does_not_quote_it(
    server: RunningServer, path: str, body: Any, status: int
) -> None:
    reply = server.post(path, body)
    assert reply.status == status
    assert list(reply.body) == ["error"]
    assert 0 < len(reply.body["error"]) < 100


def test_the_wrong_method_is_told_so(server: RunningServer) -> None:
    assert server.get("/model/parse").status == 405


def test_a_bad_text_spoils_only_its_own_place_in_a_batch(server: RunningServer) -> None:
    good, number, long, last = server.post("/model/parse/batch", {"texts": ["hello", 7, "a" * 9_000, "fire"]}).body
    assert (good["text"], last["text"]) == ("hello", "fire")
    assert list(number) == list(long) == ["error"]


def test_half_a_character_is_answered_not_a_crash(server: RunningServer) -> None:
    broken, fine = server.post("/model/parse/batch", b'{"texts": ["\\ud800 help", "hello"]}').body
    assert fine["text"] == "hello"
    assert "error" in broken or broken["intent"]["name"]


def test_a_message_that_breaks_a_component_gets_its_own_error(model: Path, python310: Callable[..., Any]) -> None:
    assert python310(POISON, str(model)) == ["hello", "error", "thanks", "fire", "error"]


def test_more_texts_than_the_queue_holds_are_refused_with_a_time_to_retry(small_server: RunningServer) -> None:
    refused = small_server.post("/model/parse/batch", {"texts": ["hello"] * 5})
    taken = small_server.post("/model/parse/batch", {"texts": ["hello"] * 4})
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert (taken.status, len(taken.body)) == (200, 4)


def test_many_clients_at_once_get_each_their_own_answer(server: RunningServer) -> None:
    replies: dict[int, Reply] = {}

    def ask(number: int) -> None:
        replies[number] = server.post("/model/parse", {"text": f"I am number {number}"})

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: reply.body["text"] for number, reply in replies.items()} == {
        n: f"I am number {n}" for n in range(24)
    }


def test_no_message_text_reaches_the_log(small_server: RunningServer) -> None:
    small_server.post("/model/parse", {"text": "zanzibar secret"})
    small_server.post("/model/parse", b'{"text": "\\ud800 zanzibar"}')
    small_server.post("/model/parse", b'{"text": zanzibar}')
    assert small_server.log is not None
    assert "zanzibar" not in small_server.log.read_text()


def test_a_missing_model_is_one_sentence_and_not_another_model(provision: Provision, model: Path) -> None:
    missing = model.with_name("no-such-model.tar.gz")
    command = server_command(provision.python, missing)
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == "There is no model file no-such-model.tar.gz."


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's parent-death signal is Linux's")
def test_the_server_dies_with_its_parent_when_asked(provision: Provision, model: Path) -> None:
    parent = (
        "import subprocess, sys\n"
        "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=sys.stdout, text=True)\n"
        "assert child.stdout.readline().startswith('ready')\n"
    )
    command = [sys.executable, "-c", parent, *server_command(provision.python, model, "--die-with-parent")]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        # The server holds the other end of this pipe: reading to its end means that it has gone too.
        process.stdout.read()
        assert process.wait(timeout=30) == 0
