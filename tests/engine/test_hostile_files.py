"""Proves that no file, however hostile, does more to the loader than be refused with a line."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.document import MAX_BYTES
from bot.engine.loader import read_flow
from tests.engine.scene import steps

HEAD = "flow: x\nversion: 1\nabout: x\n"
NOISE = random.Random(7).randbytes(2000)  # the same bytes in every run

HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "spaces": b"   \n\n   ",
    "null bytes": b"\x00" * 100,
    "noise": NOISE,
    "noise after a sound head": HEAD.encode() + NOISE,
    "latin-1": "flow: x\nabout: año\n".encode("latin-1"),
    "utf-16": (HEAD + "steps: [{end: true}]\n").encode("utf-16"),
    "half a character": b"flow: \xe0\xa4",
    "a lone surrogate": b"flow: \xed\xa0\x80",
    "a zip file": b"PK\x03\x04" + b"\x00" * 60,
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\x00" * 60,
    "an escape": b"flow: \x1b[31mx",
    "only a document mark": b"---\n",
    "only an end mark": b"...\n",
    "a directive": b"%YAML 9.9\n---\nflow: x\n",
    "an unknown directive": b"%TAG ! tag:x,2000:\n---\nflow: !y x\n",
    "larger than allowed": b"#" * (MAX_BYTES + 1),
    "many lines": b"a: b\n" * 40_000,
    "many values": b"a: [" + b"1," * 60_000 + b"]",
    "one long line": b"flow: " + b"x" * 200_000,
    "a long key": b"k" * 2000 + b": 1\n",
    "deep lists": b"[" * 100_000,
    "deep lists that close": b"a: " + b"[" * 5000 + b"]" * 5000,
    "deep mappings": b"{a: " * 20_000,
    "deep block lists": b"- " * 50_000,
    "deep indentation": "".join(f"{' ' * depth}a:\n" for depth in range(400)).encode(),
    "a billion laughs": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in range(ord("b"), ord("k"))),
    "an alias of itself": b"a: &a [*a]\n",
    "a merge key": b"base: &b {say: x}\nsteps:\n- <<: *b\n",
    "python objects": b"flow: !!python/object/apply:os.system ['true']\n",
    "a python name": b"flow: !!python/name:os.system\n",
    "binary": b"flow: !!binary aGVsbG8=\n",
    "a set": b"flow: !!set {a, b}\n",
    "a timestamp": b"flow: 2026-01-01\nversion: 2026-01-01\nabout: x\nsteps: 2026-01-01\n",
    "sexagesimal": b"flow: x\nversion: 1:30\nabout: 1:30\nsteps: 1:30\n",
    "numbers beyond all": b"flow: x\nversion: 1e999999999\nabout: x\nsteps: [{end: true}]\n",
    "a number of many digits": b"flow: x\nversion: " + b"9" * 100_000 + b"\nabout: x\nsteps: [{end: true}]\n",
    "not a number": b"flow: x\nversion: .nan\nabout: x\nsteps: [{end: true}]\n",
    "tabs": b"flow:\tx\n\tversion: 1\n",
    "keys that are mappings": b"{a: b}: c\n",
    "complex keys": b"? [flow]\n: x\n",
    "keys without values": b"flow\nversion\n",
    "the same key a thousand times": b"flow: x\n" * 1000,
    "an empty key": b"'': x\n: y\n",
    "values of null": b"flow: ~\nversion: ~\nabout: ~\nsteps: ~\n",
    "steps of null": HEAD.encode() + b"steps: [~, ~]\n",
    "steps of everything": HEAD.encode()
    + b"steps: [1, a, [], {}, true, ~, {say: {}}, {say: []}, {[a]: b}, {go: {}}]\n",
    "kinds of lists": HEAD.encode()
    + b"steps:\n- {ask: [], save: [], as: [], options: []}\n- {choose: {}, options: [1, {}, []]}\n",
    "a schema's own words": b"$ref: '#/x'\nflow: {$ref: '#'}\n",
    "a path as its name": b"flow: ../../etc/passwd\nversion: 1\nabout: x\nsteps: [{end: true}]\n",
    "a condition without end": HEAD.encode() + b"steps:\n- branch:\n  - {when: '" + b"(" * 400 + b"', go: end}\n",
    "a carriage return in a name": b"flow: \"x\\r\\ny\"\nversion: 1\nabout: x\nsteps: [{end: true}]\n",
    "an escape in quotes": HEAD.encode() + b'steps:\n- say: "\\ud800"\n- end: true\n',
}  # fmt: skip


def test_there_are_at_least_forty_of_them() -> None:
    assert len(HOSTILE) >= 40


@pytest.mark.timeout(10)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_a_line(name: str) -> None:
    flow, problems = read_flow(HOSTILE[name], "flows/x.yml")
    assert flow is None
    assert problems
    lines = HOSTILE[name].count(b"\n") + 2
    for problem in problems:
        assert 1 <= problem.line <= lines
        assert problem.message
        assert len(problem.message) < 600
        assert "\x1b" not in str(problem)
        assert "\x00" not in str(problem)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(source: bytes) -> None:
    flow, problems = read_flow(source, "flows/x.yml")
    assert flow is None
    assert problems


SOUND = steps(
    "- say: Hello {name}.",
    "- id: who",
    "  ask: Who?",
    "  save: who",
    "- choose: Which?",
    "  options:",
    '  - {label: "Yes", value: "yes", go: end}',
    "  - {label: No, value: no, go: who}",
    "- branch:",
    "  - {when: known(who), go: end}",
    "- call: find",
    '  with: {near: "{who}"}',
    "- end: true",
    name="x",
)


@given(st.integers(0, len(SOUND)), st.integers(0, 6), st.text("{}[]:-,#&*!|>'\"%@` \n\tab1", max_size=6))
def test_a_sound_file_with_a_slip_anywhere_is_read_or_refused_and_never_breaks(at: int, cut: int, slip: str) -> None:
    source = SOUND[:at] + slip + SOUND[at + cut :]
    flow, problems = read_flow(source.encode(), "flows/x.yml")
    assert (flow is None) is bool(problems)
