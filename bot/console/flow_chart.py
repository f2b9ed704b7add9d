"""Owns a flow's drawing as SVG: one box a step in layers from top to bottom, one line a way."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout, VertexViewer
from markupsafe import Markup, escape

from bot.engine.flow import END, Flow
from bot.engine.graph import edges

WIDTH, LINE, PADDING, MARGIN = 220, 18, 10, 16  # of a box and its lines, in pixels
_LETTERS = 26  # in a line of a box
_LINES = 4  # of a box; the whole text is in the list beside it

Describe = Callable[[str], tuple[str, str]]  # a step's id to its kind ("ask", "branch"...) and its text


Point = tuple[float, float]


@dataclass
class _Route:
    """What the layout tells a line: the points that lead it past the boxes between its two, as grandalf asks for it."""

    between: list[Point] = field(default_factory=list)

    def setpath(self, points: Sequence[Point]) -> None:
        self.between = sorted(points[1:-1], key=lambda point: point[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    step: str
    kind: str
    lines: tuple[str, ...]

    @property
    def height(self) -> int:
        return len(self.lines) * LINE + 2 * PADDING


def draw(flow: Flow, *, title: str, describe: Describe) -> Markup:
    """The drawing as one SVG element; it says its title to who cannot see it."""
    boxes = {step: _box(step, *describe(step)) for step in _steps(flow)}
    vertices = {step: _vertex(box) for step, box in boxes.items()}
    ways = list(dict.fromkeys((way.source, way.target) for way in edges(flow) if way.source != way.target))
    lines = [Edge(vertices[source], vertices[target]) for source, target in ways]
    for line in lines:
        line.view = _Route()
    shift = 0.0
    for part in Graph(list(vertices.values()), lines).C:  # what nothing leads to stands beside the rest
        shift = _lay_out(part, shift)
    left, top, right, bottom = _bounds([vertex.view for vertex in vertices.values()], lines)
    arrows = (_arrow(line.v[0].view, line.v[1].view, line.view.between) for line in lines)
    drawn = Markup("").join([*arrows, *(_drawn(box, vertices[step]) for step, box in boxes.items())])
    return Markup(
        '<svg class="flow-chart" role="img" aria-label="{title}" width="{width:.0f}" height="{height:.0f}" '
        'viewBox="{left:.0f} {top:.0f} {width:.0f} {height:.0f}" xmlns="http://www.w3.org/2000/svg">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"/></marker></defs>{drawn}</svg>'
    ).format(title=title, left=left, top=top, width=right - left, height=bottom - top, drawn=drawn)


def _steps(flow: Flow) -> Iterator[str]:
    yield from (step.id for step in flow.steps)
    if any(way.target == END for way in edges(flow)) and flow.find(END) is None:
        yield END


def _box(step: str, kind: str, text: str) -> _Box:
    lines = textwrap.wrap(text, _LETTERS)
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"{lines[_LINES - 1][: _LETTERS - 1]}…"]
    named = [] if step.startswith("#") else [step]
    return _Box(step=step, kind=kind, lines=tuple([*named, *lines] or [kind]))


def _vertex(box: _Box) -> Any:
    vertex = Vertex(box.step)
    vertex.view = VertexViewer(WIDTH, box.height)
    return vertex


def _lay_out(part: Any, shift: float) -> float:
    """Place one connected part to the right of `shift`; returns its own right edge."""
    layout = SugiyamaLayout(part)
    layout.xspace, layout.yspace = 24, 48
    layout.init_all()
    layout.draw()
    views = [vertex.view for vertex in part.sV]
    left = min(view.xy[0] for view in views) - WIDTH / 2
    for view in views:
        view.xy = (view.xy[0] - left + shift, view.xy[1])
    for line in part.sE:
        line.view.between = [(x - left + shift, y) for x, y in line.view.between]
    return float(max(view.xy[0] for view in views)) + WIDTH / 2 + 24


def _bounds(boxes: Sequence[Any], lines: Sequence[Any]) -> tuple[float, float, float, float]:
    """What holds all boxes and the lines that pass beside them: left, top, right, bottom."""
    bends = [x for line in lines for x, _ in line.view.between]
    left = min([*(box.xy[0] - WIDTH / 2 for box in boxes), *bends])
    right = max([*(box.xy[0] + WIDTH / 2 for box in boxes), *bends])
    top = min(box.xy[1] - box.h / 2 for box in boxes)
    bottom = max(box.xy[1] + box.h / 2 for box in boxes)
    return left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN


def _arrow(here: Any, there: Any, between: Sequence[Point]) -> Markup:
    """Down from box to box, around the boxes between; a way back up goes by the side and is dashed."""
    (x, y), (to_x, to_y) = here.xy, there.xy
    if to_y > y:
        points = [(x, y + here.h / 2), *between, (to_x, to_y - there.h / 2)]
        curves = (_curve(*pair) for pair in pairwise(points))
        path, kind = f"M{x:.0f} {y + here.h / 2:.0f}{''.join(curves)}", ""
    else:
        x, to_x = x + WIDTH / 2, to_x + WIDTH / 2
        beside = max(x, to_x) + MARGIN
        path, kind = f"M{x:.0f} {y:.0f}C{beside:.0f} {y:.0f} {beside:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}", " back"
    return Markup('<path class="way{}" d="{}" marker-end="url(#tip)"/>').format(kind, path)


def _curve(one: Point, other: Point) -> str:
    """From one point to the other, leaving and coming straight down."""
    (x, y), (to_x, to_y) = one, other
    bend = (to_y - y) / 2
    return f"C{x:.0f} {y + bend:.0f} {to_x:.0f} {to_y - bend:.0f} {to_x:.0f} {to_y:.0f}"


def _drawn(box: _Box, vertex: Any) -> Markup:
    x, y = vertex.view.xy
    top = y - box.height / 2
    corner = {"ask": 14, "choose": 14, "end": box.height / 2}.get(box.kind, 2)
    rect = Markup('<rect class="{}" x="{:.0f}" y="{:.0f}" width="{}" height="{}" rx="{:.0f}"/>').format(
        box.kind, x - WIDTH / 2, top, WIDTH, box.height, corner
    )
    texts = (
        Markup('<text x="{:.0f}" y="{:.0f}">{}</text>').format(x, top + PADDING + (row + 0.75) * LINE, escape(line))
        for row, line in enumerate(box.lines)
    )
    return Markup("").join([rect, *texts])
