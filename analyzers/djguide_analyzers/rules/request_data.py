"""What a visitor sends, followed through the variables of one function and the helpers it calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.names import Names, of_function

Kind = Literal["request", "mapping", "value", "files", "file", "file name"]

_REQUESTS = frozenset(
    {
        "django.http.request.HttpRequest",
        "django.core.handlers.wsgi.WSGIRequest",
        "django.core.handlers.asgi.ASGIRequest",
        "rest_framework.request.Request",
        "django.http.HttpRequest",
    }
)
_UPLOADS = "django.core.files.uploadedfile."
_MAPPINGS = frozenset({"GET", "POST", "COOKIES", "query_params", "data", "headers", "META", "initial_data"})
_WHOLE = frozenset({"dict", "copy", "items", "lists"})
_PARTS = frozenset({"get", "getlist", "pop", "setdefault", "values", "popitem"})
_KEEPS = frozenset(
    {
        "strip", "lstrip", "rstrip", "lower", "upper", "replace", "removeprefix", "removesuffix", "split", "rsplit",
        "decode", "encode", "format", "title", "partition", "rpartition", "splitlines", "read", "asc", "desc",
    }
)  # fmt: skip
"""Methods of a text whose result is as much the visitor's as the text."""
_CONVERTS = frozenset(
    {
        "builtins.str", "builtins.list", "builtins.tuple", "builtins.dict", "builtins.set", "builtins.sorted",
        "builtins.reversed", "builtins.next", "builtins.iter", "urllib.parse.unquote", "urllib.parse.unquote_plus",
        "django.utils.encoding.iri_to_uri", "django.utils.encoding.force_str", "django.shortcuts.resolve_url",
        "django.db.models.expressions.F", "django.db.models.expressions.OrderBy", "json.loads",
    }
)  # fmt: skip
_MAX_DEPTH = 14
_MAX_CALLS = 2


@dataclass(frozen=True, slots=True)
class Sent:
    """Something that a visitor sent; `source` is where it leaves the request, `part` the name of that part."""

    kind: Kind
    code: Code
    source: ir.Expr
    part: str


