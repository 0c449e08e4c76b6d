"""Django's ways of rendering a template by its name."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.trace import calls
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks.registry import models
from djguide_analyzers.trace.templates import render
from djguide_analyzers.trace.templates.code import Context
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    Constant,
    Mapping,
    RequestValue,
    Sequence,
)


def find_template(frame: Frame, name: AbstractValue | None) -> TemplateSource | None:
    """The template that a name, or the first of several that is there, stands for; None unless it is certain."""
    names = name.items or () if isinstance(name, Sequence) else (name,)
    for item in names:
        if not isinstance(item, Constant) or not isinstance(item.value, str):
            return None
        if frame.project.templates.find(item.value) is not None:
            return frame.project.templates.meant(item.value)
    return None


def render_with(
    frame: Frame, name: AbstractValue | None, context: AbstractValue | None, request: AbstractValue | None
) -> None:
    """Render the template called `name` the way Django's shortcuts do."""
    source = find_template(frame, name)
    if source is None:
        return
    variables = dict(_processed(frame)) if request is not None else {}
    frame.run.rendered.append((source, context if isinstance(context, Mapping) else Mapping(())))
    if isinstance(context, Mapping):
        variables |= {key: value for key, value in context.entries if isinstance(key, str)}
    render.render(frame, source, variables)


def _processed(frame: Frame) -> Context:
    """What context processors add when there is a request."""
    request = RequestValue()
    variables: Context = {"request": request}
    place = ir.Call(0, ir.Opaque(0), [], [])
    for function in frame.project.templates.context_processors():
        if function.module.origin == "project":
            added = calls.enter_plainly(frame, place, function, Arguments([request]))
            if isinstance(added, Mapping):
                variables |= {key: value for key, value in added.entries if isinstance(key, str)}
    return variables


@models("django.shortcuts.render")
def _render(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    render_with(frame, args.get(1, "template_name"), args.get(2, "context"), args.first)
    return UNKNOWN


@models("django.template.response.TemplateResponse")
def _template_response(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    render_with(frame, args.get(1, "template"), args.get(2, "context"), args.first)
    return UNKNOWN


@models("django.template.loader.render_to_string")
def _render_to_string(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    render_with(frame, args.get(0, "template_name"), args.get(1, "context"), args.get(2, "request"))
    return UNKNOWN
