"""Areas: who lies in one, to the edge and across the date line, and what may be drawn."""

import json
from itertools import pairwise
from math import cos, pi, sin
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.broadcast import Area, Circle
from bot.domain.employer import EmployerId, Site, SiteId
from bot.domain.errors import InputError
from bot.domain.values import Position
from bot.services.alert_areas import MAX_POINTS, MAX_SHAPES, area_drawn, covers, rings, sites_in


def at(latitude: float, longitude: float) -> Position:
    return Position(latitude=latitude, longitude=longitude)


def site(name: str, where: Position) -> Site:
    return Site(id=SiteId(name), employer=EmployerId("mill"), name=name, code=name, position=where)


SQUARE = (at(0, 0), at(0, 10), at(10, 10), at(10, 0), at(0, 0))
SQUARE_AREA = Area(polygons=(SQUARE,))
FIJI = Area(polygons=((at(-20, 175), at(-20, -178), at(-15, -178), at(-15, 175), at(-20, 175)),))
PAIRS = [[0, 0], [0, 10], [10, 10], [10, 0]]
LONLAT = [[longitude, latitude] for latitude, longitude in PAIRS]
POLYGON = {"type": "Polygon", "coordinates": [LONLAT]}


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


@pytest.mark.parametrize(
    ("where", "is_inside"),
    [
        (at(5, 5), True), (at(0, 5), True), (at(10, 10), True), (at(3.3, 0), True),
        (at(-0.001, 5), False), (at(5, 10.001), False), (at(5, -175), False),
    ],
)  # fmt: skip
def test_a_polygon_covers_its_inside_and_its_edge(where: Position, is_inside: bool) -> None:
    assert covers(SQUARE_AREA, where) is is_inside


@given(share=st.floats(0, 1))
def test_a_slanting_edge_is_inside_whatever_floats_say(share: float) -> None:
    triangle = Area(polygons=((at(0, 0), at(0.1, 0.7), at(0.9, 0.3), at(0, 0)),))
    assert covers(triangle, at(0.1 + 0.8 * share, 0.7 - 0.4 * share))


@pytest.mark.parametrize(
    ("where", "is_inside"),
    [
        (at(-18, 178), True), (at(-18, -179), True), (at(-18, 180), True), (at(-18, -180), True), (at(-18, 175), True),
        (at(-18, 0), False), (at(-18, 174), False), (at(-18, -177), False),
    ],
)  # fmt: skip
def test_a_polygon_may_cross_the_anti_meridian(where: Position, is_inside: bool) -> None:
    assert covers(FIJI, where) is is_inside


def test_the_whole_world_is_no_line() -> None:
    world = Area(polygons=rings([at(-90, -180), at(-90, 180), at(90, 180), at(90, -180)]))
    assert covers(world, at(0, 0))
    assert covers(world, at(50, -120))


@pytest.mark.parametrize(("kilometres", "is_inside"), [(112, True), (111.2, True), (111.1, False), (0, False)])
def test_a_circle_covers_its_radius(kilometres: float, is_inside: bool) -> None:
    """One degree of latitude is 111.195 km on the mean sphere."""
    assert covers(Area(circles=(Circle(centre=at(0, 0), radius_km=kilometres),)), at(1, 0)) is is_inside


def test_a_circle_of_no_radius_covers_its_centre() -> None:
    assert covers(Area(circles=(Circle(centre=at(1, 2), radius_km=0),)), at(1, 2))


def test_sites_in_any_shape_are_found_in_their_order() -> None:
    area = Area(polygons=(SQUARE,), circles=(Circle(centre=at(50, 50), radius_km=10),))
    sites = [site("far", at(51, 50)), site("near", at(50.05, 50)), site("in", at(5, 5)), site("edge", at(0, 0))]
    assert sites_in(area, sites) == ("near", "in", "edge")


def test_words_alone_cover_nobody() -> None:
    assert sites_in(Area(description="Everywhere"), [site("in", at(5, 5))]) == ()


# --- drawing


@pytest.mark.parametrize(
    "drawing",
    [
        POLYGON,
        json.dumps(POLYGON),
        json.dumps(POLYGON).encode(),
        feature(POLYGON),
        {"type": "FeatureCollection", "features": [feature(POLYGON)]},
        {"type": "GeometryCollection", "geometries": [POLYGON]},
        {"type": "MultiPolygon", "coordinates": [[LONLAT]]},
        {"type": "Polygon", "coordinates": [LONLAT, [[2, 2], [3, 2], [3, 3], [2, 2]]]},  # its hole is filled
        {"type": "Polygon", "coordinates": [[[*pair, 120] for pair in LONLAT]]},  # with heights
        PAIRS,
        PAIRS[::-1],
        [*PAIRS, PAIRS[0]],
        [at(*pair) for pair in PAIRS],
        [{"lat": latitude, "lng": longitude} for latitude, longitude in PAIRS],
    ],
)
def test_a_drawn_polygon_is_closed_and_runs_anticlockwise(drawing: object) -> None:
    area = area_drawn(drawing, description="Mill")
    (ring,) = area.polygons
    assert area.description == "Mill"
    assert ring[0] == ring[-1]
    assert set(ring) == set(SQUARE)
    turns = [a.longitude * b.latitude - b.longitude * a.latitude for a, b in pairwise(ring)]
    assert sum(turns) > 0


def test_a_point_with_a_radius_in_metres_is_a_circle() -> None:
    area = area_drawn(feature({"type": "Point", "coordinates": [-51.2, -30]}, radius=1500))
    assert area == Area(circles=(Circle(centre=at(-30, -51.2), radius_km=1.5),))


