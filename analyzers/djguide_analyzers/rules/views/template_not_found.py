"""A view or a template names a template that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.template_ir import Extends, Include, walk
from djguide_analyzers.facts.walk import walk as node_walk
from djguide_analyzers.project.modules import Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.templates.source import static_name
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, TemplateContext
from djguide_analyzers.rules.finding import Fix, Place, Safety, Severity
from djguide_analyzers.rules.missing_templates import close_name, is_missing
from djguide_analyzers.rules.names import of_scope
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import LineIndex, Range

RULE = Rule(
    summary="A view or a template names a template that does not exist",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)

_RENDERING = {
    "django.shortcuts.render": 1,
    "django.template.loader.render_to_string": 0,
    "django.template.loader.get_template": 0,
    "django.template.response.TemplateResponse": 1,
}
"""Functions that load a template by its name, and the position of the name."""
_TEMPLATE_VIEW = "django.views.generic.base.TemplateResponseMixin"


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for scope in file.scopes:
        calls = [(node, code) for node, code in scope.nodes(ir.Call) if _last_name(node) in _LAST_NAMES]
        names = of_scope(file, scope) if calls else None
        # A template that may be missing is what some code tries for.
        tried = {inner.at for node, _ in scope.nodes(ir.Try) for inner in node_walk(node.body)}
        for node, code in calls:
            position = _RENDERING.get((names.called(code, node) if names is not None else None) or "")
            if position is None or node.at in tried:
                continue
            given = node.args[position] if len(node.args) > position else node.keyword("template_name")
            if isinstance(given, ir.Const):
                yield from _check(file, file.place(code, given), given.value)
    for cls in file.classes():
        value = cls.member("template_name")
        if not isinstance(value, Value) or not isinstance(value.expr, ir.Const):
            continue
        if file.project.resolver.is_subclass(cls, _TEMPLATE_VIEW):
            yield from _check(file, file.place(value.code, value.expr), value.expr.value)


def check_template(template: TemplateContext) -> Iterator[Hit]:
    if not template.source.judged or not template.source.certain:
        return
    for node in walk(template.facts.nodes):
        if isinstance(node, (Extends, Include)):
            name = static_name(node.template)
            if name is not None and is_missing(template.project, name):
                yield _hit(template.project, template.place(node.template), name, template.lines)


_LAST_NAMES = frozenset(dotted.rpartition(".")[2] for dotted in _RENDERING)


def _last_name(node: ir.Call) -> str:
    return node.func.id if isinstance(node.func, ir.Name) else getattr(node.func, "name", "")


def _check(file: FileContext, place: Place, name: object) -> Iterator[Hit]:
    if isinstance(name, str) and is_missing(file.project, name):
        yield _hit(file.project, place, name, file.lines)


def _hit(project: Project, place: Place, name: str, lines: LineIndex) -> Hit:
    close = close_name(project, name)
    fix = Fix("Make the template, or name one that is there", Safety.MANUAL)
    text = lines.slice(place.range)
    if close is not None and text[1:-1] == name:
        start, end = place.range
        inside = Range(type(start)(start.line, start.column + 1), type(end)(end.line, end.column - 1))
        fix = Fix(f"Use `{close}`", Safety.REVIEW, (Edit(place.path, inside, close),))
    return Hit(
        place,
        f"There is no template `{name}`: Django raises TemplateDoesNotExist",
        fixes=(fix,),
        data={"template": name},
    )
