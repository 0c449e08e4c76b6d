"""A password is stored as it was typed."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import import_name, insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.values import ManagerValue, QuerySetValue, Row

RULE = Rule(
    summary="A user's `password` is set to the text itself instead of its hash",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_USER = "django.contrib.auth.base_user.AbstractBaseUser"
_WRITES = frozenset({"create", "update", "acreate", "aupdate", "get_or_create", "update_or_create"})
_RAW_CALLS = ("get_random_string", "token_urlsafe", "token_hex", "make_random_password", "generate_password",
              "strip", "get", "input", "getpass", "lower")  # fmt: skip

_TYPED_IN = ("data", "post", "request", "form", "attrs", "args", "options", "params", "payload", "settings",
             "environ", "config", "credentials", "input", "body")  # fmt: skip


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or scope.function is None or _is_of_hashing_model(file, scope.function):
        return  # who tests a login notices, and who does not needs no hash
    names = of_scope(file, scope)
    for node, code in scope.nodes(ir.Assign):
        yield from _assignment(file, scope, names, code, node)
    for call, code in scope.nodes(ir.Call):
        yield from _call(file, scope, names, code, call)


def _is_of_hashing_model(file: FileContext, info: FunctionInfo) -> bool:
    return info.name == "set_password" or (info.owner is not None and _hashes(file, info.owner))


def _hashes(file: FileContext, cls: ClassInfo) -> bool:
    """Whether a user model of the project hashes what it is given when it is saved or set."""
    for base in file.project.resolver.mro(cls):
        if not isinstance(base, ClassInfo) or base.module.origin != "project":
            continue
        if isinstance(base.member("__setattr__"), FunctionInfo):
            return True
        save = base.member("save")
        if isinstance(save, FunctionInfo) and any(
            isinstance(node, (ir.Attr, ir.Name))
            and (node.name if isinstance(node, ir.Attr) else node.id) in ("set_password", "make_password")
            for node in walk(save.statements)
        ):
            return True
    return False


def _is_user(file: FileContext, label: str) -> bool:
    model = file.project.graph.get(label)
    return (
        model is not None
        and file.project.resolver.is_subclass(model.cls, _USER)
        and not _hashes(file, model.cls)
    )


def _assignment(file: FileContext, scope: Scope, names: Names, code: Code, node: ir.Assign) -> Iterator[Hit]:
    if len(node.targets) != 1 or node.value is None or not isinstance(node.targets[0], ir.Attr):
        return
    target = node.targets[0]
    if target.name != "password":
        return
    owner = scope.value(code, target.value)
    if (
        not isinstance(owner, Row)
        or not _is_user(file, owner.model)
        or not _is_raw(names, code, node.value, 0)
    ):
        return
    if _is_hashed_later(names, target.value):
        return
    inside = code.range(node.value)
    stretch = Range(code.name_range(target).start, inside.start)
    edits = (replace(file, stretch, "set_password("), insert(file, inside.end, ")"))
    yield Hit(
        file.place(code, node),
        "`password` holds a hash: this stores the text itself, readable to all who see the table, and the login "
        "fails",
        fixes=(Fix("Use `set_password()`", Safety.SAFE, edits),),
    )


def _is_hashed_later(names: Names, owner: ir.Expr) -> bool:
    name = owner.id if isinstance(owner, ir.Name) else ""
    for node, _ in names.nodes():
        match node:
            case ir.Call(func=ir.Attr(value=ir.Name(id=other), name="set_password")) if other == name:
                return True
    return False


def _call(file: FileContext, scope: Scope, names: Names, code: Code, call: ir.Call) -> Iterator[Hit]:
    if not _writes_user(file, scope, names, code, call):
        return
    for value in _passwords(call):
        if _is_raw(names, code, value, 0):
            imported = import_name(file, "django.contrib.auth.hashers", "make_password")
            title = "Hash it with `make_password()`"
            fix = Fix(title, Safety.MANUAL)
            if imported is not None:
                range_ = code.range(value)
                edits = (insert(file, range_.start, f"{imported[0]}("), insert(file, range_.end, ")"))
                fix = Fix(title, Safety.SAFE, (*edits, *imported[1]))
            yield Hit(
                file.place(code, call),
                "`password` holds a hash: this stores the text itself, readable to all who see the table, and the "
                "login fails",
                fixes=(fix,),
            )


def _writes_user(file: FileContext, scope: Scope, names: Names, code: Code, call: ir.Call) -> bool:
    """Whether `call` gives columns of a user: ``User(...)``, ``User.objects.create(...)``, ``.update(...)``."""
    symbol = names.symbol(code, call.func)
    if isinstance(symbol, ClassInfo):
        model = file.project.graph.of_class(symbol)
        return model is not None and _is_user(file, model.label)
    if not isinstance(call.func, ir.Attr) or call.func.name not in _WRITES:
        return False
    receiver = scope.value(code, call.func.value)
    if isinstance(receiver, ManagerValue):
        cls = receiver.info.cls if receiver.info is not None else None
        if cls is not None:
            found = file.project.resolver.class_attribute(cls, call.func.name)
            if found is not None and found[0].module.origin == "project":
                return False  # may hash it by itself
        return _is_user(file, receiver.model)
    return isinstance(receiver, QuerySetValue) and _is_user(file, receiver.query.model)


def _passwords(call: ir.Call) -> Iterator[ir.Expr]:
    for keyword in call.keywords:
        if keyword.name == "password":
            yield keyword.value
        elif keyword.name in ("defaults", "create_defaults") and isinstance(keyword.value, ir.Dict):
            for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                if isinstance(key, ir.Const) and key.value == "password":
                    yield value


def _is_raw(names: Names, code: Code, node: ir.Expr, depth: int) -> bool:
    """Whether a value is seen to be a text that somebody typed or that was made up, and no hash."""
    if depth > 4 or "hash" in _written(node) or "encod" in _written(node):
        return False
    match node:
        case ir.Const(value=value):
            return isinstance(value, str) and bool(value) and not _is_stored_form(value)
        case ir.FString():
            return True
        case ir.Subscript(value=mapping, index=ir.Const(value=str(key))):
            return "password" in key.lower() and "hash" not in key.lower() and _is_typed_in(mapping)
        case ir.Call(func=ir.Attr(name=name)) if name in _RAW_CALLS:
            return name != "get" or (
                _is_typed_in(node.func)
                and any(
                    isinstance(arg, ir.Const) and "password" in str(arg.value).lower() for arg in node.args
                )
            )
        case ir.Call(func=ir.Name(id=name)):
            return name in _RAW_CALLS
        case ir.Bool(values=values):
            return any(_is_raw(names, code, value, depth + 1) for value in values)
        case ir.Name(id=name):
            bound = names.bindings(name)
            if not bound:
                return False
            return all(
                each.how == "parameter" and "password" in name.lower()
                if each.how != "assigned" or each.value is None
                else _is_raw(names, each.code, each.value, depth + 1)
                for each in bound
            )
    return False


def _is_typed_in(mapping: ir.Expr) -> bool:
    """Whether a mapping's name tells that somebody typed its values: what was exported may be hashes already."""
    return any(word in _written(mapping) for word in _TYPED_IN)


def _is_stored_form(value: str) -> bool:
    return value.startswith("!") or "$" in value


def _written(node: ir.Expr) -> str:
    words = [
        part.id if isinstance(part, ir.Name) else part.name if isinstance(part, ir.Attr) else ""
        for part in walk(node)
    ]
    return " ".join(words).lower()
