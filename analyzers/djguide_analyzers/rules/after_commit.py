"""Fixes that let a call wait for the commit."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.finding import Fix, Safety


def after_commit(
    file: FileContext, block: list[ir.Stmt], code: Code, node: ir.Call, using: str | None = None
) -> Fix:
    """Hand the call `node`, a statement of its own in `block`, to ``on_commit()``; else it is advice.

    `using` is the text of the database's alias where it is not the default one.
    """
    title = "Do it with `on_commit()`"
    manual = Fix(title, Safety.MANUAL)
    if not any(isinstance(each, ir.ExprStmt) and each.value is node for each in walk(block)):
        return manual  # what it returns is used
    if is_handled(block, node):
        return manual
    transaction = import_name(file, "django.db", "transaction")
    partial = import_name(file, "functools", "partial")
    text = file.text(code, node)
    if transaction is None or partial is None or "#" in text:
        return manual
    func = file.text(code, node.func)
    arguments = text[len(func) :].strip().removeprefix("(").removesuffix(")").strip().rstrip(",")
    if "\n" in arguments or "\r" in arguments:
        return manual
    callback = f"{partial[0]}({func}, {arguments})" if arguments else func
    alias = f", using={using}" if using is not None else ""
    edit = replace(file, code.range(node), f"{transaction[0]}.on_commit({callback}{alias})")
    # Imports that go to the same place stay in this order.
    return Fix(title, Safety.REVIEW, (edit, *(partial[1] if arguments else ()), *transaction[1]))


def is_handled(block: list[ir.Stmt], node: ir.Call) -> bool:
    """Whether something is done about the errors of a call, which nobody would catch at the commit."""
    tries = (each for each in walk(block) if isinstance(each, ir.Try) and each.handlers)
    return any(contains(each.body, node) for each in tries)
