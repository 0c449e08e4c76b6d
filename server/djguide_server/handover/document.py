"""The contents of the document: plain values, the same for each form that it is written in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from djguide_analyzers.engine.report import ProjectSummary
from djguide_analyzers.rules.finding import Finding, Severity
from djguide_analyzers.survey.values import Area, Component, Cost, Feature, Kind, Spot, Survey, View
from djguide_server.cli.formats.text import count
from djguide_server.cli.result import best_fix, standing
from djguide_server.handover.pictures import Gallery, gallery

SPECIALISTS: dict[str, tuple[str, ...]] = {
    "Security": ("security", "settings"),
    "API": ("api",),
    "Performance": ("queries", "caching", "asynchronous", "tasks"),
    "Database": ("models", "indexes", "migrations", "services"),
    "Front end": ("views", "forms", "admin"),
    "Application": (),
}
"""Who is concerned with the findings of which practices; the last one with those of all others."""

KINDS: dict[Kind, str] = {
    "model": "Models",
    "view": "Views",
    "endpoint": "API endpoints",
    "serializer": "Serializers",
    "service": "Services",
    "task": "Tasks",
    "command": "Commands",
    "form": "Forms",
    "admin": "Admin classes",
    "receiver": "Signal receivers",
}
AREAS: dict[Area, str] = {
    "access": "Authentication and permissions",
    "database": "Database optimisation",
    "background": "Background work",
    "caching": "Caching",
}
ROWS = 25
"""Rows of each list for which the table of queries gives numbers."""
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class Place(Struct, frozen=True, order=True):
    """A line, as it is printed: path relative to where the command was run, lines from one."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Part(Struct, frozen=True):
    """A component in a list."""

    name: str
    app: str
    detail: str
    place: Place


class ViewRow(Struct, frozen=True):
    """A view with its queries: ``terms`` in words (``2 + 3N``), for one row, for `ROWS` rows, and its writes."""

    view: View
    place: Place
    routes: tuple[str, ...]
    reads: str
    one: int
    many: int
    writes: str
    grows: bool
    complete: bool


class Told(Struct, frozen=True):
    """A finding in a list."""

    place: Place
    message: str


class RuleGroup(Struct, frozen=True):
    """The findings of one rule: what it is, what they cost, which fixes there are, and where they are."""

    code: str
    practice: str
    severity: str
    summary: str
    cost: str
    fixes: str
    findings: tuple[Told, ...]


class Concern(Struct, frozen=True):
    """What one specialist should look at."""

    specialist: str
    count: int
    groups: tuple[RuleGroup, ...]


class ProjectDocument(Struct):
    """One project: its components by kind (`parts`), how many there are in all and in each application."""

    name: str
    django: str
    settings: str
    apps: tuple[str, ...]
    parts: dict[str, tuple[Part, ...]]
    counts: tuple[tuple[str, int], ...]
    by_app: tuple[tuple[str, tuple[int, ...]], ...]
    features: dict[str, tuple[tuple[Feature, Place | None], ...]]
    views: tuple[ViewRow, ...]
    endpoints: tuple[ViewRow, ...]
    pages: tuple[ViewRow, ...]
    gallery: Gallery
    models: dict[str, dict[str, Any]]


class Document(Struct):
    """The whole document; `brief` says in a few sentences what matters most."""

    title: str
    date: str
    version: str
    projects: tuple[ProjectDocument, ...]
    severities: tuple[tuple[str, int], ...]
    concerns: tuple[Concern, ...]
    brief: tuple[str, ...]
    unread: tuple[str, ...]


class Names:
    """How the document names places: `display` turns an absolute path into the printed one."""

    def __init__(self, display: Callable[[str], str]) -> None:
        self._display = display

    def spot(self, spot: Spot) -> Place:
        return Place(self._display(spot.path), spot.line + 1)

    def finding(self, finding: Finding) -> Place:
        place = standing(finding)
        return Place(self._display(place.path), place.range.start.line + 1)


# --- one project -----------------------------------------------------------------------------------------


def project_document(
    summary: ProjectSummary, survey: Survey, models: Sequence[dict[str, Any]], names: Names
) -> ProjectDocument:
    """What a project is made of; `models` are those of ``djguide models --format json``."""
    rows = tuple(_row(view, names) for view in survey.views)
    parts: dict[str, tuple[Part, ...]] = {}
    for kind, title in KINDS.items():
        if kind in ("view", "endpoint"):
            wanted = [row for row in rows if (row.view.kind == "api") == (kind == "endpoint")]
            found = [Part(r.view.name, r.view.app, ", ".join(r.routes), r.place) for r in wanted]
        else:
            found = [_part(each, names) for each in survey.components if each.kind == kind]
        if found:
            parts[title] = tuple(found)
    apps = sorted({part.app for found in parts.values() for part in found})
    counted = {title: Counter(part.app for part in found) for title, found in parts.items()}
    features = {
        title: tuple((f, names.spot(f.spot) if f.spot else None) for f in survey.features if f.area == area)
        for area, title in AREAS.items()
    }
    return ProjectDocument(
        name=summary.root.rpartition("/")[2],
        django=summary.django_version or "not known",
        settings=summary.settings_module or "not found",
        apps=summary.apps,
        parts=parts,
        counts=tuple((title, len(found)) for title, found in parts.items()),
        by_app=tuple((app, tuple(counted[title][app] for title in parts)) for app in apps),
        features=features,
        views=tuple(sorted((r for r in rows if r.view.cost), key=lambda r: (-r.many, -r.one, r.place))),
        endpoints=tuple(row for row in rows if row.view.kind == "api"),
        pages=tuple(row for row in rows if row.view.templates),
        gallery=gallery(models),
        models={model["label"]: model for model in models},
    )


