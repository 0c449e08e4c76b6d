"""Diagrams as SVG. Built as a tree of elements, so that no name of a project can become markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import hypot
from typing import Any
from xml.etree import ElementTree as Tree

from djguide_server.handover.layout import Box, Drawing, Line, Placed, arranged
from djguide_server.handover.pictures import Gallery, Picture, Relation

_CHARACTER = 6.7
"""Width of a character of the diagrams' monospaced font, in units of the picture; `report.css` sets its size."""
_ROW = 17.0
_HEAD = 24.0
_MARGIN = 14.0
_LONGEST = 36
"""Characters of a line of text; what is longer is cut."""
_COLUMNS = 5
"""Plain columns that a model shows; the others are counted."""


def of_models(picture: Picture, models: dict[str, dict[str, Any]]) -> str:
    """The models of a picture as boxes with their columns, `models` by label."""
    rows = {label: _rows(models[label], picture.relations) for label in picture.models}
    boxes = {label: _box(_short(label), [text for text, _ in found]) for label, found in rows.items()}
    boxes |= {label: _box(label, []) for label in picture.others}
    connected = {label for r in picture.relations if r.source != r.target for label in (r.source, r.target)}
    links = [(r.source, r.target) for r in picture.relations]
    total = sum(box.height for box in boxes.values())
    drawing = _beside(
        arranged({k: v for k, v in boxes.items() if k in connected}, links, tallest=max(420.0, total / 4)),
        {label: box for label, box in boxes.items() if label not in connected},
    )
    root = _root(drawing, f"Diagram: {picture.title}")
    lines = {(line.source, line.target): line for line in drawing.lines}
    for relation in picture.relations:
        if (line := lines.get((relation.source, relation.target))) is not None:
            _relation(root, relation, line, _row_height(drawing.boxes[relation.source], rows, relation))
    for label, placed in drawing.boxes.items():
        if label in rows:
            _model(root, label, placed, rows[label], models[label])
        else:
            _plain_box(root, label, placed, "other")
    return _text(root)


def of_apps(gallery: Gallery) -> str:
    """The applications with the number of their models, and how often they refer to each other."""
    titles = {app: f"{app} ({count})" for app, count in gallery.apps.items()}
    boxes = {app: _box(title, []) for app, title in titles.items()}
    links = [(link.source, link.target) for link in gallery.links]
    connected = {app for link in links for app in link}
    drawing = _beside(
        arranged({a: box for a, box in boxes.items() if a in connected}, links, tallest=420.0),
        {app: box for app, box in boxes.items() if app not in connected},
    )
    root = _root(drawing, "Diagram: applications")
    counts = {(link.source, link.target): link.count for link in gallery.links}
    for line in drawing.lines:
        count = counts[line.source, line.target]
        path = _path(root, line.points, "line", width=min(1 + count / 3, 5))
        _add(path, "title").text = f"{line.source} → {line.target}: {count}"
        _arrow(root, line)
    for app, placed in drawing.boxes.items():
        _plain_box(root, titles[app], placed, "app")
    return _text(root)


# --- what stands in a box --------------------------------------------------------------------------------


def _rows(model: dict[str, Any], relations: Iterable[Relation]) -> list[tuple[str, str]]:
    """The lines of a model's box: text, and what it is (``key``, ``relation``, ``column``, ``more``)."""
    own = {relation.name: relation for relation in relations if relation.source == model["label"]}
    rows: list[tuple[str, str]] = []
    columns: list[str] = []
    for field in model["fields"]:
        if field["name"] in own or any(r["name"] == field["name"] for r in model["relations"]):
            continue
        kind = str(field["class"] or "").rpartition(".")[2].removesuffix("Field")
        text = f"{field['name']}: {kind}{'?' if field['null'] else ''}"
        if field["primary_key"]:
            rows.append((text, "key"))
        else:
            columns.append(text)
    for relation in model["relations"]:
        name = relation["name"]
        if relation["target"]:
            many = "*" if relation["kind"] == "m2m" else "?" if name in own and own[name].null else ""
            rows.append((f"{name} → {_short(relation['target'])}{many}", "relation"))
    rows += [(text, "column") for text in columns[:_COLUMNS]]
    if len(columns) > _COLUMNS:
        rows.append((f"and {len(columns) - _COLUMNS} more", "more"))
    return rows


def _row_height(placed: Placed, rows: dict[str, list[tuple[str, str]]], relation: Relation) -> float:
    """Where in its model's box the row of a relation stands."""
    for number, (text, kind) in enumerate(rows.get(relation.source, ())):
        if kind == "relation" and text.startswith(f"{relation.name} → "):
            return placed.y + _HEAD + number * _ROW + _ROW / 2
    return placed.y + placed.height / 2


def _box(title: str, rows: Sequence[str]) -> Box:
    longest = max([len(_cut(title)) + 2, *(len(_cut(row)) for row in rows)])
    return Box(longest * _CHARACTER + 20, _HEAD + len(rows) * _ROW + (6 if rows else 0))


def _short(label: str) -> str:
    return label.rpartition(".")[2]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


