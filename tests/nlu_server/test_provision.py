"""Finding a Python 3.10 and telling when a model is out of date: no process is started here."""

from pathlib import Path

import pytest

from bot.nlu.provision import NoPython, Provision, candidates, find_python, real_python


def executable(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return str(path)


def test_path_comes_before_pyenv_and_newer_before_older(tmp_path: Path) -> None:
    pyenv = tmp_path / "pyenv"
    first, second = executable(tmp_path / "a" / "python3.10"), executable(tmp_path / "b" / "python3.10")
    old = executable(pyenv / "versions" / "3.10.9" / "bin" / "python")
    new = executable(pyenv / "versions" / "3.10.13" / "bin" / "python")
    executable(pyenv / "versions" / "3.11.7" / "bin" / "python")
    environment = {"PATH": f"{tmp_path / 'a'}:{tmp_path / 'none'}:{tmp_path / 'b'}", "PYENV_ROOT": str(pyenv)}
    assert list(candidates(environment, tmp_path)) == [first, second, new, old]


def test_pyenv_is_looked_for_at_home_when_no_variable_says_where(tmp_path: Path) -> None:
    python = executable(tmp_path / ".pyenv" / "versions" / "3.10.2" / "bin" / "python")
    assert list(candidates({}, tmp_path)) == [python]


def test_a_shim_that_does_not_run_is_passed_over() -> None:
    real = Path("/opt/python3.10")
    probed: list[str] = []

    def probe(candidate: str) -> Path | None:
        probed.append(candidate)
        return real if candidate == "good" else None

    def download() -> Path | None:
        raise AssertionError("nothing needs downloading")

    assert find_python(["shim", "good", "later"], probe=probe, download=download) == real
    assert probed == ["shim", "good"]


def test_uv_downloads_one_when_none_is_there() -> None:
    downloaded = Path("/uv/python3.10")
    assert find_python(["shim"], probe=lambda _: None, download=lambda: downloaded) == downloaded


def test_one_sentence_says_what_to_install_when_none_can_be_had() -> None:
    with pytest.raises(NoPython, match=r"^The NLU server needs Python 3\.10: install it .+\.$"):
        find_python([], probe=lambda _: None, download=lambda: None)


def test_a_python_of_another_version_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    import sys

    assert real_python(sys.executable) is None  # the application's own, newer
    assert real_python(executable(tmp_path / "python3.10")) is None
    assert real_python(str(tmp_path / "nothing")) is None


def a_checkout(folder: Path) -> Provision:
    for name, content in {
        "config.yml": "pipeline:\n  - name: a\nbot:\n  host: 1\n",
        "nlu_data/en.yml": "nlu: []\n",
        "nlu_data/eval/en.yml": "nlu: []\n",
        "nlu_data/requirements.txt": "rasa\n",
        "nlu_data/lookups/ne.txt": "x\n",
        "bot/nlu/server/parser.py": "1\n",
        "bot/engine/extract/money.py": "1\n",
        "bot/engine/flow.py": "1\n",
    }.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return Provision(checkout=folder, folder=folder / ".nlu", config=folder / "config.yml", uv="uv", say=print)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.yml", "pipeline:\n  - name: b\nbot:\n  host: 1\n"),
        ("nlu_data/en.yml", "nlu: [1]\n"),
        ("nlu_data/es.yml", "nlu: []\n"),
        ("nlu_data/requirements.txt", "rasa newer\n"),
        ("nlu_data/lookups/ar.txt", "x\n"),
        ("bot/nlu/server/parser.py", "2\n"),
        ("bot/engine/extract/money.py", "2\n"),
    ],
)
def test_whatever_shapes_the_model_asks_for_a_new_one(tmp_path: Path, name: str, content: str) -> None:
    checkout = a_checkout(tmp_path)
    before = checkout.model
    (tmp_path / name).write_text(content)
    assert checkout.model != before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.yml", "# a comment\npipeline:\n  - name: a\nbot:\n  host: 2\n  more: 3\n"),
        ("nlu_data/eval/en.yml", "nlu: [1]\n"),
        ("bot/engine/flow.py", "2\n"),
        ("README.md", "2\n"),
    ],
)
def test_whatever_else_changes_keeps_the_model(tmp_path: Path, name: str, content: str) -> None:
    checkout = a_checkout(tmp_path)
    before = checkout.model
    (tmp_path / name).write_text(content)
    assert checkout.model == before


def test_evaluation_files_are_never_trained_on(tmp_path: Path) -> None:
    assert [file.relative_to(tmp_path) for file in a_checkout(tmp_path).training_files()] == [Path("nlu_data/en.yml")]
