"""A model form's ``clean()`` forgets the parent's, which switches the check for unique values on."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.form_classes import MODEL_FORM, form_model, model_field_names
from djguide_analyzers.rules.places import line_start, name_place

RULE = Rule(
    summary="A model form's `clean()` does not call the parent's, so unique values are not checked",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
    default=False,
)


def check(file: FileContext) -> Iterator[Hit]:
    resolver = file.project.resolver
    for cls in file.classes():
        clean = cls.member("clean")
        if not isinstance(clean, FunctionInfo) or not resolver.is_subclass(cls, MODEL_FORM):
            continue
        model, fields = form_model(file, cls), model_field_names(file, cls)
        if model is None or fields is None or _calls_parent(clean) or _speaks_of_it(file, clean):
            continue
        unique = _unique(
            file, model, frozenset(name for name in fields if not _is_asked_for(file, cls, name))
        )
        if unique:
            yield Hit(
                name_place(file, clean.code, clean.node),
                f"Without the parent's `clean()` the form does not check that {unique} is unique: a repeated value "
                "gets past it and fails in the database",
                fixes=(_fix(file, clean),),
            )


def _calls_parent(clean: FunctionInfo) -> bool:
    return any(
        isinstance(node, ir.Attr)
        and (node.name == "_validate_unique" or (node.name == "clean" and not _is_self(node.value)))
        for node in walk(clean.statements)
    )


_QUERIES = frozenset({"exists", "count", "filter", "exclude", "get", "first", "aexists"})


def _is_asked_for(file: FileContext, cls: ClassInfo, name: str) -> bool:
    """Whether the form's own ``clean_<name>()`` asks the database, which is how a message of one's own is made."""
    found = file.project.resolver.class_attribute(cls, f"clean_{name}")
    if found is None or not isinstance(found[1], FunctionInfo):
        return False
    return any(
        isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and _is_query(node.func)
        for node in walk(found[1].statements)
    )


def _is_query(func: ir.Attr) -> bool:
    """Whether a method of a manager or queryset is called, and not of ``cleaned_data``."""
    if func.name not in _QUERIES:
        return False
    return not (isinstance(func.value, ir.Attr) and func.value.name == "cleaned_data")


def _speaks_of_it(file: FileContext, clean: FunctionInfo) -> bool:
    """Whether the method, or a comment in it, is about unique values: its author knows."""
    return "unique" in file.text(clean.code, clean.node).lower()


def _is_self(node: ir.Expr) -> bool:
    return isinstance(node, ir.Name) and node.id == "self"


def _unique(file: FileContext, model: Model, fields: frozenset[str]) -> str:
    """What the form would have checked, in words; empty when there is nothing."""
    for name in sorted(fields):
        field = model.fields.get(name)
        if field is not None and field.unique and not field.primary_key:
            return f"`{name}`"
    sets = list(model.unique_together)
    version = file.project.version
    if version is not None and version.within(">=6.1") is True:
        # Before that, the instance's `full_clean()` checks constraints without the parent's help.
        sets += [_constraint_fields(constraint) for constraint in model.constraints]
    for together in sets:
        if together and set(together) <= fields:
            return " with ".join(f"`{name}`" for name in together)
    return ""


def _constraint_fields(constraint: dict[str, object]) -> list[str]:
    names = constraint.get("fields")
    if not str(constraint.get("class", "")).endswith("UniqueConstraint") or constraint.get("partial"):
        return []
    return [str(name) for name in names] if isinstance(names, (list, tuple)) else []


def _fix(file: FileContext, clean: FunctionInfo) -> Fix:
    title = "Call the parent's `clean()`"
    first = clean.statements[0]
    if _is_docstring(first):
        if len(clean.statements) == 1:
            return Fix(title, Safety.MANUAL)
        first = clean.statements[1]
    place = line_start(file, clean.body_code, first)
    if place is None:
        return Fix(title, Safety.MANUAL)
    return Fix(title, Safety.SAFE, (insert(file, place[1], f"{place[0]}super().clean()\n"),))


def _is_docstring(node: ir.Stmt) -> bool:
    return (
        isinstance(node, ir.ExprStmt)
        and isinstance(node.value, ir.Const)
        and isinstance(node.value.value, str)
    )
