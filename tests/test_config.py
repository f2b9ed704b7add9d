"""Settings: every problem at once, each naming what to set; secrets never shown and never in a file."""

from pathlib import Path
from typing import Any

import pytest

from bot import config
from bot.domain.contact import Channel
from bot.domain.errors import ConfigurationError

SECRET = "SK-very-secret"


def problems(**overrides: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        config.load(**overrides)
    return caught.value.problems


def test_the_defaults_work() -> None:
    settings = config.load()
    assert settings.port == 8080
    assert settings.default_language in settings.languages


def test_all_problems_are_told_at_once_and_name_their_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_PORT", "eighty")
    monkeypatch.setenv("MUSTER_TIMEZONE", "Mars/Olympus")
    monkeypatch.setenv("MUSTER_REGION", "Brazil")
    monkeypatch.setenv("MUSTER_PUBLIC_URL", "muster.example")
    monkeypatch.setenv("MUSTER_REDIS_URL", "localhost:6379")
    monkeypatch.setenv("MUSTER_EMERGENCY_NUMBER", "")
    named = {problem.partition(":")[0] for problem in problems()}
    names = ("PORT", "TIMEZONE", "REGION", "PUBLIC_URL", "REDIS_URL", "EMERGENCY_NUMBER")
    assert named == {f"MUSTER_{name}" for name in names}


@pytest.mark.parametrize("name", ["PACES", "THRESHOLDS", "RETENTION"])
def test_a_setting_that_is_no_json_is_a_problem_and_not_a_crash(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"MUSTER_{name}", "not json")
    (problem,) = problems()
    assert name.lower() in problem.lower()


def test_the_parts_of_a_section_can_be_set_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_THRESHOLDS__DANGER", "0.4")
    monkeypatch.setenv("MUSTER_LANGUAGES", "en, ne")
    monkeypatch.setenv("MUSTER_PACES", '{"sms": {"rate": 100, "burst": 100}}')
    settings = config.load()
    assert settings.thresholds.danger == 0.4
    assert settings.languages == ("en", "ne")
    assert settings.pace(Channel.SMS).rate == 100
    assert settings.pace(Channel.TELEGRAM).rate == 30


def test_a_default_language_that_is_not_offered_is_refused() -> None:
    assert "default_language" in problems(languages=("ne", "ar"), default_language="en")[0]


def test_a_telegram_webhook_needs_its_secret_and_a_public_address() -> None:
    """Both are said at once."""
    told = "\n".join(problems(telegram_token=SECRET, telegram_mode="webhook"))
    assert "MUSTER_TELEGRAM_SECRET" in told
    assert "MUSTER_PUBLIC_URL" in told
    assert SECRET not in told


@pytest.mark.parametrize("name", ["telegram_token", "twilio_auth_token", "keys", "database_url", "redis_url"])
def test_secrets_are_shown_nowhere(name: str) -> None:
    settings = config.load(**{name: "redis://" + SECRET})
    assert SECRET not in repr(settings) + str(settings.model_dump())


def test_a_wrong_secret_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_REDIS_URL", f"http://:{SECRET}@host")
    assert SECRET not in "\n".join(problems())


@pytest.mark.parametrize("name", ["keys", "twilio_auth_token", "telegram_token"])
def test_secrets_in_the_file_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "config.yml"
    path.write_text(f"bot:\n  {name}: {SECRET}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"MUSTER_{name.upper()} in the environment") as caught:
        config._read_section(path)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("content", [b"bot: [1", b"bot: 3", b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_a_problem_and_not_a_crash(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.yml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"config\.yml"):
        config._read_section(path)


def test_without_a_file_the_environment_is_enough(tmp_path: Path) -> None:
    assert config._read_section(tmp_path / "config.yml") == {}
