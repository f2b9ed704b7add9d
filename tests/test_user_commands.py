"""The commands for accounts, as an administrator types them."""

import io
import re
from pathlib import Path
from typing import Any

import pytest

from bot import __main__ as commands
from bot import administration

PASSWORD = "lamp-river-onion-seven"
ADD = ("user", "add", "--login", "Ana@x.example", "--name", "Ana", "--role", "author")


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MUSTER_HOME", str(tmp_path))


def muster(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, *arguments: str, typed: str = PASSWORD
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
    code = commands.main(["--log-level", "ERROR", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_first_account_makes_its_employer_and_shows_its_second_factor(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    employer = ("--employer", "farm", "--employer-name", "Boa Terra", "--password-stdin")
    code, out, err = muster(monkeypatch, capsys, *ADD, *employer)
    assert (code, err) == (0, "")
    assert "ana@x.example can sign in" in out
    assert re.search(r"otpauth://totp/Muster:ana%40x.example\?secret=[A-Z2-7]{32}&issuer=Muster", out)
    assert PASSWORD not in out
    code, _, err = muster(monkeypatch, capsys, *ADD, *employer)
    assert (code, err) == (1, "This login is taken. Choose another.\n")


@pytest.mark.parametrize(
    ("more", "typed", "problem"),
    [
        (("--employer", "farm"), PASSWORD, "There is no employer 'farm'"),
        ((), PASSWORD, "Authors and approvers work for an employer: say which."),
        (("--employer", "farm", "--employer-name", "F"), "short", "A password has 12 to 256 characters"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, more: tuple[str, ...], typed: str, problem: str
) -> None:
    code, out, err = muster(monkeypatch, capsys, *ADD, *more, "--password-stdin", typed=typed)
    assert code == 1
    assert err.startswith(problem)
    assert "otpauth" not in out


def test_a_password_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    answers = iter([PASSWORD, f"{PASSWORD}!"])
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))
    code, _, err = muster(monkeypatch, capsys, *ADD, "--employer", "farm", "--employer-name", "F")
    assert (code, err) == (1, "The two passwords differ: nothing was done.\n")


def test_an_account_can_begin_anew_and_end(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    new = ("user", "add", "--login", "op", "--name", "Op", "--role", "operator", "--enrol-later", "--password-stdin")
    code, out, _ = muster(monkeypatch, capsys, *new)
    assert (code, "otpauth" in out) == (0, False)
    assert muster(monkeypatch, capsys, "user", "renew", "--login", "op", "--password-stdin")[0] == 0
    assert muster(monkeypatch, capsys, "user", "disable", "--login", "OP")[0] == 0
    code, _, err = muster(monkeypatch, capsys, "user", "disable", "--login", "nobody")
    assert (code, err) == (1, "There is no such account.\n")


def test_the_qr_code_can_be_scanned_from_the_terminal(capsys: Any) -> None:
    administration._print_second_factor("otpauth://totp/x?secret=A")
    assert capsys.readouterr().out.count("█") > 100
