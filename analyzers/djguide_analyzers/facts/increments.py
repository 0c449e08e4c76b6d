"""Facts of a text that was edited, from those of the text before: only the statements around the edit are read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import directives, facts_of
from djguide_analyzers.source.changes import Change
from djguide_analyzers.source.parse import Parsed, parse
from djguide_analyzers.source.scan import is_closed
from djguide_analyzers.source.syntax import try_parse


def facts_after(before: ir.PyFacts, change: Change) -> ir.PyFacts | None:
    """What the text after `change` says, given the facts of the one before it.

    They are those that reading all of it makes. None where that cannot be promised without doing so.
    """
    if change.new[:1] and change.new[0].startswith("\ufeff"):
        return None
    chunks, moved = before.chunks, change.new_end - change.old_end
    # A statement that the edit comes right after may take it in; one that starts with it, be taken in.
    begin = max((n for n, chunk in enumerate(chunks) if chunk.line < change.first), default=-1)
    end = next(
        (n for n, chunk in enumerate(chunks) if chunk.line >= change.old_end and n > begin), len(chunks)
    )
    first = chunks[begin].line if begin >= 0 else 0
    last = chunks[end].line if end < len(chunks) else len(change.old)
    if last < change.old_end:
        return None
    if before.problems and (_is_indented(change.old, first) or _is_indented(change.old, last)):
        return None  # a piece of a broken statement, which may be whole again or broken elsewhere
    elsewhere = [problem for problem in before.problems if not first <= problem.line < last]
    if moved and any(problem.line >= last for problem in elsewhere):
        return None  # what the parser says may tell the line
    text = "\n" * first + "".join(change.new[first : last + moved])
    parsed = _parsed(text, change, alone=not elsewhere)
    if parsed is None:
        return None
    inside = facts_of(parsed, text)
    return ir.PyFacts(
        [
            *chunks[: max(begin, 0)],
            *inside.chunks,
            *(_moved(chunk, moved) for chunk in chunks[end:]),
        ],
        list(directives("".join(change.new))),
        sorted([*elsewhere, *inside.problems], key=lambda problem: problem.line),
    )


def _is_indented(lines: Sequence[str], number: int) -> bool:
    return number < len(lines) and lines[number][:1] in (" ", "\t")


def _parsed(text: str, change: Change, *, alone: bool) -> Parsed | None:
    """The statements of `text`, which `change` was made in; None where what comes after them may belong to them.

    `alone` says that nothing else in the file is broken.
    """
    statements, _ = try_parse(text)
    if statements is not None:
        return Parsed(statements, [])
    lines = chain(change.old[change.first : change.old_end], change.new[change.first : change.new_end])
    if not alone or any(line.strip() and line[0] not in " \t" for line in lines) or not is_closed(text):
        return None
    return parse(text)


def _moved(chunk: ir.Chunk, lines: int) -> ir.Chunk:
    if not lines:
        return chunk
    return ir.Chunk(
        chunk.line + lines,
        chunk.lines,
        chunk.outline,
        chunk.spans,
        chunk.bodies,
        chunk.loads,
        chunk.body_spans,
    )
