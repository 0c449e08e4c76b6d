"""Django's own task framework: which backend a task is queued by."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.project import Project

_IN_PLACE = ("ImmediateBackend", "DummyBackend", "DatabaseBackend")
"""Backends that run tasks at once, or not at all, or keep them in the database, where they wait for the commit."""


def has_remote_queue(project: Project, task: FunctionInfo | None) -> bool:
    """Whether a task's backend is known to be a queue of its own, apart from the database."""
    backend = project.settings.get("TASKS").item(_alias(task)).item("BACKEND")
    known = [value for value in backend.alternatives if isinstance(value, str)]
    return bool(known) and not any(value.endswith(_IN_PLACE) for value in known)


def _alias(task: FunctionInfo | None) -> str:
    """The name in ``TASKS`` that a task's decorator gives."""
    for node in task.node.decorators if task is not None else ():
        given = node.keyword("backend") if isinstance(node, ir.Call) else None
        if isinstance(given, ir.Const) and isinstance(given.value, str):
            return given.value
    return "default"
