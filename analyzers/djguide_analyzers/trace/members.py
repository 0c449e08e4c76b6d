"""What attributes hold, by all assignments to them.

An object or a request that comes from elsewhere has what the methods of its class, or any function of the project,
put there. An assignment that cannot be told makes the attribute of an object unknown, unless its name and its use
tell of which model it is. An attribute of the request is one thing wherever it is set: a row of the one model that
the assignments which can be told have in common.
"""

from __future__ import annotations

from msgspec.structs import replace

from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.trace import annotations, roles, shapes, statements, summaries
from djguide_analyzers.trace.decorators import decorator_names
from djguide_analyzers.trace.frame import Frame, Holder, Run
from djguide_analyzers.trace.joining import join_alike, join_all
from djguide_analyzers.trace.values import (
    NONE,
    UNKNOWN,
    AbstractValue,
    Mapping,
    ObjectValue,
    QuerySetValue,
    RequestValue,
)

MAX_SETTERS = 12
"""Functions that may set one attribute; of more, nobody can say what it holds."""


def held_by(frame: Frame, cls: ClassInfo, name: str) -> AbstractValue | None:
    """What methods of `cls` assign to ``self.name``; None when none does."""
    known = frame.run.members
    if (cls, name) not in known:
        values = _held(frame, _setters(frame, cls, name), name, cls)
        known[cls, name] = join_all(values) if values else None
        if values and all(value is UNKNOWN or value == NONE for value in values):
            known[cls, name] = by_name(frame, cls, name)
    return known[cls, name]


def by_name(frame: Frame, cls: ClassInfo, name: str) -> AbstractValue:
    """What ``self.name`` is of which no assignment tells, by its name and its use."""
    label = shapes.model_of_attribute(frame.project, cls, name)
    if label is None and name == "instance":
        label = roles.label_of_form(frame.project, cls)
    return UNKNOWN if label is None else annotations.some_row(frame, label)


def held_by_request(frame: Frame, name: str) -> AbstractValue:
    """What functions of the project assign to ``request.name``."""
    values = _held(frame, frame.project.request_setters.get(name, []), name, None)
    return join_all(values, join_alike) if values else UNKNOWN


def _setters(frame: Frame, cls: ClassInfo, name: str) -> list[FunctionInfo]:
    """Methods of `cls` and its bases that assign to ``self.name``."""
    project = frame.project
    if cls not in project.attribute_setters:
        found: dict[str, list[FunctionInfo]] = {}
        for base in project.resolver.mro(cls):
            for info in base.methods() if isinstance(base, ClassInfo) else ():
                receiver = info.node.params.items[0].name if info.node.params.items else ""
                for dotted in info.node.sets:
                    holder, _, attribute = dotted.rpartition(".")
                    if holder == receiver:
                        found.setdefault(attribute, []).append(info)
        project.attribute_setters[cls] = found
    return project.attribute_setters[cls].get(name, [])


def _held(frame: Frame, setters: list[FunctionInfo], name: str, cls: ClassInfo | None) -> list[AbstractValue]:
    """What each of `setters` leaves in attribute `name`."""
    if len(setters) > MAX_SETTERS:
        return [UNKNOWN]
    values: list[AbstractValue] = []
    for info in setters:
        key = ("sets", cls, info)
        values.append(
            summaries.remembered(frame.run, key, lambda run, info=info: _left_by(run, info, cls), part=name)
        )
    return values


def _left_by(run: Run, info: FunctionInfo, cls: ClassInfo | None) -> AbstractValue:
    """Attributes of ``self``, or of the request, as `info` leaves them."""
    frame = Frame(run, info.body_code, function=info, owner=info.owner)
    receiver = _receiver(frame, info, cls)
    frame.receiver = receiver
    annotations.bind_parameters(frame, info, [receiver] if receiver is not None else [], {}, explore=True)
    statements.execute(frame, info.statements)
    holder: Holder = receiver if cls is not None and receiver is not None else RequestValue()
    held = run.loaded.get(holder.key, {}).items()
    return Mapping(tuple((name, _with_what_rows_have(run, value)) for name, value in held))


def _with_what_rows_have(run: Run, value: AbstractValue) -> AbstractValue:
    """`value`; a queryset with the relations that the function set or loaded on its rows, which it keeps."""
    if not isinstance(value, QuerySetValue) or value.identity not in run.rows:
        return value
    names = run.loaded.get((run.rows[value.identity], ()), {})
    return replace(value, query=value.query.but(known=value.query.known | frozenset(names)))


def _receiver(frame: Frame, info: FunctionInfo, cls: ClassInfo | None) -> ObjectValue | None:
    """The first parameter of `info`, called on an instance of `cls`; None for a function without one."""
    if info.owner is None or "builtins.staticmethod" in decorator_names(frame.project, info):
        return None
    return ObjectValue(cls or info.owner, frame.run.new_identity())
