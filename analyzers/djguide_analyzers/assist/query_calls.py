"""Arguments of queryset methods, managers and model classes: which paths they take."""

from __future__ import annotations

from djguide_analyzers.assist.paths import QUERY, End, Names, Parts, Paths, describe_field, names
from djguide_analyzers.assist.scanning import Bracket
from djguide_analyzers.assist.scene import Scene
from djguide_analyzers.assist.subjects import Domain, FieldSubject, Item
from djguide_analyzers.project.graph import Model

_FILTERS = frozenset({"filter", "exclude", "get", "get_or_create", "update_or_create", "aget", "aget_or_create",
                      "aupdate_or_create"})  # fmt: skip
_CREATES = frozenset({"create", "acreate"})
_UPDATES = frozenset({"update", "aupdate"})
_SHORTCUTS = frozenset({"django.shortcuts.get_object_or_404", "django.shortcuts.get_list_or_404",
                        "django.shortcuts.aget_object_or_404", "django.shortcuts.aget_list_or_404"})  # fmt: skip
_CONDITIONS = frozenset({"Q", "When", "Case", "FilteredRelation"})
_ONE_STEP = Parts.JOINS | Parts.REVERSE
_PATHS: dict[str, tuple[End, Parts, str]] = {
    "select_related": (End.ONE, _ONE_STEP, ""),
    "prefetch_related": (End.RELATION, _ONE_STEP | Parts.ACCESSORS, ""),
    "order_by": (End.ANY, QUERY | Parts.LOOKUPS, "-"),
    "values": (End.ANY, QUERY | Parts.LOOKUPS, ""),
    "values_list": (End.ANY, QUERY | Parts.LOOKUPS, ""),
    "only": (End.COLUMN, Parts.JOINS, ""),
    "defer": (End.COLUMN, Parts.JOINS, ""),
    "distinct": (End.ANY, QUERY, ""),
    "earliest": (End.ANY, QUERY, "-"),
    "latest": (End.ANY, QUERY, "-"),
    "dates": (End.COLUMN, QUERY, ""),
    "datetimes": (End.COLUMN, QUERY, ""),
    "bulk_update": (End.COLUMN, Parts.NONE, ""),
    "in_bulk": (End.COLUMN, Parts.NONE, ""),
}
"""What the texts given to a method may be."""
_FIRST_ONLY = frozenset({"dates", "datetimes"})
_ANNOTATED = frozenset({"order_by", "values", "values_list", "distinct", "earliest", "latest"})
_EXPRESSIONS = frozenset(
    {
        *("F", "Count", "Sum", "Avg", "Max", "Min", "StdDev", "Variance", "OrderBy", "Cast"),
        *("Lower", "Upper", "Length", "Trim", "Substr", "Left", "Right", "Replace", "Concat"),
        *("Abs", "Ceil", "Floor", "Round", "Coalesce", "Greatest", "Least", "NullIf"),
        *(
            f"{kind}{part}"
            for kind in ("Trunc", "Extract")
            for part in ("", "Day", "Hour", "Month", "Week", "Year")
        ),
        *("TruncDate", "TruncQuarter", "Lag", "Lead", "FirstValue", "LastValue"),
        *("ArrayAgg", "StringAgg", "JSONBAgg", "SearchVector"),
    }
)
"""Expressions whose first text, at least, names a field."""
_ALL_TEXTS = frozenset({"Coalesce", "Concat", "Greatest", "Least", "NullIf", "SearchVector"})


def keyword_domain(scene: Scene) -> Domain | None:
    """What the name of a keyword argument at the place may be; None when nothing is known."""
    brackets = scene.spot.brackets
    if not brackets or brackets[-1].kind != "(" or not _starts_element(scene, brackets[-1]):
        return None
    call = brackets[-1]
    if call.name in _CONDITIONS:
        outer = next(
            (each for each in reversed(brackets[:-1]) if each.name in _FILTERS or _takes_q(each)), None
        )
        return _filters(scene, outer) if outer is not None else None
    if call.name in _FILTERS and call.keyword is None:
        return _filters(scene, call)
    if call.name in _CREATES or call.name in _UPDATES:
        rows = scene.rows(call)
        return fields_to_set(rows[0], creating=call.name in _CREATES) if rows is not None else None
    if call.dotted and scene.dotted(call) in _SHORTCUTS and call.index:
        return _of_shortcut(scene, call)
    model = scene.model_named(call.dotted)
    return fields_to_set(model, creating=True) if model is not None else None


