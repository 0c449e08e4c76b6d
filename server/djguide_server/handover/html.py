"""The document as one HTML file that needs nothing else: no scripts, no fonts, nothing from the network."""

from __future__ import annotations

from importlib import resources
from typing import Any

import msgspec
from django.template import Context, Engine, Library
from django.utils.html import escape
from django.utils.safestring import SafeString

from djguide_server.cli.streams import clean
from djguide_server.handover import svg
from djguide_server.handover.document import ROWS, Document, ProjectDocument

filters = Library()


@filters.filter
def prose(text: str) -> SafeString:
    """A sentence of djguide's own, in which backticks are code."""
    parts = [str(escape(part)) for part in str(text).split("`")]
    if len(parts) % 2 == 0:
        return SafeString(escape(text))
    pieces = (f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
    return SafeString("".join(pieces))


def render(document: Document) -> str:
    """All of it. Every text of the project goes through the template's escaping, or is a text of a tree (SVG)."""
    document = msgspec.convert(_cleaned(msgspec.to_builtins(document)), Document)
    engine = Engine(autoescape=True)
    engine.template_builtins.append(filters)
    template = engine.from_string(_resource("report.html"))
    context = {
        "document": msgspec.to_builtins(document),
        "projects": [
            {**msgspec.to_builtins(project), "pictures": _pictures(project)} for project in document.projects
        ],
        "style": SafeString(_resource("report.css")),
        "rows": ROWS,
    }
    return template.render(Context(context, use_l10n=False, use_tz=False))


def _pictures(project: ProjectDocument) -> dict[str, Any]:
    """The diagrams by title: elements whose texts are escaped as they are written."""
    found = project.gallery
    return {
        "apps": SafeString(svg.of_apps(found)) if len(found.apps) > 1 else "",
        "models": [
            (picture.title, SafeString(svg.of_models(picture, project.models))) for picture in found.pictures
        ],
    }


def _cleaned(value: Any) -> Any:
    """`value` without characters that steer a reader's eye or are none of HTML's."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(each) for each in value]
    return value


def _resource(name: str) -> str:
    return resources.files(__package__ or "").joinpath(name).read_text(encoding="utf-8")
