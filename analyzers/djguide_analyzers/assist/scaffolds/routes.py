"""Registering a viewset with a router: the application's own, the project's, or a new one."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from djguide_analyzers.assist.scaffolds.drafts import Draft, marked, module_name
from djguide_analyzers.assist.scaffolds.subject import Subject
from djguide_analyzers.facts import ir
from djguide_analyzers.project.files import is_inside
from djguide_analyzers.project.modules import Code, Module, Value
from djguide_analyzers.project.resolve import called_name
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.source.positions import Position, Range

_ROUTER = "«rest_framework.routers.DefaultRouter»()"


class _Router(NamedTuple):
    """A router of the project, with the last statement about it in its module."""

    module: Module
    name: str
    code: Code
    last: ir.Stmt
    registered: int


def route_drafts(subject: Subject, viewset: tuple[str, str]) -> list[Draft] | None:
    """What gives a viewset its URLs; None where the project's URL patterns are not written as plain lists."""
    prefix = subject.plural.replace("_", "-")
    routers = _routers(subject)
    if routers:
        router = max(routers, key=lambda each: (is_inside(each.module.path, subject.folder), each.registered))
        there = subject.source.context(router.module.path)
        found = _of_context(there, router.name) if there is not None else None
        if there is None or found is None:
            return None
        text = f'\n{router.name}.register("{prefix}", {marked(viewset)})'
        return [Draft(there.path, "", (), [(_line_end(there, found.code.range(found.last)), text)])]
    registered = f'router = {_ROUTER}\nrouter.register("{prefix}", {marked(viewset)})\n'
    path = f"{subject.folder}/urls.py"
    there = subject.source.context(path)
    if there is not None:
        return _into_patterns(there, registered)
    app = module_name(subject, path)
    included = _included(subject, app)
    new = Draft(path, f"{registered}\nurlpatterns = router.urls\n", ("router", "urlpatterns"))
    return None if included is None else [new, included]


def _routers(subject: Subject) -> list[_Router]:
    contexts = (
        subject.source.context(path) for path, module in subject.project.modules.items() if _may_route(module)
    )
    return [found for context in contexts if context is not None for found in _routers_of(context)]


def _may_route(module: Module) -> bool:
    return any(
        isinstance(binding, Value) and isinstance(binding.expr, ir.Call) and _is_router(binding.expr)
        for bindings in module.symbols.names.values()
        for binding in bindings
    )


def _is_router(call: ir.Call) -> bool:
    return (called_name(call) or "").endswith(("DefaultRouter", "SimpleRouter"))


def _of_context(context: FileContext, name: str) -> _Router | None:
    return next((router for router in _routers_of(context) if router.name == name), None)


def _routers_of(context: FileContext) -> list[_Router]:
    found: dict[str, _Router] = {}
    for chunk in context.module.facts.chunks:
        code = Code(context.module, chunk)
        for node in chunk.outline:
            match node:
                case ir.Assign(targets=[ir.Name(id=name)], value=ir.Call() as call) if _is_router(call):
                    found[name] = _Router(context.module, name, code, node, 0)
                case ir.ExprStmt(value=ir.Call(func=ir.Attr(value=ir.Name(id=name), name="register"))):
                    if name in found:
                        found[name] = _Router(context.module, name, code, node, found[name].registered + 1)
    return list(found.values())


def _line_end(there: FileContext, own: Range) -> Position:
    return Position(own.end.line, len(there.lines.line(own.end.line).rstrip("\r\n")))


# --- lists of patterns -----------------------------------------------------------------------------------


def _patterns(there: FileContext) -> tuple[Code, ir.Stmt, ir.Display] | None:
    """The list that ``urlpatterns`` is assigned."""
    for chunk in there.module.facts.chunks:
        for node in chunk.outline:
            match node:
                case ir.Assign(targets=[ir.Name(id="urlpatterns")], value=ir.Display(kind="list") as listed):
                    return Code(there.module, chunk), node, listed
    return None


def _into_patterns(there: FileContext, registered: str) -> list[Draft] | None:
    """A router in front of an application's patterns, and its URLs among them."""
    found = _patterns(there)
    if found is None or "router" in there.module.symbols.names:
        return None
    code, statement, listed = found
    before = (code.range(statement).start, f"{registered}\n")
    item = '«django.urls.path»("", «django.urls.include»(router.urls))'
    return [Draft(there.path, "", ("router",), [before, _appended(there, code, listed, item)])]


def _included(subject: Subject, module: str) -> Draft | None:
    """The patterns of an application's new URL module, included by the root."""
    dotted = subject.project.settings.root_urlconf()
    root = subject.project.resolver.module(dotted) if dotted else None
    there = subject.source.context(root.path) if root is not None and root.origin == "project" else None
    found = _patterns(there) if there is not None else None
    if there is None or found is None:
        return None
    code, _, listed = found
    route = posixpath.basename(subject.folder).replace("_", "-")
    item = f'«django.urls.path»("{route}/", «django.urls.include»("{module}"))'
    return Draft(there.path, "", (), [_appended(there, code, listed, item)])


def _appended(there: FileContext, code: Code, listed: ir.Display, item: str) -> tuple[Position, str]:
    """One item more at the end of a list, laid out as the others."""
    whole = code.range(listed)
    if not listed.items:
        return Position(whole.end.line, whole.end.column - 1), f"\n    {item},\n"
    last = code.range(listed.items[-1])
    rest = there.lines.slice(Range(last.end, whole.end))
    line = there.lines.line(last.start.line)
    own = line[: code.range(listed.items[-1]).start.column]
    comma = rest.find(",")
    if comma >= 0 and not rest[:comma].strip():
        offset = there.lines.offset(last.end) + comma + 1
        end = there.lines.position(offset)
        return (end, f"\n{own}{item},") if not own.strip() else (end, f" {item}")
    return (last.end, f",\n{own}{item},") if not own.strip() else (last.end, f", {item}")
