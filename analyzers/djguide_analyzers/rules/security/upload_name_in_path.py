"""A file name from the client becomes part of a path on the server."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.request_data import RequestData, Sent
from djguide_analyzers.rules.texts import holes, is_dynamic

RULE = Rule(
    summary="A file name that the client chose becomes part of a path on the server",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_JOINS = frozenset({"os.path.join", "posixpath.join"})
_PATHS = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath"})
_OPENS = frozenset(
    {"builtins.open", "io.open", "os.open", "os.remove", "os.unlink", "shutil.move", "shutil.copy"}
)

_FREE_NAMES = frozenset({"get_available_name", "get_alternative_name", "generate_filename"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    if scope.function is None:
        return
    names = of_scope(file, scope)
    data = RequestData(names)
    stored = _given_to_storage(names)
    for call, code in scope.nodes(ir.Call):
        if id(call) in stored:
            continue
        for part in _parts(names, code, call):
            sent = _name(names, data, code, part)
            if sent is not None:
                yield _hit(file, code, call, sent)
                break
    for node, code in scope.nodes(ir.Binary):
        if node.op == "/" and id(node) not in stored and _is_path(names, code, node.left, 0):
            sent = _name(names, data, code, node.right)
            if sent is not None:
                yield _hit(file, code, node, sent)


def _given_to_storage(names: Names) -> set[int]:
    """What is part of a name that a storage is given, which looks for a free one and stays in its folder."""
    found: set[int] = set()
    for node, _ in names.nodes():
        if not isinstance(node, ir.Call) or not isinstance(node.func, ir.Attr):
            continue
        owner = node.func.value
        receiver = (
            owner.name if isinstance(owner, ir.Attr) else owner.id if isinstance(owner, ir.Name) else ""
        )
        saves = node.func.name == "save" and "storage" in receiver
        if not saves and node.func.name not in _FREE_NAMES:
            continue
        for arg in node.args[:1]:
            value = names.value(arg.id) if isinstance(arg, ir.Name) else None
            found.update(id(part) for part in walk(value[0] if value is not None else arg))
    return found


def _parts(names: Names, code: Code, call: ir.Call) -> list[ir.Expr]:
    """Arguments of a call that become parts of a path."""
    called = names.called(code, call)
    if called in _JOINS:
        return call.args
    if called in _PATHS:
        return call.args if len(call.args) > 1 else [arg for arg in call.args if is_dynamic(arg)]
    if called in _OPENS:
        return call.args[:1] if called not in ("shutil.move", "shutil.copy") else call.args
    if (
        isinstance(call.func, ir.Attr)
        and call.func.name == "joinpath"
        and _is_path(names, code, call.func.value, 0)
    ):
        return call.args
    return []


def _is_path(names: Names, code: Code, node: ir.Expr, depth: int) -> bool:
    """Whether `node` is a `pathlib` path, as far as it is written."""
    if depth > 5:
        return False
    match node:
        case ir.Call(func=func):
            if names.dotted(code, func) in _PATHS:
                return True
            return isinstance(func, ir.Attr) and func.name in ("resolve", "absolute", "joinpath") and (
                _is_path(names, code, func.value, depth + 1)
            )  # fmt: skip
        case ir.Binary(op="/", left=left):
            return _is_path(names, code, left, depth + 1)
        case ir.Attr(name=name):
            return name in ("BASE_DIR", "parent") or (
                name.endswith(("_ROOT", "_DIR")) and names.dotted(code, node.value) == "django.conf.settings"
            )
        case ir.Name(id=name):
            value = names.value(name)
            return value is not None and _is_path(names, value[1], value[0], depth + 1)
    return False


def _name(names: Names, data: RequestData, code: Code, node: ir.Expr) -> Sent | None:
    """The client's name in a part of a path; None where it is checked, or made unique by something else."""
    if isinstance(node, ir.Name):
        if data.is_checked(node.id):
            return None
        value = names.value(node.id)
        if value is not None:
            return _name(names, data, value[1], value[0])
    if isinstance(node, ir.Call) and names.called(code, node) in (*_JOINS, *_PATHS, *_OPENS):
        return None  # a finding by itself
    if isinstance(node, ir.Binary) and node.op == "/":
        return None
    if isinstance(node, ir.Star):
        return None
    sent = data.sent(code, node)
    if sent is None or sent.kind not in ("value", "file name") or sent.part in ("META", "headers", "body"):
        return None
    if sent.kind == "file name" and is_dynamic(node) and len(list(holes(node))) > 1:
        return None  # Django has taken the folders off, and something else makes the name a new one
    if any(isinstance(part, ir.Name) and data.is_checked(part.id) for part in walk(node)):
        return None
    return sent


def _hit(file: FileContext, code: Code, node: ir.Node, sent: Sent) -> Hit:
    if sent.kind == "file name":
        harm = "an upload of the same name overwrites the file that somebody else sent"
    else:
        harm = "`../` in it leads out of the folder, and a known name overwrites somebody else's file"
    return Hit(
        file.place(code, node),
        f"The client chose this part of the path: {harm}",
        related=(Related("chosen by the client", file.place(sent.code, sent.source)),),
        fixes=(Fix("Let the storage API find a valid, free name", Safety.MANUAL),),
    )
