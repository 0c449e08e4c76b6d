"""A test changes ``settings`` for all tests that come after it."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.nodes import block_of, statement_of
from djguide_analyzers.rules.places import indented, line_start
from djguide_analyzers.source.positions import Range

RULE = Rule(
    summary="A test assigns to `settings` and leaves the value to the tests that follow",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_SETTINGS = "django.conf.settings"
_TEST_CASE = "django.test.testcases.SimpleTestCase"
_OVERRIDES = ("override_settings", "modify_settings", "settings")
_SET_UPS = ("setUp", "setUpClass", "setUpTestData", "setup_method")
_GROWS = {"append": "[*{old}, {new}]", "extend": "[*{old}, *{new}]", "add": "{{*{old}, {new}}}",
          "update": "{{**{old}, **{new}}}"}  # fmt: skip
_SHRINKS = ("pop", "remove", "clear", "insert", "setdefault", "discard", "popitem")


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if not file.is_test:
        return
    info = scope.function
    if info is None or info.parent is not None or not _is_of_tests(file, info) or info.node.is_generator:
        return
    names = of_scope(file, scope)
    if _SETTINGS not in _settings_names(names, scope):
        return
    for node, name, value in _changes(file, scope, names):
        if not _is_put_back(file, scope, info, node, name) and not _is_kept(names, scope, name):
            yield _hit(file, scope, info, node, name, value)


def _settings_names(names: Names, scope: Scope) -> set[str | None]:
    """What is changed here, as far as it is known: a quick look before the slow one."""
    return {
        names.dotted(code, node)
        for node, code in scope.nodes(ir.Name)
        if node.id.endswith("settings") or "conf" in node.id
    }


def _is_of_tests(file: FileContext, info: FunctionInfo) -> bool:
    if info.owner is not None:
        return file.project.resolver.is_subclass(info.owner, _TEST_CASE) or info.name.startswith("test")
    return info.name.startswith("test")


def _changes(file: FileContext, scope: Scope, names: Names) -> Iterator[tuple[ir.Node, str, str | None]]:
    """Each change: where it is, the setting, and its new value as source if that can be written."""
    for node, code in scope.nodes(ir.Assign):
        for target in node.targets:
            setting = _setting(names, code, target)
            if setting is not None and node.value is not None:
                yield node, setting, file.text(code, node.value) if len(node.targets) == 1 else None
            elif isinstance(target, ir.Subscript) and node.value is not None:
                held = _setting(names, code, target.value)
                if held is not None:
                    key, value = file.text(code, target.index), file.text(code, node.value)
                    yield node, held, f"{{**{file.text(code, target.value)}, {key}: {value}}}"
    for node, code in scope.nodes(ir.AugAssign):
        setting = _setting(names, code, node.target)
        if setting is not None:
            yield (
                node,
                setting,
                f"{file.text(code, node.target)} {node.op.rstrip('=')} {file.text(code, node.value)}",
            )
    for node, code in scope.nodes(ir.Delete):
        for target in node.targets:
            setting = _setting(names, code, target)
            if setting is not None:
                yield node, setting, None
    for call, code in scope.nodes(ir.Call):
        yield from _called(file, names, code, call)


def _called(
    file: FileContext, names: Names, code: Code, call: ir.Call
) -> Iterator[tuple[ir.Node, str, str | None]]:
    if names.called(code, call) == "builtins.setattr" and len(call.args) == 3:
        if names.dotted(code, call.args[0]) == _SETTINGS and isinstance(call.args[1], ir.Const):
            yield call, str(call.args[1].value), file.text(code, call.args[2])
    elif isinstance(call.func, ir.Attr):
        held = _setting(names, code, call.func.value)
        if held is None:
            return
        if call.func.name in _GROWS and len(call.args) == 1 and not call.keywords:
            old, new = file.text(code, call.func.value), file.text(code, call.args[0])
            yield call, held, _GROWS[call.func.name].format(old=old, new=new)
        elif call.func.name in _SHRINKS:
            yield call, held, None


def _setting(names: Names, code: Code, node: ir.Expr) -> str | None:
    """The name in ``settings.NAME``."""
    if isinstance(node, ir.Attr) and node.name.isupper() and names.dotted(code, node.value) == _SETTINGS:
        return node.name
    return None


# --- whether it is put back ------------------------------------------------------------------------------


def _is_put_back(file: FileContext, scope: Scope, info: FunctionInfo, node: ir.Node, name: str) -> bool:
    """Whether something restores the settings: an override around it, a ``finally``, the class's ``tearDown()``."""
    if any(_is_override(decorator) for decorator in info.node.decorators):
        return True
    if info.owner is not None and any(_is_override(decorator) for decorator in info.owner.node.decorators):
        return True
    for block, _ in scope.nodes(ir.With):
        if contains(block.body, node) and any(_is_override(item.context) for item in block.items):
            return True
    for attempt, _ in scope.nodes(ir.Try):
        if any(isinstance(part, ir.Attr) and part.name == name for part in walk(attempt.final)):
            return True
    for call, _ in scope.nodes(ir.Call):
        if isinstance(call.func, ir.Attr) and call.func.name in ("addCleanup", "addfinalizer", "enable"):
            return True
    return info.owner is not None and _is_restored(file, info.owner, name)


