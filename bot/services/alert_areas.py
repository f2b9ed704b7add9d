"""Owns areas: who and what lies in one, and how shapes drawn on a map or sent by others become one."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from shapely import Geometry, Point, Polygon, dwithin, make_valid, prepare  # type: ignore[import-untyped]

from bot.domain.broadcast import Area, Circle
from bot.domain.employer import Site, SiteId
from bot.domain.errors import InputError
from bot.domain.values import Position

MAX_SHAPES = 20  # of one drawing
MAX_POINTS = 100  # of one shape that we keep
MAX_DRAWN_POINTS = 20_000  # of one shape that is looked at
MAX_DRAWING_BYTES = 1024 * 1024
MAX_RADIUS_KM = 20_040.0  # half way round the earth
DECIMALS = 6  # of a degree: 11 cm
DRAW_AGAIN = "Draw the shape again."

Ring = tuple[Position, ...]
_ON_THE_EDGE = 1e-9  # degrees or kilometres: an edge has no width, and sums of floats miss it
_FIRST_TOLERANCE = 1e-4  # degrees, about 11 m: what simplifying may add to an area at first
_DEEPEST = 5  # of GeoJSON's collections in collections


def sites_in(area: Area, sites: Iterable[Site]) -> tuple[SiteId, ...]:
    """The sites whose position lies in the area, in the order given; none where the area has no shape."""
    tests = _tests(area)
    return tuple(site.id for site in sites if any(test(site.position) for test in tests))


def covers(area: Area, position: Position) -> bool:
    """Whether a point lies in any of the area's shapes; an edge belongs to its shape.

    A polygon's sides are straight in degrees. One that spans more than 180 degrees of longitude, and fewer across the
    anti-meridian, is taken to cross it.
    """
    return any(test(position) for test in _tests(area))


def _tests(area: Area) -> list[Callable[[Position], bool]]:
    """For each shape whether a point lies in it."""
    return [*map(_inside_circle, area.circles), *map(_inside_ring, area.polygons)]


def _inside_circle(circle: Circle) -> Callable[[Position], bool]:
    return lambda position: circle.centre.kilometres_to(position) <= circle.radius_km + _ON_THE_EDGE


def _inside_ring(ring: Ring) -> Callable[[Position], bool]:
    turn = _turn(ring)
    polygon = _polygon(ring, turn)
    prepare(polygon)
    return lambda position: bool(dwithin(polygon, Point(_east(position, turn), position.latitude), _ON_THE_EDGE))


# --- rings ----------------------------------------------------------------------------------------------------------


def rings(points: Sequence[Position]) -> tuple[Ring, ...]:
    """Closed rings, anticlockwise, that enclose what the points go round.

    Sides that cross each other make several rings, or where they are too many one round them all; more than 100 points
    become fewer, with nobody inside left out. Raises InputError for points that enclose nothing.
    """
    if len(points) > MAX_DRAWN_POINTS:
        raise InputError(f"the shape has {len(points)} points; at most {MAX_DRAWN_POINTS} are read. Draw it simpler.")
    ring = (*points, points[0]) if points and points[0] != points[-1] else tuple(points)
    if len(set(ring)) < 3:
        raise InputError(f"a shape needs three points or more, that are not the same. {DRAW_AGAIN}")
    turn = _turn(ring)
    polygon = _polygon(ring, turn)
    if polygon.is_valid and len(ring) <= MAX_POINTS:
        return (ring if polygon.exterior.is_ccw else ring[::-1],)
    parts = [part for part in _polygons(_mended(polygon)) if part.area > 0]
    if not parts:
        raise InputError(f"the points lie on one line and enclose nothing. {DRAW_AGAIN}")
    return tuple(ring for part in parts for ring in _simplified(part, turn))


def _mended(polygon: Polygon) -> Geometry:
    """Without crossings: mended, or wrapped where the sides are so many that all their crossings would take long."""
    if polygon.is_valid:
        return polygon
    return (
        make_valid(polygon, method="structure", keep_collapsed=False)
        if len(polygon.exterior.coords) <= MAX_POINTS
        else polygon.convex_hull
    )


def _polygons(shape: Geometry) -> Iterator[Polygon]:
    for part in getattr(shape, "geoms", (shape,)):
        if part.geom_type == "Polygon":
            yield Polygon(part.exterior)  # whoever stands in a hole is warned too
        elif hasattr(part, "geoms"):
            yield from _polygons(part)


def _simplified(polygon: Polygon, turn: float) -> Iterator[Ring]:
    """The polygon's ring with at most 100 points: widened before it is simplified, so that it only ever grows."""
    smaller, tolerance = polygon, _FIRST_TOLERANCE
    while len(smaller.exterior.coords) > MAX_POINTS:
        widened = Polygon(polygon.buffer(tolerance, join_style="mitre").exterior)
        smaller, tolerance = Polygon(widened.simplify(tolerance).exterior), tolerance * 2
    yield tuple(_position(x, y, turn) for x, y in _anticlockwise(smaller))


def _anticlockwise(polygon: Polygon) -> list[tuple[float, float]]:
    coordinates = list(polygon.exterior.coords)
    return coordinates if polygon.exterior.is_ccw else coordinates[::-1]


def _turn(ring: Ring) -> float:
    """What western longitudes are turned on by, so that a shape across the anti-meridian holds together: 360 or 0."""
    span = _span(ring, 0.0)
    return 360.0 if span > 180 and 0 < _span(ring, 360.0) < 180 else 0.0


def _span(ring: Ring, turn: float) -> float:
    easts = [_east(point, turn) for point in ring]
    return max(easts) - min(easts)


