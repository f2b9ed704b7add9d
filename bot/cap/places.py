"""Owns reading where an alert of others holds: shapes of all its languages together, and words with its geocodes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from bot.cap.document import Element, child_text, children, text_of
from bot.cap.shapes import read_circle, read_polygon
from bot.domain.broadcast import Area, Circle
from bot.domain.errors import InputError
from bot.services.alert_areas import Ring, rings

MAX_SHAPES = 500  # of each kind: a country's coast has hundreds
MAX_GEOCODES = 30  # told of one area

T = TypeVar("T")


def read_area(infos: Sequence[Element], notes: list[str]) -> Area:
    """The shapes of all infos, each once, and the words of the first; raises InputError with the line."""
    areas = [area for info in infos for area in children(info, "area")]
    if any(child_text(area, name) for area in areas for name in ("altitude", "ceiling")):
        notes.append("The area's heights were left out: it counts at every height.")
    polygons = dict.fromkeys(_at_most(MAX_SHAPES, (ring for area in areas for ring in _rings(area, notes))))
    found = (_circle(element) for area in areas for element in children(area, "circle"))
    circles = dict.fromkeys(_at_most(MAX_SHAPES, found))
    words = dict.fromkeys(_words(area) for area in children(infos[0], "area"))
    return Area(description="; ".join(filter(None, words)), polygons=tuple(polygons), circles=tuple(circles))


def _at_most(limit: int, shapes: Iterable[T]) -> Iterator[T]:
    """Each language may repeat them all; a polygon that crosses itself may fall into hundreds."""
    for number, shape in enumerate(shapes, start=1):
        if number > limit:
            raise InputError(f"The alert has more than {limit} shapes. Draw its area by hand.")
        yield shape


def _rings(area: Element, notes: list[str]) -> Iterator[Ring]:
    for element in children(area, "polygon"):
        try:
            points = read_polygon(text_of(element))
        except InputError as error:
            raise InputError(f"Line {element.sourceline}, polygon: {error}. Ask the sender.") from error
        try:
            yield from rings(points)
        except InputError:
            notes.append(f"Line {element.sourceline}: a polygon that encloses nothing was left out.")


def _circle(element: Element) -> Circle:
    try:
        return read_circle(text_of(element))
    except InputError as error:
        raise InputError(f"Line {element.sourceline}, circle: {error}. Ask the sender.") from error


def _words(area: Element) -> str:
    """The area's description, and its geocodes: nobody here maps them, but somebody may know them."""
    codes = [f"{child_text(code, 'valueName')} {child_text(code, 'value')}" for code in children(area, "geocode")]
    told = ", ".join(codes[:MAX_GEOCODES]) + (", ..." if len(codes) > MAX_GEOCODES else "")
    description = child_text(area, "areaDesc")
    return f"{description} ({told})".strip() if told else description
