"""Who may call a view: the decorators and mixins that ask for a login or a permission."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules.context import FileContext

VIEW = "django.views.generic.base.View"
ACCESS_MIXIN = "django.contrib.auth.mixins.AccessMixin"
LOGIN_MIXIN = "django.contrib.auth.mixins.LoginRequiredMixin"
LOGIN_REQUIRED = "django.contrib.auth.decorators.login_required"
_METHOD_DECORATOR = "django.utils.decorators.method_decorator"


def decorations(
    file: FileContext, code: Code, decorators: list[ir.Expr], owner: ClassInfo | None = None
) -> Iterator[tuple[str, ir.Expr]]:
    """The dotted names of decorators with the written one each; those in ``method_decorator`` one by one."""
    for node in decorators:
        target = node.func if isinstance(node, ir.Call) else node
        dotted = file.resolve(code, target, owner)
        if dotted == _METHOD_DECORATOR and isinstance(node, ir.Call) and node.args:
            inner = node.args[0]
            listed = inner.items if isinstance(inner, ir.Display) else [inner]
            for each in listed:
                each_target = each.func if isinstance(each, ir.Call) else each
                name = file.resolve(code, each_target, owner)
                if name is not None:
                    yield name, node
        elif dotted is not None:
            yield dotted, node


def function_decorations(file: FileContext, info: FunctionInfo) -> list[tuple[str, ir.Expr]]:
    return list(decorations(file, info.code, info.node.decorators, info.owner))


def class_decorations(file: FileContext, cls: ClassInfo) -> list[tuple[str, ir.Expr]]:
    """What decorates all requests to a class-based view: the class, or its own ``dispatch()``."""
    found = list(decorations(file, cls.code, cls.node.decorators, cls.owner))
    dispatch = cls.member("dispatch")
    if isinstance(dispatch, FunctionInfo):
        found += function_decorations(file, dispatch)
    return found


def is_view_class(file: FileContext, cls: ClassInfo) -> bool:
    return file.project.resolver.is_subclass(cls, VIEW)
