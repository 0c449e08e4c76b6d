"""Loops that a class inherits and fills with methods of its own."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.project import Project


def loops_with_hooks(project: Project, cls: ClassInfo) -> list[FunctionInfo]:
    """The methods that `cls` inherits from a class of the project and that call, in a loop, one that it defines.

    Looked at by itself, such a method meets the hook of its own class, which often does nothing.
    """
    resolver = project.resolver
    own = {info.name for info in cls.methods()}
    if not own or cls.module.origin != "project" or project.graph.of_class(cls) is not None:
        return []
    found: list[FunctionInfo] = []
    for base in resolver.mro(cls)[1:]:
        if not isinstance(base, ClassInfo) or base.module.origin != "project":
            continue
        for info in base.methods():
            if not own.isdisjoint(info.once(_called_in_loops)):
                inherited = resolver.class_attribute(cls, info.name)
                if inherited is not None and inherited[1] is info:
                    found.append(info)
    return found


def _called_in_loops(info: FunctionInfo) -> frozenset[str]:
    """Methods of its own object that a method calls in a loop."""
    params = info.node.params.items
    if info.node.decorators or not params:
        return frozenset()
    receiver, found = params[0].name, set[str]()
    for node in walk(info.statements):
        if isinstance(node, (ir.For, ir.While, ir.Comp)):
            for part in walk(node):
                match part:
                    case ir.Call(func=ir.Attr(value=ir.Name(id=name), name=method)) if name == receiver:
                        found.add(method)
    return frozenset(found)
