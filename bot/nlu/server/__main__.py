"""The NLU server's commands: train, serve, report."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from bot.nlu.server.errors import ModelError


def main(arguments: list[str]) -> int:
    """Runs one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    # Before Rasa and TensorFlow are imported: no telemetry, no chatter, threads that sleep when idle.
    os.environ.update(RASA_TELEMETRY_ENABLED="false", TF_CPP_MIN_LOG_LEVEL="3", OMP_WAIT_POLICY="PASSIVE")
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    logging.captureWarnings(True)  # Rasa's packages warn about each other's old age at every start
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    command = {"train": _train, "serve": _serve, "report": _report}[options.command]
    return _told(command, options)


def _told(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    try:
        return command(options)
    except ModelError as problem:
        print(problem, file=sys.stderr)
        return 1


def _train(options: argparse.Namespace) -> int:
    from bot.nlu.server.training import train

    train(config=options.config, data=options.data, model=options.model)
    return 0


def _serve(options: argparse.Namespace) -> int:
    from bot.nlu.server.serving import die_with_parent, serve

    if options.die_with_parent:
        die_with_parent()
    asyncio.run(serve(model=options.model, host=options.host, port=options.port, capacity=options.capacity))
    return 0


def _report(options: argparse.Namespace) -> int:
    from bot.nlu.server.report import report

    print(report(model=options.model, data=options.data, as_json=options.json))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.nlu.server", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="write a model archive")
    train.add_argument("--config", type=Path, required=True)
    train.add_argument("--data", type=Path, nargs="+", required=True)
    train.add_argument("--model", type=Path, required=True)
    serve = commands.add_parser("serve", help="answer over HTTP")
    serve.add_argument("--model", type=Path, required=True)
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=5005, help="0: any free port; it is printed when ready")
    serve.add_argument("--capacity", type=int, default=1_024, help="texts that may wait; beyond that, 503")
    serve.add_argument("--die-with-parent", action="store_true")
    report = commands.add_parser("report", help="accuracy on evaluation files")
    report.add_argument("--model", type=Path, required=True)
    report.add_argument("--data", type=Path, required=True, help="a folder of Rasa YAML files, one a language")
    report.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
