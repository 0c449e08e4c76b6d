"""A foreign key that can be edited in every row of the admin's change list."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Value
from djguide_analyzers.rules.admin_selects import is_left_alone, is_select, names, target_name
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import LINE_LENGTH, replace
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.n_plus_one import declaration
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.trace.frameworks import admin

RULE = Rule(
    summary="A foreign key in `list_editable` puts a select of all its rows into every row",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    project = file.project
    registered = admin.registered(project)
    for cls in file.classes():
        models = registered.get(cls)
        own = cls.member("list_editable")
        if not models or not isinstance(own, Value):
            continue
        if not is_left_alone(project, cls, "get_changelist_form", "get_changelist_formset", "get_changelist"):
            continue
        for name, node in (names(own) or {}).items():
            fields = [model.fields.get(name) for model in models]
            if all(is_select(project, cls, field) for field in fields) and fields[0] is not None:
                yield Hit(
                    file.place(own.code, node),
                    f"Every row of this list gets a select of all {target_name(fields[0])} rows: each runs a "
                    "query of its own and fetches them all again",
                    related=tuple(_evidence(file, models[0].label, name)),
                    fixes=(_fix(file, own, name),),
                    data={"model": models[0].label, "relation": name},
                )


def _evidence(file: FileContext, label: str, name: str) -> Iterator[Related]:
    if (declared := declaration(file, label, name)) is not None:
        yield Related(f"`{name}` is declared here", declared)


def _fix(file: FileContext, own: Value, name: str) -> Fix:
    edit = _without(file, own, name)
    title = f'Take "{name}" out of list_editable'
    return Fix(title, Safety.REVIEW, (edit,)) if edit is not None else Fix(title, Safety.MANUAL)


def _without(file: FileContext, own: Value, name: str) -> Edit | None:
    """The list without one of its names, on one line; None where it has comments, or does not fit."""
    listed = own.expr
    if not isinstance(listed, ir.Display) or listed.kind not in ("list", "tuple"):
        return None
    whole = own.code.range(listed)
    kept = [item for item in listed.items if not (isinstance(item, ir.Const) and item.value == name)]
    texts = [file.text(own.code, item) for item in kept]
    opening, closing = ("[", "]") if listed.kind == "list" else ("(", ")")
    if "#" in file.slice(whole):
        return None
    comma = "," if listed.kind == "tuple" and len(kept) == 1 else ""
    text = f"{opening}{', '.join(texts)}{comma}{closing}"
    fits = whole.start.column + len(text) <= LINE_LENGTH
    return replace(file, whole, text) if fits else None