def _polygon(ring: Ring, turn: float) -> Polygon:
    return Polygon([(_east(point, turn), point.latitude) for point in ring])


def _east(point: Position, turn: float) -> float:
    return point.longitude + turn if point.longitude < 0 else point.longitude


def _position(x: float, y: float, turn: float) -> Position:
    west, east_end = (0.0, 360.0) if turn else (-180.0, 180.0)
    east = min(max(x, west), east_end)
    return Position(
        latitude=round(min(max(y, -90.0), 90.0), DECIMALS),
        longitude=round(east - 360 if east > 180 else east, DECIMALS),
    )


# --- drawings -------------------------------------------------------------------------------------------------------


def area_drawn(drawing: object, *, description: str = "") -> Area:
    """The area that somebody drew: GeoJSON (as text, or decoded), or the points of one polygon.

    GeoJSON's polygons lose their holes; a point with `radius` among its properties (metres, as Leaflet gives it) is a
    circle. Points are pairs of latitude and longitude, mappings with `lat` and `lng`, or positions. Raises InputError
    with the number of the shape that is wrong and what to do.
    """
    decoded = _decoded(drawing) if isinstance(drawing, str | bytes) else drawing
    polygons: list[Ring] = []
    circles: list[Circle] = []
    for number, shape in enumerate(_shapes(decoded), start=1):
        if number > MAX_SHAPES:
            raise InputError(f"There are more than {MAX_SHAPES} shapes: join some of them.")
        try:
            if isinstance(shape, Circle):
                circles.append(shape)
            else:
                polygons += rings(shape)
        except InputError as error:
            raise InputError(f"Shape {number}: {error}") from error
    if not polygons and not circles:
        raise InputError("Nothing is drawn: draw a shape round the people who are meant.")
    if len(polygons) + len(circles) > MAX_SHAPES:
        raise InputError(f"A shape crosses itself so often that it falls into more than {MAX_SHAPES}. {DRAW_AGAIN}")
    return Area(description=description, polygons=tuple(polygons), circles=tuple(circles))


def _decoded(drawing: str | bytes) -> object:
    if len(drawing) > MAX_DRAWING_BYTES:
        raise InputError("The drawing is too large: draw fewer points.")
    try:
        return json.loads(drawing)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The drawing is no GeoJSON. {DRAW_AGAIN}") from error


def _shapes(value: object, depth: int = 0, radius: object = None) -> Iterator[Circle | list[Position]]:
    """The shapes of a drawing, unchecked but for their coordinates."""
    if depth > _DEEPEST:
        raise InputError(f"The drawing holds collections in collections. {DRAW_AGAIN}")
    if not isinstance(value, Mapping):
        yield [_point(point) for point in _list(value)]
        return
    match value.get("type"):
        case "FeatureCollection" | "GeometryCollection" as kind:
            for part in _list(value.get("features" if kind == "FeatureCollection" else "geometries")):
                yield from _shapes(_mapping(part), depth + 1)
        case "Feature":
            properties = value.get("properties")
            size = properties.get("radius") if isinstance(properties, Mapping) else None
            yield from _shapes(_mapping(value.get("geometry")), depth + 1, size)
        case "Polygon":
            yield _outline(value.get("coordinates"))
        case "MultiPolygon":
            yield from map(_outline, _list(value.get("coordinates")))
        case "Point":
            yield _circle(value.get("coordinates"), radius)
        case _:
            raise InputError("Only polygons and circles can be an area: a line has no inside.")


def _outline(coordinates: object) -> list[Position]:
    parts = _list(coordinates)
    return [_lonlat(pair) for pair in _list(parts[0])] if parts else []


def _circle(coordinates: object, radius: object) -> Circle:
    metres = _number(radius) if radius is not None else 0.0
    if not 0 < metres <= MAX_RADIUS_KM * 1000:
        raise InputError("A point has no extent: draw a circle or a polygon.")
    return Circle(centre=_lonlat(coordinates), radius_km=round(metres / 1000, DECIMALS))


def _point(value: object) -> Position:
    """A point of a list: latitude first."""
    if isinstance(value, Position):
        return _on_earth(value.latitude, value.longitude)
    if isinstance(value, Mapping):
        return _on_earth(_number(value.get("lat")), _number(value.get("lng", value.get("lon"))))
    pair = _list(value)
    if len(pair) != 2:
        raise InputError(f"A point is a latitude and a longitude. {DRAW_AGAIN}")
    return _on_earth(_number(pair[0]), _number(pair[1]))


def _lonlat(value: object) -> Position:
    """A point of GeoJSON: longitude first, and perhaps a height."""
    pair = _list(value)
    if len(pair) not in (2, 3):
        raise InputError(f"A point is a longitude and a latitude. {DRAW_AGAIN}")
    return _on_earth(_number(pair[1]), _number(pair[0]))


def _on_earth(latitude: float, longitude: float) -> Position:
    """A map that was dragged round the earth counts on past 180 degrees."""
    if not (isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 540):
        raise InputError(f"A point lies outside the earth. {DRAW_AGAIN}")
    if abs(longitude) > 180:
        longitude = (longitude + 180) % 360 - 180
    return Position(latitude=round(latitude, DECIMALS), longitude=round(longitude, DECIMALS))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"Degrees and metres must be numbers. {DRAW_AGAIN}")
    try:
        return float(value)
    except OverflowError as error:
        raise InputError(f"Degrees and metres must be numbers. {DRAW_AGAIN}") from error


def _list(value: object) -> Sequence[Any]:
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise InputError(f"The drawing is no GeoJSON. {DRAW_AGAIN}")
    return value


def _mapping(value: object) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"The drawing is no GeoJSON. {DRAW_AGAIN}")
    return value