class RequestData:
    """Follows what was sent through one function.

    Args:
        names: The function's names.
        calls: How many calls lead here.
    """

    def __init__(self, names: Names, calls: int = 0) -> None:
        self._names = names
        self._calls = calls
        self._busy: set[tuple[str, int]] = set()
        self._checked: frozenset[str] | None = None
        self._replaced = frozenset(_replaced_parts(names))

    @property
    def names(self) -> Names:
        return self._names

    def sent(self, code: Code, node: ir.Expr, depth: int = 0) -> Sent | None:
        """What of the request `node` is or contains; None when it is not seen to come from there."""
        if depth > _MAX_DEPTH:
            return None
        match node:
            case ir.Name(id=name):
                return self._variable(code, node, name, depth)
            case ir.Attr():
                return self._attribute(code, node, depth)
            case ir.Subscript(value=value):
                return self._part(self.sent(code, value, depth + 1), code, node)
            case ir.Call():
                return self._call(code, node, depth)
            case ir.Bool(values=values) | ir.FString(parts=values) | ir.Display(items=values):
                return self._first(code, values, depth)
            case ir.IfExp(body=body, orelse=orelse):
                return self._first(code, [body, orelse], depth)
            case ir.Binary(left=left, right=right):
                return self._as_value(self._first(code, [left, right], depth))
            case ir.Await(value=value) | ir.Star(value=value) | ir.Walrus(value=value):
                return self.sent(code, value, depth + 1)
            case ir.Comp():
                return self._comprehension(code, node, depth)
            case ir.Dict(keys=keys, values=values):
                spread = [value for key, value in zip(keys, values, strict=True) if key is None]
                return self._first(code, spread, depth)
        return None

    def is_checked(self, name: str) -> bool:
        """Whether a condition of the function looks at the variable `name`, other than for emptiness."""
        if self._checked is None:
            checked = frozenset(_checked_names(self._names))
            self._checked = checked.union(*(_derived_from(self._names, each) for each in checked))
        return name in self._checked

    def is_request(self, code: Code, node: ir.Expr) -> bool:
        found = self.sent(code, node)
        return found is not None and found.kind == "request"

    # --- one kind of node each ---

    def _first(self, code: Code, nodes: list[ir.Expr], depth: int) -> Sent | None:
        return next(filter(None, (self.sent(code, node, depth + 1) for node in nodes)), None)

    def _variable(self, code: Code, node: ir.Name, name: str, depth: int) -> Sent | None:
        bound = self._names.bindings(name)
        if not bound:
            return None
        if (name, id(self._names)) in self._busy:
            return None
        self._busy.add((name, id(self._names)))
        try:
            for each in bound:
                if each.how == "parameter":
                    found = self._parameter(code, node, name, each.value, each.code)
                elif each.value is not None and each.how != "defined":
                    found = self.sent(each.code, each.value, depth + 1)
                    if each.how in ("loop", "unpacked") and found is not None:
                        found = self._item(found)
                    elif each.how == "changed":
                        found = self._as_value(found)
                else:
                    found = None
                if found is not None:
                    return found
        finally:
            self._busy.discard((name, id(self._names)))
        return None

    def _parameter(
        self, code: Code, node: ir.Name, name: str, annotation: ir.Expr | None, where: Code
    ) -> Sent | None:
        if annotation is not None and isinstance(annotation, (ir.Name, ir.Attr)):
            dotted = self._names.dotted(where, annotation) or ""
            if dotted in _REQUESTS:
                return Sent("request", code, node, name)
            if dotted.startswith(_UPLOADS):
                return Sent("file", code, node, name)
        return Sent("request", code, node, name) if name in ("request", "req") else None

    def _attribute(self, code: Code, node: ir.Attr, depth: int) -> Sent | None:
        owner = node.value
        if node.name == "request" and isinstance(owner, ir.Name) and owner.id in ("self", "info", "view"):
            return Sent("request", code, node, "request")
        base = self.sent(code, owner, depth + 1)
        if base is None:
            return None
        if base.kind == "request":
            if node.name in self._replaced:
                return None
            if node.name in _MAPPINGS:
                return Sent("mapping", code, node, node.name)
            if node.name == "FILES":
                return Sent("files", code, node, node.name)
            return Sent("value", code, node, "body") if node.name == "body" else None
        if base.kind == "file" and node.name == "name":
            return Sent("file name", code, node, base.part)
        return None

    def _part(self, base: Sent | None, code: Code, node: ir.Subscript) -> Sent | None:
        """``base[...]``."""
        if base is None:
            # A tag's context holds the request under its name.
            if isinstance(node.index, ir.Const) and node.index.value == "request":
                return Sent("request", code, node, "request")
            return None
        return self._item(base) if base.kind != "request" else None

    def _item(self, base: Sent) -> Sent:
        kind: Kind = {"files": "file", "mapping": "value"}.get(base.kind, base.kind)  # type: ignore[assignment]
        return Sent(kind, base.code, base.source, base.part)

    def _as_value(self, found: Sent | None) -> Sent | None:
        if found is None or found.kind in ("request", "file"):
            return None
        return found if found.kind == "file name" else Sent("value", found.code, found.source, found.part)

    def _call(self, code: Code, node: ir.Call, depth: int) -> Sent | None:
        func = node.func
        if isinstance(func, ir.Attr):
            base = self.sent(code, func.value, depth + 1)
            if base is not None and base.kind in ("mapping", "files"):
                if func.name in _WHOLE:
                    return base
                return self._item(base) if func.name in _PARTS else None
            if base is not None and base.kind in ("value", "file name") and func.name in _KEEPS:
                return base
            if isinstance(func.value, (ir.Const, ir.FString)) and func.name in ("format", "join"):
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                return self._as_value(self._first(code, given, depth))
        dotted = self._names.called(code, node)
        if dotted in _CONVERTS and node.args:
            found = self.sent(code, node.args[0], depth + 1)
            if found is not None and dotted == "json.loads":
                return Sent("mapping", found.code, found.source, found.part)
            return found if found is not None and found.kind != "request" else None
        if dotted == "builtins.getattr" and len(node.args) > 1:
            return None
        return self._helper(code, node)

    def helper(self, code: Code, node: ir.Call) -> tuple[FunctionInfo, RequestData] | None:
        """The function of this module that is called, with what is sent in it; None beyond a few calls."""
        symbol = self._names.symbol(code, node.func)
        if isinstance(node.func, ir.Attr) and isinstance(node.func.value, ir.Name):
            owner = self._names.owner
            if node.func.value.id == "self" and owner is not None:
                found = self._names.resolver.class_attribute(owner, node.func.name)
                symbol = found[1] if found is not None and isinstance(found[1], FunctionInfo) else None
        if not isinstance(symbol, FunctionInfo) or self._calls >= _MAX_CALLS:
            return None
        if symbol.module is not code.module or symbol.node.is_generator:
            return None  # another module's bodies are not this file's evidence
        return symbol, RequestData(of_function(self._names.resolver, symbol), self._calls + 1)

    def _helper(self, code: Code, node: ir.Call) -> Sent | None:
        """What a function of the module returns when it is called with the request."""
        found = self.helper(code, node)
        if found is None:
            return None
        symbol, inner = found
        for part in walk(symbol.statements):
            if isinstance(part, ir.Return) and part.value is not None:
                found = inner.sent(symbol.body_code, part.value)
                if found is None or found.kind == "request":
                    continue
                if not any(isinstance(n, ir.Name) and inner.is_checked(n.id) for n in walk(part.value)):
                    return found
        return None

    def _comprehension(self, code: Code, node: ir.Comp, depth: int) -> Sent | None:
        """``{key: value for key, value in sent.items()}``: the visitor's unless its names are tested."""
        for clause in node.clauses:
            found = self.sent(code, clause.iter, depth + 1)
            if found is None or (clause.ifs and any(_is_check(test) for test in clause.ifs)):
                continue
            targets = {part.id for part in walk(clause.target) if isinstance(part, ir.Name)}
            if any(isinstance(part, ir.Name) and part.id in targets for part in walk(node.element)):
                return found if node.kind == "dict" else self._item(found)
        return None