def text_domain(scene: Scene) -> Domain | None:
    """What a text among the arguments of a queryset method may be."""
    brackets = [each for each in scene.spot.brackets if each.kind == "(" and each.name is not None]
    if not brackets:
        return None
    inner = brackets[-1]
    if inner.name == "Prefetch":
        return _texts(scene, brackets[:-1], "prefetch_related") if _is_argument(inner, "lookup") else None
    if inner.name in _EXPRESSIONS:
        if inner.keyword is None and (not inner.index or inner.name in _ALL_TEXTS):
            return _expression(scene, brackets[:-1])
        return None
    if inner.name in ("get_or_create", "update_or_create", "aget_or_create", "aupdate_or_create"):
        return _defaults(scene, inner)
    if inner.name == "save" and inner.keyword == "update_fields":
        return None
    if inner.name in _PATHS and inner.keyword in (None, "fields", "field_name"):
        if inner.name in _FIRST_ONLY and inner.index:
            return None
        if inner.name == "bulk_update" and not (inner.index == 1 or inner.keyword == "fields"):
            return None
        return _texts(scene, brackets, inner.name)
    return None


def fields_to_set(model: Model, *, creating: bool) -> Names:
    """Fields that rows of `model` are made or updated with."""
    items: list[Item] = []
    for field in model.fields.values():
        if not field.sure() or field.kind in ("m2m", "generic") or (field.column is None and not creating):
            continue
        subject = FieldSubject(model, field)
        items.append(Item(field.name, subject, describe_field(field)))
        if field.attname != field.name:
            items.append(Item(field.attname, subject, describe_field(field)))
    return Names(tuple(items))


def _starts_element(scene: Scene, bracket: Bracket) -> bool:
    """Whether the word at the place is the first thing of its argument."""
    return bracket.keyword is None and not scene.text[bracket.element : scene.spot.word].strip()


def _takes_q(bracket: Bracket) -> bool:
    return bracket.name in ("annotate", "alias", "aggregate", "order_by", "update", "values", "get_queryset")


def _filters(scene: Scene, call: Bracket) -> Paths | None:
    rows = scene.rows(call)
    if rows is None:
        return None
    return Paths(scene.project.graph, rows[0], End.ANY, QUERY | Parts.LOOKUPS, _annotations(rows[1]))


def _of_shortcut(scene: Scene, call: Bracket) -> Paths | None:
    """``get_object_or_404(Book, …)``: the model is the first argument, a class, or a manager or queryset of one."""
    start = call.name_end + 1
    first = scene.text[start : scene.text.find(",", start)].strip()
    model = None
    while first and model is None:
        model = scene.model_named(first)
        first = first.rpartition(".")[0]
    return Paths(scene.project.graph, model, End.ANY, QUERY | Parts.LOOKUPS) if model is not None else None


def _texts(scene: Scene, brackets: list[Bracket], method: str) -> Paths | None:
    call = next((each for each in reversed(brackets) if each.name == method), None)
    rows = scene.rows(call) if call is not None else None
    if rows is None:
        return None
    end, parts, marks = _PATHS[method]
    extra = _annotations(rows[1]) if method in _ANNOTATED else ()
    return Paths(scene.project.graph, rows[0], end, parts, extra, marks)


def _expression(scene: Scene, outer: list[Bracket]) -> Paths | None:
    """What an expression may name: fields of the rows of the nearest queryset method around it."""
    for call in reversed(outer):
        if (
            call.name in _EXPRESSIONS
            or call.name in _CONDITIONS
            or call.name in ("Value", "ExpressionWrapper")
        ):
            continue
        rows = scene.rows(call)
        if rows is None:
            return None
        parts = QUERY | Parts.LOOKUPS if call.name not in _UPDATES else Parts.ATTNAMES
        return Paths(scene.project.graph, rows[0], End.ANY, parts, _annotations(rows[1]))
    return None


def _defaults(scene: Scene, call: Bracket) -> Names | None:
    """Keys of ``defaults={…}``."""
    inner = scene.spot.brackets[-1]
    if call.keyword not in ("defaults", "create_defaults") or inner.kind != "{" or inner.value:
        return None
    rows = scene.rows(call)
    return fields_to_set(rows[0], creating=True) if rows is not None else None


def _is_argument(bracket: Bracket, name: str) -> bool:
    return bracket.keyword == name or (bracket.keyword is None and not bracket.index)


def _annotations(found: frozenset[str]) -> tuple[Item, ...]:
    return names("annotation", dict.fromkeys(sorted(found), "annotation"))
