"""The key file: made private, kept, and refused when others can read it."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.domain.errors import ConfigurationError
from bot.storage import keyfile
from bot.storage.crypto import Keyring


def test_a_missing_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    keys, is_new = keyfile.read_or_make(home)
    assert is_new
    assert stat.S_IMODE((home / keyfile.NAME).stat().st_mode) == 0o600
    assert Keyring.parse(keys).newest == "k1"
    assert [path.name for path in home.iterdir()] == [keyfile.NAME]


def test_the_file_is_kept(tmp_path: Path) -> None:
    made, _ = keyfile.read_or_make(tmp_path)
    assert keyfile.read_or_make(tmp_path) == (made, False)


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: keyfile.read_or_make(tmp_path), range(8)))
    assert len({keys for keys, _ in made}) == 1
    assert [is_new for _, is_new in made].count(True) == 1


def test_a_new_key_can_be_written_above_the_old_one(tmp_path: Path) -> None:
    old, _ = keyfile.read_or_make(tmp_path)
    path = tmp_path / keyfile.NAME
    path.write_text(f"# newest first\nk2:{old.removeprefix('k1:')}\n\n{old}\n", encoding="utf-8")
    keys, _ = keyfile.read_or_make(tmp_path)
    assert Keyring.parse(keys).newest == "k2"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_reach_is_refused_with_what_to_do(tmp_path: Path, mode: int) -> None:
    keyfile.read_or_make(tmp_path)
    (tmp_path / keyfile.NAME).chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        keyfile.read_or_make(tmp_path)
