"""Adding constraints to a model's ``Meta``."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import ClassInfo, ImportedName, Value
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import LINE_LENGTH, append_argument, import_name, insert, replace
from djguide_analyzers.rules.fields import has_stars, is_literal_true, keyword_node
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.rules.meta import append_item, effective_meta, own_meta, remove_member
from djguide_analyzers.rules.table_indexes import table_indexes
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position

_NAME_LENGTH = 63
"""Longest identifier that PostgreSQL keeps apart."""
ENFORCE = "Let the database enforce it (creates a migration)"


def unique_fix(
    file: FileContext, model: Model, fields: list[Field], only: dict[str, str] | None = None
) -> Fix:
    """Make `fields` unique together: a constraint, or ``unique=True`` on a single column of the model's own.

    With `only`, columns with the literals they must hold, just among the rows that hold them. Advice where the
    model is not the project's, or its options are not written in a simple way.
    """
    advice = Fix(ENFORCE, Safety.MANUAL)
    if model.cls.module.path not in file.project.modules or not fields:
        return advice
    home = file.sibling(model.cls.module)
    first = fields[0]
    if len(fields) > 1 or first.kind != "column" or only:
        made = unique_constraint(home, model.cls, [each.name for each in fields], only or {})
        edits = add_constraint(home, model.cls, made[0]) if made is not None else None
        needless = _without_index(home, model, fields) if not only else []
        if made is None or edits is None or needless is None:
            return advice
        if any(edit.range.overlaps(other.range) for edit in edits for other in needless):
            return advice
        return Fix(ENFORCE, Safety.REVIEW, (*edits, *made[1], *needless))
    call, code = first.call, first.code
    if call is None or code is None or first.owner is not model.cls or call.keyword("unique") is not None:
        return advice
    if is_literal_true(call.keyword("blank")) and not first.null:
        return advice  # several rows may leave it empty
    indexed = keyword_node(call, "db_index")
    if indexed is not None and is_literal_true(indexed.value):
        return Fix(ENFORCE, Safety.REVIEW, (replace(home, code.range(indexed), "unique=True"),))
    return Fix(ENFORCE, Safety.REVIEW, (append_argument(home, code, call, "unique=True"),))


def _without_index(file: FileContext, model: Model, fields: list[Field]) -> list[Edit] | None:
    """Edits in `file` that drop the index over the same columns, which that of a constraint makes needless.

    None where it is not declared in the model's own class, or not simply.
    """
    if len(fields) == 1:
        return _without_own_index(file, model, fields[0])
    columns = tuple((each.name, False) for each in fields)
    edits: list[Edit] = []
    for index in table_indexes(file.project, model):
        if index.columns != columns or not index.plain or index.cls != "btree":
            continue
        if index.owner is not model.cls or index.kind != "index" or not isinstance(index.node, ir.Call):
            return None
        assert index.option is not None
        edits.append(remove_member(file, index.option, index.node))
    return edits


def _without_own_index(file: FileContext, model: Model, field: Field) -> list[Edit] | None:
    """The same for the index that a foreign key has of its own."""
    call, code = field.call, field.code
    if call is None or code is None or field.owner is not model.cls or has_stars(call):
        return None
    given = keyword_node(call, "db_index")
    if given is None:
        return [append_argument(file, code, call, "db_index=False")]
    if is_literal_true(given.value):
        return [replace(file, code.range(given.value), "False")]
    return [] if isinstance(given.value, ir.Const) else None


def unique_constraint(
    file: FileContext, cls: ClassInfo, fields: list[str], only: dict[str, str] | None = None
) -> tuple[str, list[Edit]] | None:
    """How to write a constraint that makes `fields` unique together, and the edits that import its class.

    `only` are columns with the literals that they hold in the rows it is about; all rows when it is empty.
    """
    imported = _constraint_class(file)
    if imported is None or (only and not imported[0].endswith(".UniqueConstraint")):
        return None
    graph = file.project.graph
    model = graph.of_class(cls)
    prefix = model.label.replace(".", "_").lower() if model is not None else "%(app_label)s_%(class)s"
    name = "_".join([prefix, *fields, "unique"])
    if len(name) > _NAME_LENGTH:
        name = "_".join([prefix, *(field[:8] for field in fields), "unique"])
    listed = ", ".join(f'"{field}"' for field in fields)
    if not only:
        return f'{imported[0]}(fields=[{listed}], name="{name}")', imported[1]
    where = ", ".join(f"{column}={literal}" for column, literal in only.items())
    models = imported[0].removesuffix(".UniqueConstraint")
    condition = f"condition={models}.Q({where})"
    return f'{imported[0]}(fields=[{listed}], {condition}, name="{name}")', imported[1]


def _constraint_class(file: FileContext) -> tuple[str, list[Edit]] | None:
    for bound, bindings in file.module.symbols.names.items():
        for binding in bindings:
            if isinstance(binding, ImportedName) and (binding.module, binding.name) == (
                "django.db",
                "models",
            ):
                return f"{bound}.UniqueConstraint", []
    return import_name(file, "django.db.models", "UniqueConstraint")


def as_option(indent: str, items: list[str]) -> str:
    """``constraints = [...]``, one per line where one line would be too long; without the first indentation."""
    line = f"constraints = [{', '.join(items)}]"
    if len(indent) + len(line) <= LINE_LENGTH - 10 and len(items) == 1:
        return line
    inner = "".join(f"{indent}    {item},\n" for item in items)
    return f"constraints = [\n{inner}{indent}]"


def add_constraint(file: FileContext, cls: ClassInfo, item: str) -> tuple[Edit, ...] | None:
    """Edits that add `item` to the ``Meta.constraints`` of `cls` (in `file`); None where that is not simple."""
    meta = own_meta(cls)
    if meta is None:
        return None if effective_meta(file.project, cls) is not None else (_new_meta(file, cls, item),)
    option = meta.member("constraints")
    if option is not None:
        listed = (
            isinstance(option, Value) and isinstance(option.expr, ir.Display) and option.expr.kind == "list"
        )
        if not isinstance(option, Value) or not isinstance(option.expr, ir.Display) or not listed:
            return None
        return (append_item(file, option.code, option.expr, item),)
    if file.project.resolver.class_attribute(meta, "constraints") is not None:
        return None
    start = meta.code.range(meta.node.body[0]).start
    indent = file.lines.line(start.line)[: start.column]
    if indent.strip():
        return None
    return (insert(file, start, f"{as_option(indent, [item])}\n{indent}"),)


def _new_meta(file: FileContext, cls: ClassInfo, item: str) -> Edit:
    """A ``Meta`` behind the last field of the class."""
    last = cls.node.body[0]
    for statement in cls.node.body:
        if isinstance(statement, (ir.Assign, ir.ClassDef)):
            last = statement
    indent = " " * cls.code.range(cls.node.body[0]).start.column
    end = cls.code.range(last).end
    position = Position(end.line, len(file.lines.line(end.line).rstrip("\r\n")))
    option = as_option(f"{indent}    ", [item])
    return insert(file, position, f"\n\n{indent}class Meta:\n{indent}    {option}")
