"""A text or number that is none of the column's choices."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.choices import Choices, static_choices
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.fields import declared_fields
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.model_classes import column, targets
from djguide_analyzers.trace.values import BuiltinMethod, ClassValue, ManagerValue, QuerySetValue, Row

RULE = Rule(
    summary="A literal is compared with, assigned to or filtered on a column that has no such choice",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_LOOKS_UP = frozenset({"filter", "exclude", "get", "aget", "get_or_create", "aget_or_create", "update_or_create",
                       "aupdate_or_create", "annotate", "aggregate", "aaggregate", "alias"})  # fmt: skip
_STORES = frozenset({"create", "acreate", "update", "aupdate"})
_CONDITIONS = frozenset({"django.db.models.query_utils.Q", "django.db.models.expressions.When"})
_SHORTCUTS = frozenset(
    f"django.shortcuts.{name}"
    for name in ("get_object_or_404", "aget_object_or_404", "get_list_or_404", "aget_list_or_404")
)
_CLOSE = 0.7


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test or "/migrations/" in file.path:
        return
    yield from _defaults(file)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or "/migrations/" in file.path:
        return
    for node, code in scope.nodes(ir.Compare):
        yield from _compared(file, scope, code, node)
    for node, code in scope.nodes(ir.Assign):
        yield from _assigned(file, scope, code, node)
    for node, code in scope.nodes(ir.Call):
        yield from _called(file, scope, code, node)


# --- where literals meet columns -------------------------------------------------------------------------


def _defaults(file: FileContext) -> Iterator[Hit]:
    for declared in declared_fields(file):
        default = declared.call.keyword("default")
        field = column(file.project.graph, declared.cls, declared.name)
        if isinstance(default, ir.Const) and field is not None and field.call is declared.call:
            yield from _hits(file, declared.code, field, [default], "has the default")


def _compared(file: FileContext, scope: Scope, code: Code, node: ir.Compare) -> Iterator[Hit]:
    if len(node.ops) != 1 or node.ops[0] not in ("==", "!=", "in", "not in"):
        return
    left, right = node.left, node.rights[0]
    if node.ops[0] in ("==", "!=") and isinstance(left, ir.Const):
        left, right = right, left
    field = _column(file, scope, code, left)
    if field is not None:
        several = node.ops[0] in ("in", "not in")
        yield from _hits(file, code, field, _literals(right, several=several), "is compared with")


def _assigned(file: FileContext, scope: Scope, code: Code, node: ir.Assign) -> Iterator[Hit]:
    if node.value is None:
        return
    values = [node.value.body, node.value.orelse] if isinstance(node.value, ir.IfExp) else [node.value]
    for target in targets(node):
        field = _column(file, scope, code, target)
        if field is not None and not isinstance(node.value, ir.Display):
            literals = [value for value in values if isinstance(value, ir.Const)]
            yield from _hits(file, code, field, literals, "is assigned")


def _column(file: FileContext, scope: Scope, code: Code, node: ir.Expr) -> Field | None:
    """The column that ``row.name`` reads or sets."""
    if not isinstance(node, ir.Attr):
        return None
    row = scope.value(code, node.value)
    model = file.project.graph.get(row.model) if isinstance(row, Row) else None
    return model.fields.get(node.name) if model is not None else None


def _called(file: FileContext, scope: Scope, code: Code, node: ir.Call) -> Iterator[Hit]:
    func = scope.value(code, node.func)
    match func:
        case BuiltinMethod(receiver=ManagerValue() | QuerySetValue() as receiver, name=name):
            label = receiver.model if isinstance(receiver, ManagerValue) else receiver.query.model
            model = file.project.graph.get(label)
            known = frozenset[str]() if isinstance(receiver, ManagerValue) else receiver.query.annotations
            if model is not None and name in _LOOKS_UP:
                if name not in ("annotate", "aggregate", "aaggregate", "alias"):
                    yield from _keywords(file, code, model, node, known, stored=False)
                yield from _conditions(file, code, model, node, known)
                for option in ("defaults", "create_defaults"):
                    yield from _dictionary(file, code, model, node.keyword(option))
            elif model is not None and name in _STORES:
                yield from _keywords(file, code, model, node, frozenset(), stored=True)
                yield from _conditions(file, code, model, node, known)
        case ClassValue(cls=cls) if (model := file.project.graph.of_class(cls)) is not None:
            yield from _keywords(file, code, model, node, frozenset(), stored=True, made=True)
        case _ if node.args and file.resolve(code, node.func) in _SHORTCUTS:
            model = _model_of(file, scope, code, node.args[0])
            if model is not None:
                yield from _keywords(file, code, model, node, frozenset(), stored=False)


def _model_of(file: FileContext, scope: Scope, code: Code, node: ir.Expr) -> Model | None:
    match scope.value(code, node):
        case ClassValue(cls=cls):
            return file.project.graph.of_class(cls)
        case ManagerValue(model=label):
            return file.project.graph.get(label)
        case QuerySetValue(query=query):
            return file.project.graph.get(query.model) if not query.annotations else None
        case _:
            return None


def _conditions(
    file: FileContext, code: Code, model: Model, node: ir.Call, known: frozenset[str]
) -> Iterator[Hit]:
    """``Q`` and ``When`` among the arguments of a queryset method; those of subqueries are another model's."""
    pending: list[ir.Expr] = [*node.args, *(keyword.value for keyword in node.keywords)]
    own = {keyword.name for keyword in node.keywords if keyword.name is not None}
    while pending:
        part = pending.pop()
        if isinstance(part, ir.Call):
            called = part.func
            while isinstance(called, ir.Attr):
                called = called.value
            if isinstance(called, ir.Call) or (isinstance(part.func, ir.Attr) and _is_manager(part.func)):
                continue
            if file.resolve(code, part.func) in _CONDITIONS:
                yield from _keywords(file, code, model, part, known | own, stored=False)
            pending += [*part.args, *(keyword.value for keyword in part.keywords)]
        elif isinstance(part, ir.Bool):
            pending += part.values
        elif isinstance(part, ir.Binary):
            pending += [part.left, part.right]
        elif isinstance(part, ir.Unary):
            pending.append(part.operand)


