"""Executing the nodes of a template abstractly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from djguide_analyzers.facts import ir
from djguide_analyzers.facts import template_ir as t
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.templates import TagFunction, TemplateSource
from djguide_analyzers.trace import calls, iteration, querysets
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.templates import lookups
from djguide_analyzers.trace.templates.code import Blocks, Context, TemplateFrame
from djguide_analyzers.trace.values import (
    SCALAR,
    UNKNOWN,
    AbstractValue,
    ManagerValue,
    Mapping,
    QuerySetValue,
    Sequence,
)

MAX_DEPTH = 12
"""Templates included in one another that are followed."""


def render(caller: Frame, source: TemplateSource, context: Context, depth: int = 0) -> None:
    """Render `source` with `context`, as if `caller` did: its loops go on running."""
    run = caller.run
    chain = run.project.templates.chain(source)
    for template in chain.templates:
        run.modules.add(template.path)
    frame = TemplateFrame(caller, chain.templates[-1], dict(context))
    frame.depth = depth
    frame.blocks = _blocks(chain.templates)
    frame.block = None
    execute(frame, chain.templates[-1].facts.nodes)


def _blocks(templates: tuple[TemplateSource, ...]) -> Blocks:
    """What each template of a chain puts into its blocks, the most derived first."""
    found: Blocks = {}
    for template in templates:
        for node in t.walk(template.facts.nodes):
            if isinstance(node, t.Block):
                found.setdefault(node.name.id, []).append((template, node))
    return found


def execute(frame: TemplateFrame, nodes: list[t.TemplateNode] | None) -> None:
    """Execute nodes in order."""
    for node in nodes or ():
        executor = _EXECUTORS.get(type(node))
        if executor is not None:
            executor(frame, node)


def _inside(frame: TemplateFrame, body: list[t.TemplateNode] | None, bound: Context) -> None:
    """Execute a body with some variables more."""
    outside = frame.env
    frame.env = {**outside, **bound}
    execute(frame, body)
    frame.env = outside


def _to_text(frame: TemplateFrame, value: AbstractValue, at: int) -> None:
    calls.to_text(frame, value, ir.Opaque(at))


def _output(frame: TemplateFrame, node: t.Output) -> None:
    base = node.value.base
    if isinstance(base, t.Variable) and base.lookups == ["block", "super"]:
        _super(frame)
        return
    _to_text(frame, lookups.evaluate(frame, node.value), node.at)


def _super(frame: TemplateFrame) -> None:
    if frame.block is not None:
        name, number = frame.block
        _run_block(frame, name, number + 1)


def _block(frame: TemplateFrame, node: t.Block) -> None:
    if node.name.id in frame.blocks:
        _run_block(frame, node.name.id, 0)
    else:
        execute(frame, node.body)


def _run_block(frame: TemplateFrame, name: str, number: int) -> None:
    overrides = frame.blocks.get(name, [])
    if number >= len(overrides) or frame.block == (name, number):
        return
    source, block = overrides[number]
    inner = TemplateFrame(frame, source, frame.env)
    inner.depth = frame.depth
    inner.block = name, number
    execute(inner, block.body)


def _for(frame: TemplateFrame, node: t.For) -> None:
    value = lookups.evaluate(frame, node.iter)
    if isinstance(value, ManagerValue):
        value = UNKNOWN  # a manager is not iterable
    element, loop = iteration.iterate(frame, value, ir.Opaque(node.iter.at), node.at)
    frame.loops = (*frame.loops, replace(loop, by="template"))
    names = [target.id for target in node.targets]
    for name in names:
        frame.varying[name] = len(frame.loops)
    _inside(frame, node.body, {**_unpacked(names, element), "forloop": SCALAR})
    frame.loops = frame.loops[:-1]
    execute(frame, node.empty)


def _unpacked(names: list[str], element: AbstractValue) -> Context:
    if len(names) == 1:
        return {names[0]: element}
    if isinstance(element, Sequence) and element.items is not None and len(element.items) == len(names):
        return dict(zip(names, element.items, strict=True))
    return dict.fromkeys(names, element.element if isinstance(element, Sequence) else UNKNOWN)


def _if(frame: TemplateFrame, node: t.If) -> None:
    for branch in node.branches:
        for term in branch.condition.terms if branch.condition is not None else ():
            if isinstance(term, t.Expression):
                value = lookups.evaluate(frame, term)
                if isinstance(value, QuerySetValue):
                    querysets.run_query(frame, value, "bool", ir.Opaque(term.at))
        execute(frame, branch.body)


def _with(frame: TemplateFrame, node: t.With) -> None:
    _inside(frame, node.body, _bound(frame, node.bindings))


def _bound(frame: TemplateFrame, bindings: list[t.Binding]) -> Context:
    for binding in bindings:
        frame.varying[binding.name] = frame.varies(binding.value)
    return {binding.name: lookups.evaluate(frame, binding.value) for binding in bindings}


def _include(frame: TemplateFrame, node: t.Include) -> None:
    lookups.evaluate(frame, node.template)
    bound = _bound(frame, node.bindings)
    source = frame.project.templates.included(frame.source, node)
    if source is None or frame.depth >= MAX_DEPTH:
        return
    context = bound if node.only else {**frame.env, **bound}
    render(frame, source, context, frame.depth + 1)


def _regroup(frame: TemplateFrame, node: t.Regroup) -> None:
    value = lookups.evaluate(frame, node.target)
    element, loop = iteration.iterate(frame, value, ir.Opaque(node.target.at), node.at, comprehension=True)
    frame.loops = (*frame.loops, loop)
    key: AbstractValue = UNKNOWN
    if isinstance(node.key.base, t.Variable):
        key = lookups.read(frame, element, node.key.base.lookups, node.key.at)
    frame.loops = frame.loops[:-1]
    group = Mapping((("grouper", key), ("list", Sequence(element))))
    frame.env = {**frame.env, node.as_var.id: Sequence(group)}


def _evaluated(*fields: str) -> Callable[[TemplateFrame, Any], None]:
    """An executor of a tag that turns the expressions in some of its fields into text."""

    def run(frame: TemplateFrame, node: Any) -> None:
        for name in fields:
            held = getattr(node, name)
            for part in held if isinstance(held, list) else [held]:
                expression = part.value if isinstance(part, t.Binding) else part
                if isinstance(expression, t.Expression):
                    _to_text(frame, lookups.evaluate(frame, expression), expression.at)

    return run


def _ifchanged(frame: TemplateFrame, node: t.Ifchanged) -> None:
    for value in node.values:
        lookups.evaluate(frame, value)
    execute(frame, node.body)
    execute(frame, node.orelse)


def _block_translate(frame: TemplateFrame, node: t.BlockTranslate) -> None:
    bindings = [*node.bindings, node.count] if node.count is not None else node.bindings
    bound = _bound(frame, bindings)
    _inside(frame, node.body, bound)
    _inside(frame, node.plural, bound)


def _cache(frame: TemplateFrame, node: t.Cache) -> None:
    for value in node.vary_on:
        lookups.evaluate(frame, value)
    memoised, frame.memoised = frame.memoised, True
    execute(frame, node.body)
    frame.memoised = memoised


def _body(frame: TemplateFrame, node: Any) -> None:
    execute(frame, node.body)


def _tag(frame: TemplateFrame, node: t.Tag) -> None:
    args = [lookups.evaluate(frame, arg) for arg in node.args]
    keywords = {binding.name: lookups.evaluate(frame, binding.value) for binding in node.kwargs}
    tag = frame.project.templates.scope(frame.source).tag(node.name)
    value: AbstractValue = UNKNOWN
    if tag is not None and tag.kind in ("simple", "inclusion") and isinstance(tag.function, FunctionInfo):
        value = _call_tag(frame, node, tag, tag.function, args, keywords)
    if node.as_var is not None:
        frame.env = {**frame.env, node.as_var.id: value}
    execute(frame, node.body)


def _call_tag(
    frame: TemplateFrame,
    node: t.Tag,
    tag: TagFunction,
    function: FunctionInfo,
    args: list[AbstractValue],
    keywords: Context,
) -> AbstractValue:
    if tag.takes_context:
        args = [Mapping(tuple(frame.env.items())), *args]
    place = ir.Call(node.at, ir.Opaque(node.at), [], [])
    value = calls.enter_plainly(frame, place, function, Arguments(args, keywords))
    if tag.kind == "inclusion" and tag.template is not None and isinstance(value, Mapping):
        source = frame.project.templates.meant(tag.template)
        if source is not None and frame.depth < MAX_DEPTH:
            render(frame, source, {str(name): held for name, held in value.entries}, frame.depth + 1)
        return UNKNOWN
    _to_text(frame, value, node.at)
    return value


_EXECUTORS: dict[type, Callable[[TemplateFrame, Any], None]] = {
    t.Output: _output,
    t.Block: _block,
    t.For: _for,
    t.If: _if,
    t.With: _with,
    t.Include: _include,
    t.Regroup: _regroup,
    t.Url: _evaluated("args", "kwargs"),
    t.Cycle: _evaluated("values"),
    t.Firstof: _evaluated("values"),
    t.Widthratio: _evaluated("value", "max_value", "max_width"),
    t.Translate: _evaluated("message"),
    t.Ifchanged: _ifchanged,
    t.BlockTranslate: _block_translate,
    t.Cache: _cache,
    t.FilterBlock: _body,
    t.Autoescape: _body,
    t.Spaceless: _body,
    t.Tag: _tag,
}
