"""``permission_classes`` that are no sequence of classes."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.endpoint_permissions import permission
from djguide_analyzers.project.endpoints import action_of, describe_endpoint, describe_function
from djguide_analyzers.project.literals import Written
from djguide_analyzers.project.modules import ClassInfo, Value
from djguide_analyzers.project.rest_framework import derives_from, is_certain, lineage_of, readable
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import arguments_range, insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.source.positions import Range

RULE = Rule(
    summary="`permission_classes` is a bare class, or holds instances",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check(file: FileContext) -> Iterator[Hit]:
    for written in _options(file):
        if _is_permission(file, written) or _is_composed(file, written):
            yield _bare(file, written)
        elif isinstance(written.node, ir.Display):
            for item in written.node.items:
                entry = Written(item, written.code, written.owner)
                if isinstance(item, ir.Call) and _is_plain_instance(file, entry, item):
                    yield _instance(file, entry, item)


def _options(file: FileContext) -> Iterator[Written]:
    """The permission lists written in `file`: of views, of their actions, and of function views."""
    for cls in file.classes():
        endpoint = describe_endpoint(file.project, cls)
        if endpoint is None:
            continue
        for binding in cls.members.names.get("permission_classes", ()):
            if isinstance(binding, Value) and binding.expr is not None:
                yield Written(binding.expr, binding.code, cls)
        for info in cls.methods():
            action = action_of(file.project, info)
            if action is not None and (written := action.overrides.get("permission_classes")) is not None:
                yield written
    for info in file.module.functions():
        view = describe_function(file.project, info)
        decorator = view.decorators.get("permission_classes") if view is not None else None
        if isinstance(decorator, ir.Call) and decorator.args:
            yield Written(decorator.args[0], info.code)


def _is_permission(file: FileContext, written: Written) -> bool:
    if not isinstance(written.node, (ir.Name, ir.Attr)):
        return False
    line = lineage_of(file.project.resolver, written.code, written.node, written.owner)
    return derives_from(line, "BasePermission") and is_certain(line)


def _is_composed(file: FileContext, written: Written) -> bool:
    """Whether it is ``A & B`` or the like, which makes one class of two."""
    if not isinstance(written.node, (ir.Binary, ir.Unary)):
        return False
    entry = permission(file.project, written)
    return bool(entry.operator) and all(derives_from(part.line, "BasePermission") for part in entry.parts)


def _is_plain_instance(file: FileContext, entry: Written, call: ir.Call) -> bool:
    """Whether an entry is an instance that cannot be called to make the next one."""
    line = lineage_of(file.project.resolver, entry.code, call.func, entry.owner)
    if not derives_from(line, "BasePermission") or not is_certain(line):
        return False
    return not any(_is_callable(cls) for cls in readable(line))


def _is_callable(cls: ClassInfo) -> bool:
    return cls.member("__call__") is not None or cls.member("__new__") is not None or bool(cls.node.keywords)


def _bare(file: FileContext, written: Written) -> Hit:
    place = file.place(written.code, written.node)
    text = file.lines.text
    start, end = file.lines.offset(place.range.start), file.lines.offset(place.range.end)
    before, after = text[:start].rstrip(), text[end:].lstrip()
    in_call = isinstance(written.owner, type(None))
    if before.endswith("(") and after.startswith(")") and not in_call:
        edits = (insert(file, place.range.end, ","),)
        title = "Add the comma that makes it a tuple"
    else:
        edits = (insert(file, place.range.start, "["), insert(file, place.range.end, "]"))
        title = "Put it into a list"
    return Hit(
        place,
        f"`permission_classes` is the class `{file.text(written.code, written.node)}` itself and no sequence of "
        "classes: every request fails with a TypeError",
        fixes=(Fix(title, Safety.SAFE, edits),),
    )


def _instance(file: FileContext, entry: Written, call: ir.Call) -> Hit:
    name = file.text(entry.code, call.func)
    title = "Name the class itself"
    fix = Fix(title, Safety.MANUAL)
    inside = arguments_range(file, entry.code, call)
    if not call.args and not call.keywords and not file.slice(inside).strip():
        whole = Range(entry.code.range(call.func).end, entry.code.range(call).end)
        fix = Fix(title, Safety.SAFE, (replace(file, whole, ""),))
    return Hit(
        file.place(entry.code, call),
        f"`{name}()` is an instance: REST framework calls each entry of `permission_classes` and fails with a "
        "TypeError on every request",
        fixes=(fix,),
    )
