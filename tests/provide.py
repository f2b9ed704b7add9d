"""Provides what the tests run on: an own Redis, PostgreSQL's programs, a browser and a trained NLU model.

`python -m tests.provide` prints a line for each. What cannot be had is named with what to install; the tests that need
it are then left out and listed at the end (never in CI, where something missing is a failure).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests import databases


def redis_server() -> Path | None:
    """A real redis-server on PATH; the embedded one comes with the packages."""
    found = shutil.which("redis-server")
    return Path(found) if found else None


def chromium() -> Path | None:
    """A Chromium or Chrome on PATH, or the one that Playwright fetched."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if found := shutil.which(name):
            return Path(found)
    fetched = sorted(Path.home().glob(".cache/ms-playwright/chromium-*/chrome-linux*/chrome"))
    return fetched[-1] if fetched else None


def main() -> int:
    """Fetch what can be fetched and say how it stands."""
    if chromium() is None:
        print("Fetching a browser ...", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, capture_output=True)
    print("Looking after the NLU model ...", flush=True)
    provided = subprocess.run([sys.executable, "-m", "bot.nlu.provision"], check=False)
    found = {
        "Redis": (redis_server(), "install redis-server (tests still run on the embedded one)"),
        "PostgreSQL": (databases.programs(), "install postgresql, or set PG_BIN to the folder of initdb"),
        "Chromium": (chromium(), "install chromium"),
        "NLU model": (None if provided.returncode else "trained", "install Python 3.10"),
    }
    for name, (what, remedy) in found.items():
        print(f"  {name}: {what or 'MISSING: ' + remedy}", flush=True)
    is_complete = all(what for what, _ in found.values())
    return 0 if is_complete or os.environ.get("CI") != "true" else 1


if __name__ == "__main__":
    sys.exit(main())