# --- drawing ---------------------------------------------------------------------------------------------


def _beside(drawing: Drawing, loose: dict[str, Box]) -> Drawing:
    """`drawing` with the boxes that nothing connects in rows below it."""
    if not loose:
        return drawing
    boxes = dict(drawing.boxes)
    widest = max(drawing.width, 900.0)
    x, y, height, right = 0.0, drawing.height + (30.0 if drawing.boxes else 0.0), 0.0, drawing.width
    for name, box in loose.items():
        if x and x + box.width > widest:
            x, y, height = 0.0, y + height + 18, 0.0
        boxes[name] = Placed(x, y, box.width, box.height)
        right = max(right, x + box.width)
        x, height = x + box.width + 24, max(height, box.height)
    return Drawing(boxes, drawing.lines, right, y + height)


def _root(drawing: Drawing, title: str) -> Tree.Element:
    width, height = drawing.width + 2 * _MARGIN, drawing.height + 2 * _MARGIN
    root = Tree.Element(
        "svg",
        {
            "class": "diagram",
            "role": "img",
            "viewBox": f"{-_MARGIN:g} {-_MARGIN:g} {width:g} {height:g}",
            "width": f"{width:.0f}",
            "height": f"{height:.0f}",
        },
    )
    _add(root, "title").text = title
    return root


def _add(parent: Tree.Element, tag: str, **attributes: object) -> Tree.Element:
    found = {name.rstrip("_").replace("_", "-"): _value(value) for name, value in attributes.items()}
    return Tree.SubElement(parent, tag, found)


def _value(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _model(
    root: Tree.Element, label: str, placed: Placed, rows: list[tuple[str, str]], model: dict[str, Any]
) -> None:
    group = _add(root, "g", class_="model")
    _add(group, "title").text = f"{label}, {model['file']}:{model['line']}"
    _add(group, "rect", x=placed.x, y=placed.y, width=placed.width, height=placed.height, rx=5)
    head = f"M{placed.x:.1f} {placed.y + _HEAD:.1f}h{placed.width:.1f}"
    _add(group, "path", d=head, class_="rule")
    _label(group, placed.x + 10, placed.y + 16, _cut(_short(label)), "name")
    for number, (text, kind) in enumerate(rows):
        _label(group, placed.x + 10, placed.y + _HEAD + number * _ROW + 13, _cut(text), kind)


def _plain_box(root: Tree.Element, text: str, placed: Placed, kind: str) -> None:
    group = _add(root, "g", class_=kind)
    _add(group, "title").text = text
    _add(group, "rect", x=placed.x, y=placed.y, width=placed.width, height=placed.height, rx=5)
    _label(group, placed.x + 10, placed.y + 16, _cut(text), "name")


def _label(group: Tree.Element, x: float, y: float, text: str, kind: str) -> None:
    _add(group, "text", x=x, y=y, class_=kind).text = text


def _relation(root: Tree.Element, relation: Relation, line: Line, y: float) -> None:
    """The line of a relation: from the row of its field, with a crow's foot where there are many."""
    points = ((line.points[0][0], y), *line.points[1:])
    kind = "line optional" if relation.null else "line"
    path = _path(root, points, kind)
    _add(path, "title").text = f"{relation.source}.{relation.name} → {relation.target}"
    _end(root, points[0], points[1], many=relation.kind != "o2o")
    _end(root, points[-1], points[-2], many=relation.kind == "m2m")


def _path(
    root: Tree.Element, points: Sequence[tuple[float, float]], kind: str, width: float = 1.2
) -> Tree.Element:
    """A line that leaves and reaches boxes and columns at right angles."""
    (x, y), *rest = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for next_x, next_y in rest:
        middle = (x + next_x) / 2
        parts.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {next_y:.1f} {next_x:.1f} {next_y:.1f}")
        x, y = next_x, next_y
    return _add(root, "path", d="".join(parts), class_=kind, stroke_width=width)


def _end(root: Tree.Element, at: tuple[float, float], towards: tuple[float, float], *, many: bool) -> None:
    """A crow's foot at a box for many rows, a bar for one."""
    x, y = at
    out = 9.0 if towards[0] > x else -9.0
    if many:
        d = f"M{x + out:.1f} {y:.1f}L{x:.1f} {y - 4.5:.1f}M{x + out:.1f} {y:.1f}L{x:.1f} {y + 4.5:.1f}"
    else:
        d = f"M{x + out / 2:.1f} {y - 4.5:.1f}v9"
    _add(root, "path", d=d, class_="line end")


def _arrow(root: Tree.Element, line: Line) -> None:
    """A head at the end of a line between applications."""
    (x, y), (before, _) = line.points[-1], line.points[-2]
    out = 8.0 if before > x else -8.0
    if hypot(before - x, 1) > 1:
        _add(root, "path", d=f"M{x:.1f} {y:.1f}l{out:.1f} -4.5v9z", class_="head")


def _text(root: Tree.Element) -> str:
    return Tree.tostring(root, encoding="unicode", short_empty_elements=True)