def test_a_map_dragged_round_the_earth_draws_on_the_earth() -> None:
    (ring,) = area_drawn([[-20, 175], [-20, 182], [-15, 182], [-15, 175]]).polygons
    assert set(ring) == set(FIJI.polygons[0])


def test_sides_that_cross_make_two_rings() -> None:
    bow = area_drawn([[0, 0], [10, 10], [10, 0], [0, 10]])
    assert len(bow.polygons) == 2
    assert covers(bow, at(8, 5))
    assert covers(bow, at(2, 5))
    assert not covers(bow, at(5, 9))


def test_whoever_is_gone_round_twice_is_inside() -> None:
    star = [at(sin(turn * 4 * pi / 5), cos(turn * 4 * pi / 5)) for turn in range(5)]
    assert covers(area_drawn(star), at(0, 0))


def wheel(corners: int, ragged: float = 0.0) -> list[Position]:
    radii = [5 * (1 + ragged * (corner % 2)) for corner in range(corners)]
    angles = [2 * pi * corner / corners for corner in range(corners)]
    return [at(radius * sin(angle), radius * cos(angle)) for radius, angle in zip(radii, angles, strict=True)]


@pytest.mark.parametrize("points", [wheel(99), wheel(101), wheel(3000), wheel(2000, 0.01), wheel(400, 0.5)])
def test_many_points_become_few_and_nobody_is_left_out(points: list[Position]) -> None:
    (ring,) = rings(points)
    assert len(ring) <= MAX_POINTS
    assert all(covers(Area(polygons=(ring,)), point) for point in points)


def test_a_shape_of_many_points_hardly_grows() -> None:
    (ring,) = rings(wheel(3000))
    assert not covers(Area(polygons=(ring,)), at(5.05, 0))


def test_a_scrawl_is_wrapped_in_time() -> None:
    """Ten thousand sides have fifty million crossings, which nobody waits for."""
    scrawl = [at((corner * 7919) % 83 - 40 + corner / 1e5, (corner * 104729) % 97 - 50) for corner in range(10_000)]
    (ring,) = rings(scrawl)
    assert all(covers(Area(polygons=(ring,)), point) for point in scrawl[::500])


thousandths = st.integers(0, 89_000).map(lambda value: value / 1000)


@given(pairs=st.lists(st.tuples(thousandths, thousandths), max_size=12), west=st.integers(-180, 179))
@settings(deadline=None, derandomize=True)
def test_any_points_make_rings_or_a_refusal(pairs: list[tuple[float, float]], west: int) -> None:
    """Anywhere on the earth; what has been made is made of itself again."""
    points = [at(north, round((west + east + 180) % 360 - 180, 3)) for north, east in pairs]
    try:
        made = rings(points)
    except InputError:
        return
    for ring in made:
        assert len(ring) >= 4
        assert ring[0] == ring[-1]
        assert rings(ring) == (ring,)


@pytest.mark.parametrize(
    ("drawing", "words"),
    [
        ("{", "no GeoJSON"),
        ("[" * 100_000, "no GeoJSON"),
        ("x" * 2_000_000, "too large"),
        ("null", "no GeoJSON"),
        (7, "no GeoJSON"),
        ([], "three points"),
        ([[0, 0], [1, 1]], "Shape 1: a shape needs three points"),
        ([[0, 0], [1, 1], [2, 2]], "enclose nothing"),
        ([[0, 0], [1, 1], [0, 0], [1, 1]], "three points"),
        ([[0, 0], [91, 1], [2, 2]], "outside the earth"),
        ([[0, 0], [float("nan"), 1], [2, 2]], "outside the earth"),
        ([[0, 0], [1, float("inf")], [2, 2]], "outside the earth"),
        ([[0, 0], [10**400, 1], [2, 2]], "numbers"),
        ([[0, 0], ["1", 1], [2, 2]], "numbers"),
        ([[0, 0], [True, 1], [2, 2]], "numbers"),
        ([[0, 0], [1], [2, 2]], "latitude and a longitude"),
        ([{"lat": 1}], "numbers"),
        ({"type": "LineString", "coordinates": LONLAT}, "a line has no inside"),
        ({"type": "Polygon"}, "no GeoJSON"),
        ({"type": "Polygon", "coordinates": []}, "three points"),
        ({"type": ["Polygon"]}, "a line has no inside"),
        ({"type": "Feature", "geometry": None}, "no GeoJSON"),
        ({"type": "FeatureCollection", "features": []}, "Nothing is drawn"),
        (feature({"type": "Point", "coordinates": [1, 2]}), "no extent"),
        (feature({"type": "Point", "coordinates": [1, 2]}, radius=-5), "no extent"),
        (feature({"type": "Point", "coordinates": [1, 2]}, radius=float("nan")), "no extent"),
        ({"type": "MultiPolygon", "coordinates": [[LONLAT]] * (MAX_SHAPES + 1)}, "more than 20 shapes"),
        ([[(i * 7) % 60, (i * 11) % 59] for i in range(60)], "falls into more than 20"),
        ([[i / 1e4, i % 2] for i in range(20_001)], "20001 points"),
    ],
)
def test_what_is_no_area_is_refused_with_what_to_do(drawing: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        area_drawn(drawing)


def test_collections_in_collections_are_refused() -> None:
    nested: dict[str, Any] = POLYGON
    for _ in range(10):
        nested = {"type": "GeometryCollection", "geometries": [nested]}
    with pytest.raises(InputError, match="collections in collections"):
        area_drawn(nested)
