"""``self.retry()`` in a task that is not given itself."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.celery_tasks import Task, task_scopes
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import arguments_range, insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import Names
from djguide_analyzers.source.edits import Edit

RULE = Rule(
    summary="`self.retry()` in a task without `bind=True`",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check(file: FileContext) -> Iterator[Hit]:
    for task, names in task_scopes(file.project, file.module):
        if task.is_bound is not False:
            continue
        has_self = any(param.name == "self" for param in task.function.node.params.items)
        for node, code in _retries(task):
            bound = names.bindings("self")
            if any(each.how != "parameter" for each in bound) or "self" in task.function.module.symbols.names:
                continue
            yield _hit(file, task, names, code, node, has_self=has_self)


def _retries(task: Task) -> Iterator[tuple[ir.Attr, Code]]:
    for node in walk(task.function.statements):
        match node:
            case ir.Attr(value=ir.Name(id="self"), name="retry"):
                yield node, task.function.body_code


def _hit(file: FileContext, task: Task, names: Names, code: Code, node: ir.Attr, *, has_self: bool) -> Hit:
    fails = (
        "AttributeError: `self` is the first argument of the caller"
        if has_self
        else "NameError: there is no `self`"
    )
    edits = _edits(file, task, has_self=has_self)
    title = "Bind the task"
    fix = Fix(title, Safety.SAFE, edits) if edits is not None else Fix(title, Safety.MANUAL)
    return Hit(
        file.place(code, node),
        f"The task is not bound, so retrying fails with a {fails}",
        fixes=(fix,),
    )


def _edits(file: FileContext, task: Task, *, has_self: bool) -> tuple[Edit, ...] | None:
    info = task.function
    items = info.node.params.items
    edits: list[Edit] = []
    if task.options is None:
        edits.append(insert(file, info.code.range(task.decorator).end, "(bind=True)"))
    else:
        if task.options.keyword("bind") is not None:
            return None
        inside = arguments_range(file, info.code, task.options)
        first = [*task.options.args, *task.options.keywords]
        start = info.code.range(first[0]).start if first else inside.start
        if task.options.args:
            return None
        edits.append(insert(file, start, "bind=True, " if first else "bind=True"))
    if has_self:
        return tuple(edits) if items[0].name == "self" else None
    opening = _parameters(file, task)
    if opening is None:
        return None
    edits.append(insert(file, file.lines.position(opening), "self, " if items else "self"))
    return tuple(edits)


def _parameters(file: FileContext, task: Task) -> int | None:
    """Offset of what stands behind the parenthesis that opens the parameters."""
    info = task.function
    text = file.lines.text
    start = file.lines.offset(info.code.range(info.node.decorators[-1]).end)
    at = text.find(f"def {info.name}", start)
    opening = text.find("(", at)
    if at < 0 or opening < 0:
        return None
    opening += 1
    while opening < len(text) and text[opening] in " \t\r\n":
        opening += 1
    return None if text[opening : opening + 1] == "#" else opening
