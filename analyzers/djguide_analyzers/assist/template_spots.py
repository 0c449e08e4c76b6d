"""Names in the tags of a template: ``{% include "…" %}``, ``{% extends "…" %}`` and ``{% url "…" %}``."""

from __future__ import annotations

import re
from typing import NamedTuple

from djguide_analyzers.assist.names import Catalogue
from djguide_analyzers.assist.subjects import Domain

_TAG = re.compile(r"""\{%-?\s*(?P<tag>include|extends|url)\s+(?P<quote>["'])(?P<name>[^"'\n%]*)""")


class TemplateSpot(NamedTuple):
    """A name in a template: what it may be, and the range of its text."""

    domain: Domain
    start: int
    end: int


def template_spot(text: str, offset: int, catalogue: Catalogue) -> TemplateSpot | None:
    """The first name of the tag around `offset`; None anywhere else."""
    opening = text.rfind("{%", 0, offset)
    match = _TAG.match(text, opening) if opening >= 0 else None
    if match is None or not match.start("name") <= offset <= match.end("name"):
        return None
    domain: Domain = catalogue.urls if match["tag"] == "url" else catalogue.templates
    return TemplateSpot(domain, *match.span("name"))
