"""Columns with text, and which of them are meant to hold markup."""

from __future__ import annotations

from djguide_analyzers.project.graph import Field

_TEXT_FIELDS = frozenset({"CharField", "TextField", "URLField", "JSONField", "FilePathField"})
_MARKUP = ("html", "svg", "markup", "rendered", "embed")
"""Words in the name of a column that is meant to hold markup."""
_KEYS = frozenset(
    {"slug", "code", "identifier", "key", "uuid", "locale", "language", "currency", "color", "colour"}
)
"""Columns of which a validator lets letters and digits through only, as a rule."""


def is_plain_text(field: Field) -> bool:
    """Whether a column holds text in which anything may stand, and that nobody calls markup."""
    if field.name in _KEYS or any(word in field.name.lower() for word in _MARKUP):
        return False
    return field.django_base in _TEXT_FIELDS
