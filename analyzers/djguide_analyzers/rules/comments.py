"""Comments in a stretch of text that an edit is about to replace."""

from __future__ import annotations

import io
import tokenize


def comments(text: str) -> list[str] | None:
    """The comment on each line of `text`, empty where there is none; None when that cannot be told."""
    found = [""] * (text.count("\n") + 1)
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                found[token.start[0] - 1] = token.string
    except (tokenize.TokenError, SyntaxError):
        return None
    return found
