"""``mark_safe`` on a text with values in it that nobody has escaped."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.html import formatted_edits
from djguide_analyzers.rules.markup import is_plain_text
from djguide_analyzers.rules.names import Bound, Names, of_scope
from djguide_analyzers.rules.request_data import RequestData
from djguide_analyzers.rules.ruff import ruff_reports
from djguide_analyzers.rules.texts import holes, is_dynamic
from djguide_analyzers.trace.values import Row

RULE = Rule(
    summary="`mark_safe()` is put on a text with values in it that are not escaped",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_MARKS = frozenset(
    {
        "django.utils.safestring.mark_safe",
        "django.utils.safestring.SafeString",
        "django.utils.safestring.SafeText",
    }
)
_NUMBERS = frozenset(
    {"int", "float", "bool", "Decimal", "date", "datetime", "UUID", "SafeString", "SafeText"}
)
_MAX_DEPTH = 4
_ADMIN = "django.contrib.admin.options.BaseModelAdmin"


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or ruff_reports(file, "S308"):
        return
    if scope.function is None:
        return
    names = of_scope(file, scope)
    judge = _Judge(file, scope, names)
    for call, code in scope.nodes(ir.Call):
        if len(call.args) != 1 or call.keywords or names.called(code, call) not in _MARKS:
            continue
        unsafe = judge.unsafe_text(code, call.args[0], 0)
        if unsafe is not None:
            yield _hit(file, names, code, call, unsafe)


def _hit(file: FileContext, names: Names, code: Code, call: ir.Call, unsafe: tuple[Place, str]) -> Hit:
    place, what = unsafe
    title = "Use `format_html()`"
    fix = Fix(title, Safety.MANUAL)
    edits = formatted_edits(file, code, call.args[0])
    imported = import_name(file, "django.utils.html", "format_html")
    if edits is not None and imported is not None and not _holds_markup(names, call.args[0]):
        edits = [replace(file, code.range(call.func), imported[0]), *edits, *imported[1]]
        fix = Fix(title, Safety.REVIEW, tuple(edits))
    return Hit(
        file.place(code, call),
        f"`mark_safe()` says that this text is finished HTML, but `{what}` in it is not escaped",
        related=(Related("not escaped", place),),
        fixes=(fix,),
    )


def _holds_markup(names: Names, text: ir.Expr) -> bool:
    """Whether a variable in a text holds tags of its own, which `format_html()` would escape."""
    for _, hole in holes(text) if is_dynamic(text) else ():
        for bound in names.bindings(hole.id) if isinstance(hole, ir.Name) else ():
            parts = walk(bound.value) if bound.value is not None else ()
            if any(isinstance(part, ir.Const) and "<" in str(part.value) for part in parts):
                return True
    return False


class _Judge:
    """Tells which values in a text may hold somebody's markup."""

    def __init__(self, file: FileContext, scope: Scope, names: Names) -> None:
        self._file = file
        self._scope = scope
        self._names = names
        self._data = RequestData(names)

    def unsafe_text(self, code: Code, node: ir.Expr, depth: int) -> tuple[Place, str] | None:
        """A value that is put into a text unescaped; None when none is seen."""
        if depth > _MAX_DEPTH:
            return None
        if is_dynamic(node):
            for _, hole in holes(node):
                found = self._unsafe_value(code, hole, depth)
                if found is not None:
                    return found
            return None
        match node:
            case ir.Name(id=name):
                return self._unsafe_variable(name, depth)
            case ir.IfExp(body=body, orelse=orelse):
                return self.unsafe_text(code, body, depth) or self.unsafe_text(code, orelse, depth)
            case ir.Call(func=ir.Attr(value=ir.Const(value=str()), name="join"), args=[argument]):
                return self._unsafe_items(code, argument, depth)
        return self._unsafe_source(code, node)

    def _unsafe_items(self, code: Code, node: ir.Expr, depth: int) -> tuple[Place, str] | None:
        if isinstance(node, ir.Comp):
            return self.unsafe_text(code, node.element, depth + 1)
        if isinstance(node, ir.Display):
            found = (self.unsafe_text(code, item, depth + 1) for item in node.items)
            return next(filter(None, found), None)
        return None

    def _unsafe_variable(self, name: str, depth: int) -> tuple[Place, str] | None:
        """For a variable that holds the text: what any of its assignments puts in."""
        for bound in self._names.bindings(name):
            if bound.how in ("assigned", "changed") and bound.value is not None:
                found = self.unsafe_text(bound.code, bound.value, depth + 1)
                if found is not None:
                    return found
        return None

    def _unsafe_source(self, code: Code, node: ir.Expr) -> tuple[Place, str] | None:
        """A value that comes from the visitor, or is a text of a row."""
        if self._data.sent(code, node) is not None and not isinstance(node, ir.Call):
            return self._told(code, node)
        if isinstance(node, ir.Attr) and self._is_row_text(code, node):
            return self._told(code, node)
        return None

    def _unsafe_value(self, code: Code, node: ir.Expr, depth: int) -> tuple[Place, str] | None:
        """For what fills a hole: also parameters, which anybody may pass."""
        if depth > _MAX_DEPTH:
            return None
        sent = self._data.sent(code, node)
        if sent is not None and sent.kind != "request":
            return self._told(code, node)
        match node:
            case ir.Name(id=name):
                return self._unsafe_name(code, node, name, depth)
            case ir.Attr():
                return self._unsafe_attribute(code, node)
            case ir.IfExp(body=body, orelse=orelse):
                return self._unsafe_value(code, body, depth + 1) or self._unsafe_value(
                    code, orelse, depth + 1
                )
            case ir.Bool(values=values):
                found = (self._unsafe_value(code, value, depth + 1) for value in values)
                return next(filter(None, found), None)
            case ir.Call(func=ir.Name(id="str" | "repr"), args=[argument]):
                return self._unsafe_value(code, argument, depth + 1)
        return self.unsafe_text(code, node, depth + 1) if is_dynamic(node) or _is_join(node) else None

    def _unsafe_name(self, code: Code, node: ir.Name, name: str, depth: int) -> tuple[Place, str] | None:
        if isinstance(self._scope.value(code, node), Row):
            return self._told(code, node)
        for bound in self._names.bindings(name):
            if bound.how == "parameter":
                if self._is_filtered(name) and not _is_harmless(bound) and not self._is_converted(name):
                    return self._told(code, node)
            elif bound.how in ("assigned", "changed") and bound.value is not None:
                found = self._unsafe_value(bound.code, bound.value, depth + 1)
                if found is not None:
                    return found
        return None

    def _is_filtered(self, name: str) -> bool:
        """Whether a parameter is what a template filter is put on, or the row of an admin's column."""
        info = self._names.info
        params = info.node.params.items if info is not None else []
        if info is None or not params:
            return False
        if info.owner is not None and self._file.project.resolver.is_subclass(info.owner, _ADMIN):
            return len(params) == 2 and params[1].name == name
        decorators = [node.func if isinstance(node, ir.Call) else node for node in info.node.decorators]
        is_filter = any(isinstance(node, ir.Attr) and node.name == "filter" for node in decorators)
        return is_filter and params[0].name == name

    def _is_converted(self, name: str) -> bool:
        """Whether a parameter is bound again, so that what is printed may be another value."""
        return len(self._names.bindings(name)) > 1

    def _unsafe_attribute(self, code: Code, node: ir.Attr) -> tuple[Place, str] | None:
        """A text of a row, or of an object that a template tag or an admin method was given."""
        if isinstance(node.value, ir.Name) and node.value.id in ("self", "cls"):
            return self._told(code, node) if self._is_row_text(code, node) else None
        owner = self._scope.value(code, node.value)
        if isinstance(owner, Row):
            return self._told(code, node) if self._is_row_text(code, node) else None
        if node.name in ("pk", "id", "url") or node.name.endswith("_id"):
            return None
        return (
            None
            if not isinstance(node.value, ir.Name)
            else self._attribute_of_parameter(code, node, node.value)
        )

    def _attribute_of_parameter(self, code: Code, node: ir.Attr, owner: ir.Name) -> tuple[Place, str] | None:
        """``author.nickname`` of a parameter: a text that somebody typed, if a model has it under that name."""
        bound = self._names.bindings(owner.id)
        if len(bound) != 1 or bound[0].how != "parameter" or bound[0].value is not None:
            return None
        models = [model for model in self._file.project.graph if node.name in model.fields]
        texts = [model for model in models if is_plain_text(model.fields[node.name])]
        return self._told(code, node) if texts and len(texts) == len(models) else None

    def _is_row_text(self, code: Code, node: ir.Attr) -> bool:
        owner = self._scope.value(code, node.value)
        if not isinstance(owner, Row):
            return False
        model = self._file.project.graph.get(owner.model)
        field = model.fields.get(node.name) if model is not None else None
        return field is not None and is_plain_text(field)

    def _told(self, code: Code, node: ir.Expr) -> tuple[Place, str]:
        return self._file.place(code, node), self._file.text(code, node)


def _is_join(node: ir.Expr) -> bool:
    return isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and node.func.name == "join"


def _is_harmless(bound: Bound) -> bool:
    """Whether the annotation of a parameter says that it is no text of somebody's."""
    if bound.value is None:
        return False
    words = [
        part.id if isinstance(part, ir.Name) else getattr(part, "name", "") for part in walk(bound.value)
    ]
    return not any(word == "str" for word in words) or any(word in _NUMBERS for word in words)
