"""Comments in a stretch of text that an edit is about to replace."""

from __future__ import annotations

from djguide_analyzers.source import scan


def comments(text: str) -> list[str]:
    """The comment on each line of `text`, empty where there is none."""
    found = [""] * (text.count("\n") + 1)
    for token in scan.comments(text):
        found[text.count("\n", 0, token.offset)] = token.text.rstrip("\r\n")
    return found
