"""Owns logging: structured lines on standard error; addresses only redacted, message text never."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Fields that would carry what a contact wrote or where they are reached: dropped wherever they turn up.
FORBIDDEN = frozenset({"text", "body", "phone", "path", "number", "to", "from_", "narrative", "answers", "payload"})


def _drop_private(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in FORBIDDEN & event.keys():
        event[name] = "[not logged]"
    return event


def _error_without_values(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its type and the places it came through: its message may quote a contact."""
    error = event.pop("error", None)
    if isinstance(error, BaseException):
        event["error_type"] = type(error).__name__
        event["at"] = _places(error)
    return event


class _Discreet(logging.Formatter):
    """Lines of libraries: who says it and where an error came from. Their words may quote a contact; ours do not."""

    def format(self, record: logging.LogRecord) -> str:
        words = [record.levelname, record.name]
        if record.name.split(".")[0] == "bot":
            words.append(record.getMessage())
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            words.append(place_of(error))
        return " ".join(words)


def _places(error: BaseException) -> str:
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(places[-6:])


def place_of(error: BaseException) -> str:
    """An error by its type and the places it came through, never by its words."""
    return f"{type(error).__name__} at {_places(error)}"


def configure(*, level: str = "INFO", as_json: bool = False) -> None:
    """Set up this process's logging once; libraries log warnings and worse, through the same stream."""
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _error_without_values,
            _drop_private,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # whatever standard error is by then
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Discreet())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def logger(room: str) -> Any:
    """A logger whose lines name the room they come from."""
    return structlog.get_logger(room=room)