def _part(component: Component, names: Names) -> Part:
    return Part(component.name, component.app, component.detail, names.spot(component.spot))


def _row(view: View, names: Names) -> ViewRow:
    cost = view.cost or Cost()
    return ViewRow(
        view,
        names.spot(view.spot),
        tuple(dict.fromkeys(path for path, _ in view.routes)),
        formula(cost.terms),
        cost.queries(1),
        cost.queries(ROWS),
        formula(cost.writes),
        any(cost.terms[1:]),
        cost.complete,
    )


def formula(terms: Sequence[int]) -> str:
    """``(2, 3, 1)`` as ``2 + 3N + N²``."""
    powers = ("", "N", "N²", "N³")
    parts = [
        str(count) if not power else f"{'' if count == 1 else count}{powers[power]}"
        for power, count in enumerate(terms)
        if count
    ]
    return " + ".join(parts) or "0"


# --- findings --------------------------------------------------------------------------------------------


def concerns(
    findings: Sequence[Finding],
    names: Names,
    page: Callable[[str], str | None],
    summary: Callable[[str], str],
) -> tuple[Concern, ...]:
    """The findings by specialist, then by rule, the most severe and frequent first.

    Args:
        page: The page of a rule by its code; None for what is no rule.
        summary: What a rule finds, in a sentence.
    """
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    groups: dict[str, list[tuple[tuple[int, int, str], RuleGroup]]] = {name: [] for name in SPECIALISTS}
    for code, found in by_code.items():
        severity = min((finding.severity for finding in found), key=_RANK.__getitem__)
        group = RuleGroup(
            code,
            found[0].practice,
            severity.value,
            summary(code),
            cost_told(page(code) or ""),
            _fixes(found),
            tuple(Told(names.finding(finding), finding.message) for finding in found),
        )
        groups[specialist_of(group.practice)].append(((_RANK[severity], -len(found), code), group))
    return tuple(
        Concern(name, sum(len(g.findings) for _, g in held), tuple(g for _, g in sorted(held, key=_first)))
        for name, held in groups.items()
        if held
    )


def _first(entry: tuple[tuple[int, int, str], RuleGroup]) -> tuple[int, int, str]:
    return entry[0]


def specialist_of(practice: str) -> str:
    """Who is concerned with the findings of a practice."""
    return next((name for name, held in SPECIALISTS.items() if practice in held), list(SPECIALISTS)[-1])


def cost_told(page: str) -> str:
    """What a rule's page says first about why: it is about the cost."""
    match = re.search(r"^## Why\n+(.+?)(?:\n\n|\n## |\Z)", page, re.MULTILINE | re.DOTALL)
    return " ".join(match[1].split()) if match is not None else ""


def _fixes(findings: Sequence[Finding]) -> str:
    best = (best_fix(finding) for finding in findings)
    counts = Counter(fix.safety.value for fix in best if fix is not None)
    told = {"safe": "applied by --fix", "review": "to be reviewed"}
    return ", ".join(f"{counts[name]} {words}" for name, words in told.items() if counts[name])


# --- in brief --------------------------------------------------------------------------------------------


def in_brief(projects: Sequence[ProjectDocument], found: Sequence[Concern]) -> tuple[str, ...]:
    """What somebody who reads nothing else should know."""
    told: list[str] = []
    views = [row for project in projects for row in project.views]
    growing = [row for row in views if row.grows]
    if growing:
        worst = growing[0]
        verb = "runs" if len(growing) == 1 else "run"
        told.append(
            f"{len(growing)} of {count(len(views), 'view')} {verb} more queries the more rows there are; "
            f"{_name(worst)} may come to {worst.many} queries with {ROWS} rows in each list."
        )
    elif views:
        told.append(
            f"None of {len(views)} views runs more queries when there are more rows, as far as was followed."
        )
    rows = [row for project in projects for row in project.endpoints]
    unguarded = [row for row in rows if row.view.access is None and _may_write(row)]
    if unguarded:
        names = ", ".join(map(_name, unguarded[:3]))
        told.append(
            f"{count(len(unguarded), 'API endpoint')} {'takes' if len(unguarded) == 1 else 'take'} writes "
            f"without asking who it is: {names}{' and others' if len(unguarded) > 3 else ''}."
        )
    severe = [group for concern in found for group in concern.groups if group.severity == "error"]
    for group in severe[:3]:
        told.append(f"{len(group.findings)} × `{group.code}`: {group.summary}.")
    if not found:
        told.append("No findings.")
    return tuple(told)


def _name(row: ViewRow) -> str:
    return "`{}`".format(row.view.name.replace("`", "'"))


def _may_write(row: ViewRow) -> bool:
    return not {"POST", "PUT", "PATCH", "DELETE"}.isdisjoint(row.view.methods)
