"""Objects that a function is handed: whether those who call it load along what it goes on to read.

``for line in order.lines.all(): line.item`` costs a query for each line unless whoever handed over the order has
prefetched ``lines__item``. Where some code of the project asks for that path, the callers decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from djguide_analyzers.project.modules import FunctionInfo, Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.serializers import is_serializer
from djguide_analyzers.rules.callers import MAX_CALLERS, callers_of
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.entry_points import MODEL_ADMIN, is_view
from djguide_analyzers.rules.receivers import receivers
from djguide_analyzers.rules.remembered import Remembered
from djguide_analyzers.trace.events import QueryRun, RelationRead, Served
from djguide_analyzers.trace.frameworks.forms import FORM
from djguide_analyzers.trace.loading import is_sure
from djguide_analyzers.trace.missing import Miss
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import Site

MAX_DEPTH = 3
"""Calls that are followed upwards."""
MAX_FUNCTIONS = 80
"""Functions that are traced to find out about one."""


def comes_bare(file: FileContext, trace: Trace, miss: Miss) -> bool:
    """Whether the object behind `miss`, handed to the root of `trace`, comes without what is missed.

    So it is when the project's own code calls the root, no module that calls it asks for the path, and no caller
    that can be followed hands over an object with it. Nothing can be said of what frameworks call.
    """
    info = trace.function
    if info is None or info.parent is not None or not is_sure(file.project, miss.model, miss.name):
        return False
    if _is_called_by_frameworks(file.project, info):
        return False
    known = file.project.shared(_Above, _Above)
    above = known.functions.get(info.body_code, lambda: _above(file, info))
    if above is None:
        return False
    if not above and not any(receiver.function is info for receiver in receivers(file)):
        return False
    if any(_mentions(module, miss) for module in {caller.module for caller in _callers(file, info) or ()}):
        return False
    read = (miss.site, miss.name)
    return not any(read in known.served.get(f.body_code, lambda f=f: _served(file, f)) for f in above)


def _mentions(module: Module, miss: Miss) -> bool:
    """Whether code of `module` asks somewhere for what is missed to be loaded along with the object."""
    related = miss.row.root.related
    names = related.names if related is not None else ()
    paths = [f"__{'__'.join((accessor, *miss.row.path, miss.name))}__" for accessor in names]
    return any(
        path in f"__{load}__" for chunk in module.facts.chunks for load in chunk.loads for path in paths
    )


class _Above:
    """What was found out about callers; see `Forgetful`."""

    def __init__(self) -> None:
        self.functions: Remembered[list[FunctionInfo] | None] = Remembered()
        self.served: Remembered[frozenset[tuple[Site, str]]] = Remembered()

    def questions(self) -> set[str]:
        return self.functions.questions() | self.served.questions()

    def forget(self, keys: Set[str], answered: Set[str]) -> None:
        self.functions.forget(keys, answered)
        self.served.forget(keys, answered)


def _is_called_by_frameworks(project: Project, info: FunctionInfo) -> bool:
    """Whether templates and frameworks may call it as well, with objects that nobody sees."""
    cls = info.owner
    if cls is None:
        return False
    if info.name.startswith("__") or is_serializer(project, cls) or is_view(project, cls):
        return True
    if project.resolver.is_subclass(cls, FORM, MODEL_ADMIN):
        return True
    return project.graph.of_class(cls) is not None and not _is_out_of_reach(info)


def _is_out_of_reach(info: FunctionInfo) -> bool:
    """Whether a method is nothing that a template calls: they hand over no arguments and see no private names."""
    return info.name.startswith("_") or len(info.node.params.items) > 1


def _above(file: FileContext, info: FunctionInfo) -> list[FunctionInfo] | None:
    """The functions that call `info`, over some calls; None where there are too many to follow."""
    direct = _callers(file, info)
    if direct is None:
        return None
    found = dict.fromkeys(direct)
    level = direct
    for _ in range(MAX_DEPTH - 1):
        inner = [caller for caller in level if not _is_called_by_frameworks(file.project, caller)]
        above = [caller for callee in inner for caller in _callers(file, callee) or () if caller is not info]
        level = [caller for caller in dict.fromkeys(above) if caller not in found]
        found |= dict.fromkeys(level)
        if len(found) > MAX_FUNCTIONS:
            return None
    return list(found)


def _callers(file: FileContext, info: FunctionInfo) -> list[FunctionInfo] | None:
    """The functions that call `info`; only those that are known to where many call something of its name."""
    calls = list(callers_of(file).calls(info))
    known = [call for call in calls if call[0] == "known"]
    followed = calls if len(calls) <= MAX_CALLERS else known
    if len(followed) > MAX_CALLERS or (calls and not followed):
        return None
    return list(dict.fromkeys(_outermost(mention.function) for _, mention in followed))


def _outermost(info: FunctionInfo) -> FunctionInfo:
    while info.parent is not None:
        info = info.parent
    return info


def _served(file: FileContext, info: FunctionInfo) -> frozenset[tuple[Site, str]]:
    """What the functions that `info` calls read and find loaded: where, and the relation."""
    root = file.sibling(info.module).root_of(info).rested_on()
    return frozenset(_reads(root.trace) if root.trace is not None else ())


def _reads(trace: Trace) -> Iterator[tuple[Site, str]]:
    for event in trace.events:
        if isinstance(event, (Served, RelationRead)):
            yield event.site, event.name
        elif isinstance(event, QueryRun) and event.cached and event.related is not None:
            yield event.site, event.related.accessor