def _is_manager(func: ir.Attr) -> bool:
    return any(
        isinstance(part, ir.Attr) and part.name in ("objects", "filter", "exclude") for part in walk(func)
    )


def _keywords(
    file: FileContext,
    code: Code,
    model: Model,
    node: ir.Call,
    known: frozenset[str],
    *,
    stored: bool,
    made: bool = False,
) -> Iterator[Hit]:
    for keyword in node.keywords:
        if keyword.name is None or keyword.name in ("defaults", "then"):
            continue
        found = _followed(file, model, keyword.name.split("__")) if not stored else None
        if stored:
            field = model.fields.get(keyword.name)
            found = (field, "exact") if field is not None else None
        if found is None or keyword.name.split("__")[0] in known:
            continue
        field, lookup = found
        if lookup in ("exact", "in"):
            literals = _literals(keyword.value, several=lookup == "in")
            yield from _hits(
                file, code, field, literals, "is stored" if stored else "is looked for", made=made
            )


def _dictionary(file: FileContext, code: Code, model: Model, node: ir.Expr | None) -> Iterator[Hit]:
    if not isinstance(node, ir.Dict):
        return
    for key, value in zip(node.keys, node.values, strict=True):
        name = key.value if isinstance(key, ir.Const) else None
        field = model.fields.get(name) if isinstance(name, str) else None
        if field is not None:
            yield from _hits(file, code, field, _literals(value, several=False), "is stored")


def _followed(file: FileContext, model: Model, path: list[str]) -> tuple[Field, str] | None:
    """The column at the end of a lookup's path, and the lookup."""
    current: Model | None = model
    for number, name in enumerate(path):
        if current is None:
            return None
        field = current.fields.get(name)
        if field is None:
            reverse = next((r for r in current.reverse.values() if r.query_name == name), None)
            if reverse is None:
                return None
            current = file.project.graph.get(reverse.model)
            continue
        if field.kind == "column":
            rest = path[number + 1 :]
            return (field, rest[0] if rest else "exact") if len(rest) < 2 else None
        current = file.project.graph.get(field.target)
    return None


# --- literals --------------------------------------------------------------------------------------------


def _literals(node: ir.Expr, *, several: bool) -> list[ir.Const]:
    if several:
        items = node.items if isinstance(node, ir.Display) else []
        return [item for item in items if isinstance(item, ir.Const)]
    return [node] if isinstance(node, ir.Const) else []


def _hits(
    file: FileContext, code: Code, field: Field, literals: list[ir.Const], what: str, *, made: bool = False
) -> Iterator[Hit]:
    """Hits for literals of the choices' own type that are none; `made` for those of an object made in memory."""
    choices = static_choices(file.project, field) if literals else None
    if choices is None:
        return
    number = isinstance(next(iter(choices.values)), int)
    for literal in literals:
        value = literal.value
        if isinstance(value, bool) or not isinstance(value, int if number else str):
            continue
        if number and made:
            continue  # perhaps a stand-in that is never saved
        if value in choices.values or value == "":
            continue  # the empty text stands for no choice at all
        assert isinstance(value, (str, int))
        yield _hit(file, code, field, literal, value, choices, what)


def _hit(
    file: FileContext,
    code: Code,
    field: Field,
    literal: ir.Const,
    value: str | int,
    choices: Choices,
    what: str,
) -> Hit:
    listed = ", ".join(repr(choice) for choice in list(choices.values)[:6])
    close = _close(value, choices)
    if close is not None:
        edit = replace(file, code.range(literal), _spelled(file.text(code, literal), close))
        fix = Fix(f"Change it to {close!r}", Safety.SAFE, (edit,))
    else:
        fix = Fix("Use one of the choices", Safety.MANUAL)
    related = ()
    if field.code is not None and field.node is not None and field.code.module.path in file.project.modules:
        place = Place(field.code.module.path, field.code.range(field.node))
        related = (Related(f"`{field.name}` and its choices", place),)
    more = ", …" if len(choices.values) > 6 else ""
    return Hit(
        file.place(code, literal),
        f"`{field.name}` {what} {value!r}, which is none of its choices: {listed}{more}",
        related=related,
        fixes=(fix,),
    )


def _close(value: str | int, choices: Choices) -> str | None:
    """The one choice that is meant: the same but for case, the one of that label, or the only similar one."""
    if not isinstance(value, str):
        return None
    texts = [choice for choice in choices.values if isinstance(choice, str)]
    same = [choice for choice in texts if choice.lower() == value.lower()]
    labelled = [
        c for c in texts if (label := choices.values[c]) is not None and label.lower() == value.lower()
    ]
    similar = difflib.get_close_matches(value, texts, n=2, cutoff=_CLOSE)
    for candidates in (same, labelled, similar):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            return None
    return None


def _spelled(written: str, value: str) -> str:
    """`value` as a literal in the quotes of the one it replaces."""
    quote = "'" if written.endswith("'") else '"'
    body = value.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return f"{quote}{body}{quote}"