def _is_kept(names: Names, scope: Scope, name: str) -> bool:
    """Whether the function puts back itself what it has read from the setting."""
    return any(
        _setting(names, code, target) == name and _holds(names, node.value, name)
        for node, code in scope.nodes(ir.Assign)
        for target in node.targets
    )


def _holds(names: Names, value: ir.Expr | None, name: str) -> bool:
    """Whether `value` is a variable that was given the setting's value."""
    bound = names.value(value.id) if isinstance(value, ir.Name) else None
    if bound is None:
        return False
    return any(
        (isinstance(part, ir.Attr) and part.name == name)
        or (isinstance(part, ir.Const) and part.value == name)
        for part in walk(bound[0])
    )


def _is_override(node: ir.Expr) -> bool:
    target = node.func if isinstance(node, ir.Call) else node
    name = target.name if isinstance(target, ir.Attr) else target.id if isinstance(target, ir.Name) else ""
    return name in _OVERRIDES


def _is_restored(file: FileContext, owner: ClassInfo, name: str) -> bool:
    for base in file.project.resolver.mro(owner):
        if not isinstance(base, ClassInfo) or base.module.origin != "project":
            continue
        for method in base.methods():
            if any(_restores(node, name) for node in walk(method.statements)):
                return True
            if method.name in ("tearDown", "tearDownClass", "teardown_method") and any(
                (isinstance(part, ir.Attr) and part.name == name)
                or (isinstance(part, ir.Const) and part.value == name)
                for part in walk(method.statements)
            ):
                return True
    return False


def _restores(node: ir.Node, name: str) -> bool:
    """Whether a setting gets what the test case has kept: ``settings.NAME = self.before``."""
    match node:
        case ir.Assign(targets=[ir.Attr(name=target)], value=ir.Attr(value=ir.Name(id="self" | "cls"))):
            return target == name
    return False


# --- the fix ---------------------------------------------------------------------------------------------


def _hit(
    file: FileContext, scope: Scope, info: FunctionInfo, node: ir.Node, name: str, value: str | None
) -> Hit:
    code = info.body_code
    return Hit(
        file.place(code, node),
        f"`{name}` keeps this value for every test that runs later in the process",
        fixes=(_fix(file, scope, info, node, name, value),),
    )


def _fix(
    file: FileContext, scope: Scope, info: FunctionInfo, node: ir.Node, name: str, value: str | None
) -> Fix:
    """Put what follows under an override of the setting; in ``setUp()``, end the override with the test."""
    title = "Override the setting for this test only"
    code = info.body_code
    statement = statement_of(info.statements, node)
    found = block_of(info.statements, statement) if statement is not None else None
    place = line_start(file, code, statement) if statement is not None else None
    if value is None or statement is None or found is None or place is None or "\n" in value:
        return Fix(title, Safety.MANUAL)
    if not isinstance(statement, (ir.Assign, ir.AugAssign, ir.ExprStmt)):
        return Fix(title, Safety.MANUAL)
    in_case = info.owner is not None and file.project.resolver.is_subclass(info.owner, _TEST_CASE)
    block, number = found
    override = import_name(file, "django.test", "override_settings")
    if info.name in _SET_UPS:
        if not in_case or info.name != "setUp" or override is None:
            return Fix(title, Safety.MANUAL)
        lines = (
            f"overridden = {override[0]}({name}={value})",
            "overridden.enable()",
            "self.addCleanup(overridden.disable)",
        )
        edit = replace(file, code.range(statement), f"\n{place[0]}".join(lines))
        return Fix(title, Safety.SAFE, (edit, *override[1]))
    # Whoever calls a helper, or makes the test case, wants the value afterwards.
    if not info.name.startswith("test") or block is not info.statements or number == len(block) - 1:
        return Fix(title, Safety.MANUAL)
    own, rest = code.range(statement), Range(code.range(statement).end, code.range(block[-1]).end)
    text = file.slice(rest)
    if '"""' in text or "'''" in text or "\\\n" in text or (not in_case and override is None):
        return Fix(title, Safety.MANUAL)
    manager = (
        f"self.settings({name}={value})" if in_case else f"{override[0]}({name}={value})" if override else ""
    )
    imports = () if in_case or override is None else override[1]
    text = indented(text.replace("\r\n", "\n"))
    return Fix(
        title, Safety.SAFE, (replace(file, Range(own.start, rest.end), f"with {manager}:{text}"), *imports)
    )
