"""The document as Markdown: for a pull request, a wiki, an issue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from djguide_server.cli.formats.text import count
from djguide_server.cli.mermaid import entity_diagram
from djguide_server.handover.document import ROWS, Document, ProjectDocument
from djguide_server.handover.pictures import Picture

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")
_SHOWN = 20
"""Findings of one rule that are listed; the others are counted."""


def render(document: Document) -> str:
    """All of it."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield f"# {plain(document.title)}"
    yield ""
    severities = ", ".join(count(number, name) for name, number in document.severities) or "none"
    yield f"{document.date} · djguide {document.version} · findings: {severities}"
    yield ""
    yield from (f"- {prose(sentence)}" for sentence in document.brief)
    for project in document.projects:
        yield from _project(project, titled=len(document.projects) > 1)
    yield from _findings(document)
    if document.unread:
        yield from ("", "## What could not be read", "")
        yield from (f"- {plain(line)}" for line in document.unread)


def _project(project: ProjectDocument, *, titled: bool) -> Iterator[str]:
    if titled:
        yield from ("", f"# {plain(project.name)}")
    yield from ("", f"Django {plain(project.django)}, settings {code(project.settings)}.")
    yield from ("", "## Components", "")
    rows = [[plain(app), *(str(count or "") for count in counts)] for app, counts in project.by_app]
    rows.append(["**all**", *(str(count) for _, count in project.counts)])
    yield from _table(["App", *project.parts], rows)
    for title, parts in project.parts.items():
        yield from ("", f"### {title}", "")
        yield from _table(
            ["Name", "App", "", "Where"],
            ([code(p.name), plain(p.app), plain(p.detail), code(str(p.place))] for p in parts),
        )
    yield from ("", "## Key features")
    for title, features in project.features.items():
        yield from ("", f"### {title}", "")
        yield from _table(
            ["What", "How", "Uses", "First"],
            (
                [plain(f.name), plain(f.detail), str(f.count or ""), code(str(place)) if place else ""]
                for f, place in features
            ),
        )
    yield from _integration(project)
    yield from _costs(project)


def _integration(project: ProjectDocument) -> Iterator[str]:
    yield from ("", "## Integration points")
    if project.endpoints:
        yield from ("", "### API endpoints and serializers", "")
        yield from _table(
            ["Endpoint", "Routes", "Methods", "Serializers", "Model", "Who may"],
            (
                [
                    code(row.view.name),
                    _codes(row.routes),
                    " ".join(row.view.methods),
                    _codes(row.view.serializers),
                    code(row.view.model or ""),
                    plain(row.view.access or "anyone"),
                ]
                for row in project.endpoints
            ),
        )
    yield from ("", "### Models and relations")
    for picture in project.gallery.pictures:
        yield from ("", f"#### {plain(picture.title)}", "", "```mermaid")
        yield from entity_diagram(_graph(project, picture)).rstrip("\n").split("\n")
        yield "```"
    if project.pages:
        yield from ("", "### Templates and what they are given", "")
        yield from _table(
            ["View", "Template", "Variables"],
            (
                [
                    code(row.view.name),
                    code(template.name),
                    ", ".join(
                        f"{code(n)}{f' ({plain(what)})' if what else ''}" for n, what in template.variables
                    ),
                ]
                for row in project.pages
                for template in row.view.templates
            ),
        )


def _graph(project: ProjectDocument, picture: Picture) -> dict[str, list[dict[str, object]]]:
    """The models of a picture without their columns, which would fill the picture."""
    shown = {(relation.source, relation.name) for relation in picture.relations}
    models = []
    for label in picture.models:
        model = project.models[label]
        relations = [r for r in model["relations"] if (label, r["name"]) in shown]
        models.append({**model, "fields": [], "relations": relations})
    return {"models": models}


def _costs(project: ProjectDocument) -> Iterator[str]:
    if not project.views:
        return
    yield from ("", "## Queries of each view", "")
    yield "Predicted from the code: all branches together, N rows in every list and relation."
    yield ""
    yield from _table(
        ["View", "Routes", "1 row", "N rows", f"{ROWS} rows", "Writes", "Where"],
        (
            [
                code(row.view.name),
                _codes(row.routes),
                str(row.one),
                f"{row.reads}{'' if row.complete else ' or more'}",
                str(row.many),
                row.writes if row.writes != "0" else "",
                code(str(row.place)),
            ]
            for row in project.views
        ),
    )


def _findings(document: Document) -> Iterator[str]:
    yield from ("", "## Findings")
    for concern in document.concerns:
        yield from ("", f"### {concern.specialist} ({concern.count})")
        for group in concern.groups:
            yield from ("", f"#### {plain(group.code)}: {len(group.findings)} ({group.severity})", "")
            yield f"{prose(group.summary)}. {prose(group.cost)}".strip()
            if group.fixes:
                yield from ("", f"Fixes: {group.fixes}.")
            yield ""
            for told in group.findings[:_SHOWN]:
                yield f"- {code(str(told.place))} {prose(told.message)}"
            if len(group.findings) > _SHOWN:
                yield f"- and {len(group.findings) - _SHOWN} more"


# --- text ------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """`text` so that nothing of it is markup."""
    return _SPECIAL.sub(r"\\\1", _one_line(text))


def code(text: str) -> str:
    """`text` as code; a column of a table ends at a bar even there."""
    inner = _one_line(text).replace("`", "'").replace("|", "\\|")
    return f"`{inner}`" if inner else ""


def prose(text: str) -> str:
    """A sentence of djguide's own, in which backticks are code and nothing else is markup."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(code(part) if number % 2 else plain(part) for number, part in enumerate(parts))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _codes(texts: Sequence[str]) -> str:
    return ", ".join(map(code, texts))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
