"""What there is to say about a model, a field, a relation or a name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from djguide_analyzers.assist.subjects import (
    FieldSubject,
    LookupSubject,
    MemberSubject,
    ModelSubject,
    ReverseSubject,
    Subject,
    TextSubject,
)
from djguide_analyzers.project.graph import Field, Model, Reverse

_MAX_LISTED = 12


@dataclass
class Description:
    """A short text: a line of code, facts as label and value (in which backquotes mark code), remarks, and SQL."""

    heading: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    sql: str | None = None


def describe(subject: Subject) -> Description:
    """What to show for `subject`."""
    match subject:
        case ModelSubject(model=model):
            return _model(model)
        case FieldSubject(model=model, field=found):
            return _field(model, found)
        case ReverseSubject(model=model, reverse=reverse):
            return _reverse(model, reverse)
        case MemberSubject(function=function):
            return Description(f"def {function.dotted}")
        case LookupSubject(name=name, transform=transform):
            return Description(f"{'transform' if transform else 'lookup'} {name}")
        case TextSubject(kind=kind, name=name, detail=detail):
            return Description(
                f"{kind} {name}", [("leads to", f"`{detail}`")] if kind == "URL" and detail else []
            )


def _model(model: Model) -> Description:
    bases = ", ".join(base.rpartition(".")[2] for base in model.bases)
    found = Description(f"class {model.label}({bases})")
    kind = "proxy of" if model.proxy else "table"
    found.facts += [
        (kind, f"`{model.proxy_for if model.proxy else model.db_table}`"),
        ("primary key", f"`{model.pk}`"),
        ("fields", _listed([*model.fields])),
    ]
    if model.ordering:
        found.facts.append(("ordering", _listed(model.ordering)))
    found.facts += _indexes(model)
    if model.reverse:
        found.facts.append(("reverse", _listed([*model.reverse])))
    found.facts.append(("managers", _listed([*model.managers])))
    found.remarks += _doubts(model.doubts)
    if not model.complete:
        found.remarks.append("A base class could not be read: there may be more than is listed.")
    return found


def _indexes(model: Model) -> Iterator[tuple[str, str]]:
    named = [
        ", ".join(map(str, fields))
        for index in model.indexes
        if isinstance(fields := index.get("fields"), list)
    ]
    if named:
        yield "indexes", "; ".join(f"`{name}`" for name in named)
    together = [*model.unique_together]
    together += [
        [str(name) for name in fields]
        for constraint in model.constraints
        if isinstance(fields := constraint.get("fields"), list) and fields
    ]
    if together:
        yield "unique together", "; ".join(f"`{', '.join(names)}`" for names in together)


def _field(model: Model, found: Field) -> Description:
    name = found.class_name.rpartition(".")[2]
    options = [found.target.rpartition(".")[2]] if found.target else []
    options += [f"max_length={found.max_length}"] if found.max_length is not None else []
    options += [f"on_delete={found.on_delete.rpartition('.')[2]}"] if found.on_delete else []
    options += ["null=True"] if found.null else []
    options += ["unique=True"] if found.unique and not found.primary_key else []
    told = Description(f"{model.name}.{found.name}: {name}({', '.join(options)})")
    if found.column is not None:
        table = f" of `{model.db_table}`" if found.local and model.db_table else ""
        told.facts.append(("column", f"`{found.column}`{table}"))
        told.facts.append(("index", _index_of(model, found)))
    if found.target:
        told.facts.append(("to", f"`{found.target}`"))
    if found.through:
        told.facts.append(("through", f"`{found.through}`"))
    if found.accessor and found.target:
        told.facts.append(("reverse", _reverse_names(found.accessor, found.related_query_name)))
    told.remarks += _doubts(found.doubts)
    return told


def _reverse(model: Model, reverse: Reverse) -> Description:
    kind = "one" if reverse.kind == "o2o" else "many"
    told = Description(f"{model.name}.{reverse.accessor or reverse.query_name}: {kind} {reverse.model}")
    told.facts.append(("other side of", f"`{reverse.model}.{reverse.source.name}`"))
    if reverse.query_name != reverse.accessor:
        told.facts.append(("in lookups", f"`{reverse.query_name}`"))
    if reverse.source.on_delete:
        told.facts.append(("on_delete", f"`{reverse.source.on_delete.rpartition('.')[2]}`"))
    return told


def _index_of(model: Model, found: Field) -> str:
    """How rows are found by this column: what Django makes an index for, and those that begin with it."""
    if found.primary_key:
        return "primary key"
    if found.unique:
        return "unique"
    if found.db_index:
        return "yes"
    if found.kind == "o2o":
        return "unique"
    leading = [
        fields
        for fields in (
            *(index.get("fields") for index in (*model.indexes, *model.constraints)),
            *model.unique_together,
            *model.index_together,
        )
        if isinstance(fields, list) and fields and str(fields[0]).lstrip("-") == found.name
    ]
    return f"first of `{', '.join(map(str, leading[0]))}`" if leading else "none"


def _reverse_names(accessor: str, query_name: str | None) -> str:
    if query_name and query_name != accessor:
        return f"`{accessor}`, in lookups `{query_name}`"
    return f"`{accessor}`"


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_MAX_LISTED])
    more = len(names) - _MAX_LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def _doubts(doubts: dict[str, str]) -> list[str]:
    return [f"Not certain{f' ({name})' if name else ''}: {reason}" for name, reason in doubts.items()]
