"""A setting is misspelt by one letter, so that Django goes on with its default."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code, Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.setting_files import assignments, is_read, is_settings_file

RULE = Rule(
    summary="A setting that nothing reads is one letter away from one that exists",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_SHORTEST = 6
_REST = "REST_FRAMEWORK"
_OTHERS = frozenset({"ASGI_APPLICATION"})
"""Settings that servers read, not Django."""


def check(file: FileContext) -> Iterator[Hit]:
    if not is_settings_file(file):
        return
    known = _names_of(file, "django.conf.global_settings")
    for assignment in assignments(file):
        name = assignment.name
        if name == _REST:
            yield from _rest_keys(file, assignment.code, assignment.value)
        if name in known or name in _OTHERS or len(name) < _SHORTEST:
            continue
        meant = [other for other in known if _is_near(name, other)]
        if len(meant) != 1 or is_read(file, name):
            continue
        target = next(
            (each for each in assignment.node.targets if isinstance(each, ir.Name) and each.id == name), None
        )
        if target is not None:
            yield _hit(
                file, assignment.code, assignment.node, target, name, meant[0], _is_set_too(file, meant[0])
            )


def _is_set_too(file: FileContext, name: str) -> bool:
    """Whether the right name is set in the same module, so that renaming would set it twice."""
    return name in file.module.symbols.names


def _names_of(file: FileContext, module: str) -> frozenset[str]:
    found = file.project.resolver.module(module)
    return (
        frozenset(name for name in found.symbols.names if name.isupper())
        if found is not None
        else frozenset()
    )


def _rest_keys(file: FileContext, code: Code, value: ir.Expr) -> Iterator[Hit]:
    """Keys of ``REST_FRAMEWORK``, against the defaults of the framework that is installed."""
    module = file.project.resolver.module("rest_framework.settings")
    binding = module.symbols.get("DEFAULTS") if module is not None else None
    if (
        not isinstance(binding, Value)
        or not isinstance(binding.expr, ir.Dict)
        or not isinstance(value, ir.Dict)
    ):
        return
    known = {
        key.value for key in binding.expr.keys if isinstance(key, ir.Const) and isinstance(key.value, str)
    }
    written = {key.value for key in value.keys if isinstance(key, ir.Const)}
    for key in value.keys:
        if not isinstance(key, ir.Const) or not isinstance(key.value, str) or key.value in known:
            continue
        meant = [other for other in known if _is_near(key.value, other)]
        if len(meant) == 1:
            yield _hit(file, code, key, key, key.value, meant[0], meant[0] in written, quote='"')


def _hit(
    file: FileContext,
    code: Code,
    node: ir.Node,
    target: ir.Expr,
    name: str,
    meant: str,
    is_set: bool,
    quote: str = "",
) -> Hit:
    title = f"Rename it to `{meant}`"
    range_ = code.range(target)
    fix = Fix(title, Safety.MANUAL)
    if not is_set:
        fix = Fix(title, Safety.SAFE, (replace(file, range_, f"{quote}{meant}{quote}"),))
    return Hit(
        file.place(code, node),
        f"Nothing reads `{name}`; `{meant}` is one letter away, and keeps its default",
        fixes=(fix,),
    )


def _is_near(one: str, other: str) -> bool:
    """Whether one letter is added, left out, replaced or swapped with its neighbour."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        different = [number for number in range(len(one)) if one[number] != other[number]]
        if len(different) == 1:
            return True
        first = different[0]
        return (
            len(different) == 2
            and different[1] == first + 1
            and one[first] == other[first + 1]
            and one[first + 1] == other[first]
        )
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return any(longer[:number] + longer[number + 1 :] == shorter for number in range(len(longer)))