# --- checks ----------------------------------------------------------------------------------------------


def _checked_names(names: Names) -> Iterator[str]:
    for node, _ in names.nodes():
        match node:
            case ir.If(test=test) | ir.While(test=test) | ir.IfExp(test=test) | ir.Assert(test=test):
                yield from _looked_at(names, test)
            case ir.Match(subject=ir.Name(id=name)):
                yield name
            case ir.Clause(ifs=ifs):
                for test in ifs:
                    yield from _looked_at(names, test)


def _derived_from(names: Names, name: str) -> Iterator[str]:
    """The variable that another one is a part of: ``column = order.removeprefix("-")``."""
    for bound in names.bindings(name):
        match bound.value:
            case ir.Call(func=ir.Attr(value=ir.Name(id=whole), name=method)) if method in _KEEPS:
                yield whole
            case ir.Subscript(value=ir.Name(id=whole), index=ir.Slice()):
                yield whole


def _replaced_parts(names: Names) -> Iterator[str]:
    """Parts of the request that the function itself fills: ``request.GET = {...}``."""
    for node, _ in names.nodes():
        if isinstance(node, ir.Assign):
            for target in node.targets:
                if isinstance(target, ir.Attr) and target.name in _MAPPINGS:
                    yield target.name


def _looked_at(names: Names, test: ir.Expr) -> Iterator[str]:
    """Variables of a condition of which more than their truth is looked at."""
    for part in test.values if isinstance(test, ir.Bool) else [test]:
        if isinstance(part, ir.Unary) and part.op == "not":
            yield from _looked_at(names, part.operand)
        elif isinstance(part, ir.Bool):
            yield from _looked_at(names, part)
        elif _is_check(part):
            yield from (name.id for name in walk(part) if isinstance(name, ir.Name))
        elif isinstance(part, ir.Name):
            value = names.value(part.id)  # a check whose answer is kept in a variable
            if value is not None and _is_check(value[0]) and not _is_lookup(value[0]):
                yield from (name.id for name in walk(value[0]) if isinstance(name, ir.Name))


def _is_lookup(node: ir.Expr) -> bool:
    return isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and node.func.name in _PARTS


def _is_check(test: ir.Expr) -> bool:
    """Whether a test is more than one for truth or emptiness."""
    if isinstance(test, ir.Compare):
        if test.ops[0] in ("is", "is not"):
            return False
        right = test.rights[0]
        return not (isinstance(right, ir.Const) and right.value in ("", None))
    if isinstance(test, ir.Bool):
        return any(_is_check(part) for part in test.values)
    if isinstance(test, ir.Unary):
        return _is_check(test.operand)
    return isinstance(test, ir.Call)
