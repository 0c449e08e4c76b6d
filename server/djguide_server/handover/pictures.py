"""Which models are drawn together, so that each picture can be read.

A project with a hundred models is no single picture. First come the applications, then the models that most others
refer to, then each application; a large one in groups, each around a model with its neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

MOST = 22
"""Models that one picture shows with their columns."""
HEART = 14
"""Models of the picture of the most connected ones."""

Graph = dict[str, Any]
"""A model in the shape of ``djguide models --format json``."""


class Relation(Struct, frozen=True):
    """A line between two models, by label: `kind` is ``fk``, ``o2o`` or ``m2m``, `name` that of the field."""

    source: str
    target: str
    name: str
    kind: str
    null: bool = False


class Picture(Struct, frozen=True):
    """Models that are drawn with their columns, those that stand at the edge by name only, and their relations."""

    title: str
    models: tuple[str, ...]
    others: tuple[str, ...]
    relations: tuple[Relation, ...]


class AppLink(Struct, frozen=True):
    """How many relations lead from models of one application to those of another."""

    source: str
    target: str
    count: int


class Gallery(Struct, frozen=True):
    """All pictures of one project: what the applications have, how they refer to each other."""

    apps: dict[str, int]
    links: tuple[AppLink, ...]
    pictures: tuple[Picture, ...]


def gallery(models: Sequence[Graph]) -> Gallery:
    """The pictures of the models among `models` that the project itself declares."""
    own = {m["label"]: m for m in models if m["project"] and m["line"] is not None}
    relations = [relation for model in own.values() for relation in _relations(model)]
    apps = Counter(model["app_label"] for model in own.values())
    app_of = {label: model["app_label"] for label, model in own.items()}
    between = Counter(
        (app_of[r.source], app_of[r.target])
        for r in relations
        if r.target in app_of and app_of[r.source] != app_of[r.target]
    )
    links = tuple(AppLink(source, target, count) for (source, target), count in sorted(between.items()))
    pictures: list[Picture] = []
    if len(own) > MOST:
        degree = _degrees(relations)
        heart = sorted(own, key=lambda label: (-degree[label], label))[:HEART]
        pictures.append(_picture("The most connected models", heart, relations, outside=False))
    for app in sorted(apps, key=lambda app: (-apps[app], app)):
        labels = [label for label in own if app_of[label] == app]
        if len(labels) <= MOST:
            pictures.append(_picture(app, labels, relations))
        else:
            pictures += _groups(app, labels, relations)
    return Gallery(dict(sorted(apps.items())), links, tuple(pictures))


def _relations(model: Graph) -> Iterator[Relation]:
    nullable = {field["name"] for field in model["fields"] if field.get("null")}
    for relation in model["relations"]:
        if relation["kind"] in ("fk", "o2o", "m2m") and relation["target"]:
            name = relation["name"]
            yield Relation(model["label"], relation["target"], name, relation["kind"], name in nullable)


def _degrees(relations: Iterable[Relation]) -> Counter[str]:
    """With how many others each model is connected."""
    pairs = {tuple(sorted((r.source, r.target))) for r in relations if r.source != r.target}
    return Counter(label for pair in pairs for label in pair)


def _groups(app: str, labels: list[str], relations: list[Relation]) -> Iterator[Picture]:
    """A large application in pieces: again and again the model with most neighbours that are left, with these."""
    left = dict.fromkeys(labels)
    near: dict[str, dict[str, None]] = {label: {} for label in labels}
    for relation in relations:
        if relation.source in near and relation.target in near and relation.source != relation.target:
            near[relation.source][relation.target] = None
            near[relation.target][relation.source] = None
    loose: list[str] = []
    while left:
        centre = max(left, key=lambda label: sum(other in left for other in near[label]))
        del left[centre]
        # Those that are connected with nothing else first: the others may be the centre of a group.
        around = sorted(
            (other for other in near[centre] if other in left),
            key=lambda label: sum(other in left for other in near[label]),
        )[: MOST - 1]
        if len(around) < 2:
            loose += [centre, *around]
        else:
            title = f"{app}, around {centre.rpartition('.')[2]}"
            yield _picture(title, [centre, *around], relations)
        for label in around:
            del left[label]
    for start in range(0, len(loose), MOST):
        yield _picture(f"{app}, the rest", loose[start : start + MOST], relations)


def _picture(title: str, labels: list[str], relations: list[Relation], *, outside: bool = True) -> Picture:
    """The picture of `labels`, with what they refer to elsewhere unless `outside` is False."""
    inside = set(labels)
    shown = [r for r in relations if r.source in inside and (outside or r.target in inside)]
    others = dict.fromkeys(r.target for r in shown if r.target not in inside)
    return Picture(title, tuple(labels), tuple(others), tuple(shown))
