"""Something that no rollback takes back happens before the transaction is committed."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts.walk import contains
from djguide_analyzers.rules.after_commit import after_commit
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.effects import Kind
from djguide_analyzers.rules.entry_points import REQUESTS
from djguide_analyzers.rules.escaping import Escape, escapes
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.nodes import blocks
from djguide_analyzers.rules.write_units import on_one_path

RULE = Rule(
    summary="Mail, a request to another server or a pause inside a transaction",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_HARM: dict[Kind, str] = {
    "mail": "a rollback does not take it back, and the rows stay locked until the mail server has answered",
    "request": "a rollback does not take it back, and the rows stay locked until the answer has come",
    "process": "a rollback does not take it back, and the rows stay locked until it has ended",
    "pause": "the rows that it has written stay locked meanwhile, and its connection is of no use to others",
}


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for escape in escapes(file, scope, *_HARM):
        if isinstance(escape.opened, str) and escape.opened in REQUESTS:
            continue  # the whole request is one transaction: moving one call out of it takes a decision
        evidence = escape.evidence(file)
        what = escape.effect.what
        yield Hit(
            file.place(escape.body.code, escape.call),
            f"{what[0].upper()}{what[1:]} inside {escape.whose}: {_HARM[escape.effect.kind]}",
            related=(evidence,) if evidence is not None else (),
            fixes=(_fix(file, escape),),
        )


def _fix(file: FileContext, escape: Escape) -> Fix:
    if escape.effect.kind == "pause":
        return Fix("Pause outside of the transaction", Safety.MANUAL)
    if escape.effect.kind == "process" and not _is_last(escape):
        return Fix(
            "Move the call behind the transaction", Safety.MANUAL
        )  # what follows may need what it makes
    fix = after_commit(file, escape.body.statements, escape.body.code, escape.call, escape.using)
    return fix if fix.edits else Fix("Move the call behind the transaction", Safety.MANUAL)


def _is_last(escape: Escape) -> bool:
    """Whether nothing of the function runs behind the call."""
    statements, call = escape.body.statements, escape.call
    return not any(
        not contains(node, call) and on_one_path(statements, call, node)
        for block in blocks(statements)
        for node in block
    )
