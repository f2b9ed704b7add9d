"""Owns forms: what was typed, what is wrong with it field by field, and the model that it makes when nothing is."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, Union, get_args, get_origin

from aiohttp import web
from aiohttp.web_request import FileField
from pydantic import BaseModel, ValidationError

from bot.console.visit import CSRF_FIELD, words
from bot.console.words import N_, Words
from bot.domain.errors import InputError

Model = TypeVar("Model", bound=BaseModel)

MAX_FORM = 256 * 1024  # bytes of a form without files
MAX_UPLOAD = 12 * 1024 * 1024  # and of one with

MISSING: Final = N_("Please fill this in.")
INVALID: Final = N_("This cannot be read. Please check it.")
_PROBLEMS = {
    "missing": MISSING,
    "string_too_short": N_("This is too short: {min_length} characters at least."),
    "string_too_long": N_("This is too long: {max_length} characters at most."),
    "int_parsing": N_("Please write a whole number."),
    "int_from_float": N_("Please write a whole number."),
    "float_parsing": N_("Please write a number."),
    "decimal_parsing": N_("Please write a number."),
    "greater_than_equal": N_("This is too small: {ge} at least."),
    "less_than_equal": N_("This is too large: {le} at most."),
    "greater_than": N_("This must be more than {gt}."),
    "less_than": N_("This must be less than {lt}."),
    "enum": N_("Please choose one of the list."),
    "literal_error": N_("Please choose one of the list."),
    "datetime_parsing": N_("Please write a day and a time."),
    "datetime_from_date_parsing": N_("Please write a day and a time."),
    "date_parsing": N_("Please write a day."),
    "date_from_datetime_parsing": N_("Please write a day."),
    "too_short": N_("Please choose at least one."),
}


@dataclass(frozen=True, slots=True)
class Form(Generic[Model]):
    """A form as it came. `model` is there when `errors` (by field, translated; "" for the whole form) is empty."""

    model: Model | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def failed(self, problem: str, at: str = "") -> "Form[Model]":
        """The same form with one more thing wrong, which only a service could see."""
        return Form(None, self.values, {**self.errors, at: problem})


def blank(**values: Any) -> Form[Any]:
    """The form of a page that is opened: nothing typed but these values, nothing wrong."""
    return Form(None, values, {})


async def read_form(request: web.Request, model: type[Model]) -> Form[Model]:
    """What was sent, as the model reads it. An empty field is one that was not sent; a field of the model that is a
    list or tuple gets every value of its name."""
    posted = await request.post()
    typed: dict[str, Any] = {}
    for name in dict.fromkeys(posted):
        values = [clean(value) for value in posted.getall(name) if isinstance(value, str) and value.strip()]
        if name == CSRF_FIELD or not values:
            continue
        info = model.model_fields.get(name)
        typed[name] = values if info is not None and _is_many(info.annotation) else values[-1]
    try:
        return Form(model.model_validate(typed), typed, {})
    except ValidationError as error:
        return Form(None, typed, _problems(error, words(request)))


async def upload(request: web.Request, name: str, *, max_bytes: int) -> tuple[str, bytes]:
    """The file's own name and its bytes; raises InputError (translated) when there is none or it is too large."""
    _ = words(request)
    found = (await request.post()).get(name)
    if not isinstance(found, FileField) or not found.filename:
        raise InputError(_("Please choose a file."))
    body = found.file.read(max_bytes + 1)
    if not body:
        raise InputError(_("The file is empty."))
    if len(body) > max_bytes:
        raise InputError(_("The file is too large: {megabytes} MB at most.", megabytes=max_bytes // 1024 // 1024))
    return found.filename, body


async def close_files(request: web.Request) -> None:
    """Files of a form lie in temporary ones until somebody closes them."""
    for value in (await request.post()).values():
        if isinstance(value, FileField):
            value.file.close()


def clean(value: str) -> str:
    """A field with lines as we write them, and without the characters that no database keeps and no page can show."""
    whole = value.encode("utf-8", "replace").decode()  # halves of characters, which some alphabets can spell
    return whole.replace("\r\n", "\n").replace("\0", "")


def _problems(error: ValidationError, _: Words) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in error.errors():
        name = str(item["loc"][0]) if item["loc"] else ""
        found.setdefault(name, _problem(item, _))
    return found


def _problem(item: Mapping[str, Any], _: Words) -> str:
    context = item.get("ctx", {})
    if item["type"] == "value_error":  # raised by the model's own validator, in English
        return _.of(context["error"])
    return _(_PROBLEMS.get(item["type"], INVALID), **context)


def _is_many(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return any(_is_many(part) for part in get_args(annotation))
    return isinstance(origin or annotation, type) and issubclass(origin or annotation, Sequence | set | frozenset) and (
        not issubclass(origin or annotation, str | bytes)
    )  # fmt: skip
