"""Owns that a server which we start ends when we end, even by kill -9: run as `python guardian.py PARENT COMMAND...`.

Standard library only, and imports nothing of bot, so that it starts in milliseconds.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def become(parent: int, command: list[str]) -> None:
    """Turn into the command, with the kernel's promise to end it with the thread that started it (Linux)."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was gone before the promise was made
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 (our own command line, no shell wanted)


def watch(parent: int, command: list[str], seconds: float = 0.5) -> int:
    """Where there is no such promise: run the command, and end it when the parent is gone or we are told to end."""
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    with subprocess.Popen(command) as server:  # noqa: S603 (our own command line)
        while server.poll() is None:
            if told or os.getppid() != parent:
                server.terminate()
            time.sleep(seconds)
        return server.returncode


if __name__ == "__main__":
    started_by, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        become(started_by, program)
    sys.exit(watch(started_by, program))
