"""``__str__`` returns a column that may be NULL."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.fields import redefines
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.model_classes import is_filled, is_name, self_name
from djguide_analyzers.rules.model_text import column, is_looked_at, returned, text_methods

RULE = Rule(
    summary="`__str__` returns a column that may be NULL",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_TEXTS = frozenset(
    {
        "CharField",
        "TextField",
        "SlugField",
        "EmailField",
        "URLField",
        "FilePathField",
        "GenericIPAddressField",
    }
)


def check(file: FileContext) -> Iterator[Hit]:
    for cls, info in () if file.is_test else text_methods(file):
        for node in returned(info):
            field = _nullable(file, cls, info, node)
            if field is not None and not is_looked_at(info, _read(node)):
                yield _hit(file, info, node, field)


def _read(node: ir.Expr) -> ir.Expr:
    """The attribute behind a ``get_…_display()``."""
    if isinstance(node, ir.Call) and isinstance(node.func, ir.Attr):
        return ir.Attr(node.at, node.func.value, node.func.name[4:-8])
    return node


def _nullable(file: FileContext, cls: ClassInfo, info: FunctionInfo, node: ir.Expr) -> Field | None:
    """The nullable text column that `node` reads, directly or by ``get_…_display()``."""
    project = file.project
    if isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and not node.args:
        name = node.func.name
        if not (name.startswith("get_") and name.endswith("_display")) or not is_name(
            node.func.value, self_name(info)
        ):
            return None
        field = column(project, cls, info, ir.Attr(node.at, node.func.value, name[4:-8]))
        found = project.resolver.class_attribute(cls, name)
        if field is None or field.call is None or field.call.keyword("choices") is None or found is not None:
            return None
        return field if field.null and _is_left_null(file, field) else None
    field = column(project, cls, info, node)
    if field is None or not field.null or not field.certain or field.django_base not in _TEXTS:
        return None
    if redefines(
        project, field.class_name, "from_db_value", "contribute_to_class", "descriptor_class", "to_python"
    ):
        return None
    return field if _is_left_null(file, field) else None


def _is_left_null(file: FileContext, field: Field) -> bool:
    """Whether nothing that the project does on the way to the database fills the column."""
    return field.owner is None or not is_filled(file.project, field.owner, field.name)


def _hit(file: FileContext, info: FunctionInfo, node: ir.Expr, field: Field) -> Hit:
    code = info.body_code
    related = ()
    if field.code is not None and field.node is not None and field.code.module.path in file.project.modules:
        declared = Place(field.code.module.path, field.code.range(field.node))
        related = (Related(f"`{field.name}` may be NULL", declared),)
    own = code.range(node)
    edits = (insert(file, own.end, ' or ""'),)
    if own.start.line != own.end.line or _is_operand(info, node):
        edits = (insert(file, own.start, "("), insert(file, own.end, ' or "")'))
    return Hit(
        file.place(code, node),
        f"`{field.name}` may be NULL, and a `__str__` that returns None raises a TypeError wherever the row is "
        "printed",
        related=related,
        fixes=(Fix("Fall back to the empty text", Safety.SAFE, edits),),
    )


def _is_operand(info: FunctionInfo, node: ir.Expr) -> bool:
    """Whether the expression stands in a conditional one, where ``or`` would bind what it should not."""
    return any(
        isinstance(part, ir.IfExp) and node in (part.body, part.orelse) for part in walk(info.statements)
    )
