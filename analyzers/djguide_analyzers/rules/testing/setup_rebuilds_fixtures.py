"""``setUp()`` inserts the same rows before each test of a class."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.places import line_start, name_place
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.events import Write
from djguide_analyzers.trace.values import Constant, ManagerValue, QuerySetValue, Row, Scalar, Sequence

RULE = Rule(
    summary="`setUp()` only creates rows, and does so again before each test",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_TEST_CASE = "django.test.testcases.TestCase"
_FEWEST = 3
_CREATES = frozenset({"create", "bulk_create", "create_user", "create_superuser", "add", "set", "save",
                      "get_or_create", "update_or_create", "setUp"})  # fmt: skip

_FILES = frozenset({"open", "mkdir", "makedirs", "write_text", "write_bytes", "touch", "copy", "copyfile",
                    "copytree", "move", "rename", "rmtree", "unlink", "symlink"})  # fmt: skip


def check(file: FileContext) -> Iterator[Hit]:
    by_node = {id(scope.function.node): scope for scope in file.scopes if scope.function is not None}
    for cls in file.classes():
        setup = cls.member("setUp")
        if not isinstance(setup, FunctionInfo) or not file.project.resolver.is_subclass(cls, _TEST_CASE):
            continue
        scope = by_node.get(id(setup.node))
        if scope is None or setup.node.is_async or _tests(file, cls) < _FEWEST:
            continue
        if (
            _only_creates(scope, setup)
            and not _inherits_setup(file, cls)
            and not _reaches_further(file, scope)
        ):
            yield Hit(
                name_place(file, setup.code, setup.node),
                f"These rows are inserted again for each of {_tests(file, cls)} tests; `setUpTestData()` "
                "inserts them "
                "once, and every test gets copies of its own",
                fixes=(_fix(file, cls, setup),),
            )


def _tests(file: FileContext, cls: ClassInfo) -> int:
    names: set[str] = set()
    for base in file.project.resolver.mro(cls):
        if isinstance(base, ClassInfo) and base.module.origin == "project":
            names |= {method.name for method in base.methods() if method.name.startswith("test")}
    return len(names)


def _inherits_setup(file: FileContext, cls: ClassInfo) -> bool:
    """Whether another class prepares each test as well, on which these rows may rest."""
    return any(
        isinstance(base, ClassInfo)
        and base.member("setUp") is not None
        and not base.dotted.startswith("django.")
        for base in file.project.resolver.mro(cls)[1:]
    )


def _only_creates(scope: Scope, setup: FunctionInfo) -> bool:
    """Whether all that is done is to create rows and to keep them or plain values."""
    if not any(isinstance(event, Write) for event in scope.trace.everything()):
        return False
    for node in setup.statements:
        match node:
            case ir.Assign(targets=[ir.Attr(value=ir.Name(id="self")) | ir.Name()], value=value) if (
                value is not None
            ):
                kept = scope.value(setup.body_code, value)
                plain = isinstance(kept, (Row, Constant, Scalar)) or (
                    isinstance(kept, Sequence) and isinstance(kept.element, Row)
                )
                if not plain and not isinstance(kept, QuerySetValue):
                    return False
            case ir.ExprStmt(value=ir.Const()):
                pass
            case ir.ExprStmt(value=ir.Call(func=ir.Attr(value=owner, name=name))) if name in _CREATES:
                of_rows = isinstance(scope.value(setup.body_code, owner), (Row, ManagerValue, QuerySetValue))
                if not of_rows and name != "setUp":
                    return False  # whatever else it does may be undone, or kept, with each test
            case _:
                return False
    return not any(_depends_on_test(node) for node in walk(setup.statements))


def _reaches_further(file: FileContext, scope: Scope) -> bool:
    """Whether saving one of the rows does more than the database can take back: files, caches."""
    labels = {event.model for event in scope.trace.everything() if isinstance(event, Write)}
    models = [file.project.graph.get(label) for label in labels if label is not None]
    return any(model is not None and _saves_further(file, model.cls) for model in models)


def _saves_further(file: FileContext, cls: ClassInfo) -> bool:
    """Whether ``save()``, with the methods of the row that it calls, touches files or a cache."""
    pending, seen = ["save"], {"save"}
    while pending:
        found = file.project.resolver.class_attribute(cls, pending.pop())
        if found is None or not isinstance(found[1], FunctionInfo) or found[0].module.origin != "project":
            continue
        for node in walk(found[1].statements):
            match node:
                case ir.Call(func=ir.Attr(value=ir.Name(id="self"), name=name)):
                    if name not in seen:
                        seen.add(name)
                        pending.append(name)
                case ir.Call(func=ir.Attr(name=name) | ir.Name(id=name)) if name in _FILES:
                    return True
                case ir.Name(id="cache" | "caches"):
                    return True
    return False


def _depends_on_test(node: ir.Node) -> bool:
    """Whether something of the test's own is used: its client, a helper, a patch."""
    match node:
        case ir.Attr(value=ir.Name(id="self"), name="client" | "async_client" | "factory" | "id"):
            return True
        case ir.Call(func=ir.Attr(value=ir.Name(id="self"))):
            return True
        case ir.Name(id="mock" | "patch" | "self_client"):
            return True
    return False


def _fix(file: FileContext, cls: ClassInfo, setup: FunctionInfo) -> Fix:
    title = "Make it `setUpTestData()`"
    place = line_start(file, setup.code, setup.node)
    if cls.member("setUpTestData") is not None or setup.node.decorators or place is None:
        return Fix(title, Safety.MANUAL)
    if len(setup.node.params.items) != 1 or setup.node.params.items[0].name != "self":
        return Fix(title, Safety.MANUAL)
    header = file.slice(setup.code.range(setup.node))
    signature = re.match(r"def\s+setUp\s*\(\s*self\s*\)", header)
    if signature is None:
        return Fix(title, Safety.MANUAL)
    start = setup.code.range(setup.node).start
    named = file.lines.position(file.lines.offset(start) + signature.end())
    edits: list[Edit] = [
        insert(file, place[1], f"{place[0]}@classmethod\n"),
        replace(file, Range(start, named), "def setUpTestData(cls)"),
    ]
    code = setup.body_code
    for node in walk(setup.statements):
        if isinstance(node, ir.Name) and node.id == "self":
            edits.append(replace(file, code.range(node), "cls"))
        elif isinstance(node, ir.Attr) and node.name == "setUp":
            edits.append(replace(file, code.name_range(node), "setUpTestData"))
    return Fix(title, Safety.REVIEW, tuple(edits))
