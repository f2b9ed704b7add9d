"""Owns a flow's drawing as SVG: one box a step in layers from top to bottom, one line a way."""

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout, VertexViewer
from grandalf.routing import EdgeViewer
from markupsafe import Markup, escape

from bot.engine.flow import END, Flow
from bot.engine.graph import edges

WIDTH, LINE, PADDING, MARGIN = 220, 18, 10, 16  # of a box and its lines, in pixels
_LETTERS = 26  # in a line of a box
_LINES = 4  # of a box; the whole text is in the list beside it

Describe = Callable[[str], tuple[str, str]]  # a step's id to its kind ("ask", "branch"...) and its text


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
    lines = {way: Edge(vertices[way[0]], vertices[way[1]]) for way in ways}
    for line in lines.values():
        line.view = EdgeViewer()
    shift = 0.0
    for part in Graph(list(vertices.values()), list(lines.values())).C:  # what nothing leads to stands beside the rest
        shift = _lay_out(part, shift)
    left, top, right, bottom = _bounds(vertices)
    drawn = Markup("").join(
        [*(_arrow(*way, vertices) for way in ways), *(_drawn(boxes[s], vertices[s]) for s in boxes)]
    )
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
    return float(max(view.xy[0] for view in views)) + WIDTH / 2 + 24


def _bounds(vertices: dict[str, Any]) -> tuple[float, float, float, float]:
    views = [vertex.view for vertex in vertices.values()]
    across = [view.xy[0] for view in views]
    top = min(view.xy[1] - view.h / 2 for view in views)
    bottom = max(view.xy[1] + view.h / 2 for view in views)
    return min(across) - WIDTH / 2 - MARGIN, top - MARGIN, max(across) + WIDTH / 2 + MARGIN, bottom + MARGIN


def _arrow(source: str, target: str, vertices: dict[str, Any]) -> Markup:
    """Down from box to box in a curve; a way back up goes around by the side and is dashed."""
    here, there = vertices[source].view, vertices[target].view
    (x, y), (to_x, to_y) = here.xy, there.xy
    if to_y > y:
        y, to_y = y + here.h / 2, to_y - there.h / 2
        bend = (to_y - y) / 2
        path, kind = f"M{x:.0f} {y:.0f}C{x:.0f} {y + bend:.0f} {to_x:.0f} {to_y - bend:.0f} {to_x:.0f} {to_y:.0f}", ""
    else:
        x, to_x = x + WIDTH / 2, to_x + WIDTH / 2
        beside = max(x, to_x) + MARGIN
        path, kind = f"M{x:.0f} {y:.0f}C{beside:.0f} {y:.0f} {beside:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}", " back"
    return Markup('<path class="way{}" d="{}" marker-end="url(#tip)"/>').format(kind, path)


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
