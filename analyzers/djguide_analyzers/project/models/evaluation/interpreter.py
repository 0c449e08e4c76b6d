"""The interpreter, put together from its parts."""

from __future__ import annotations

from djguide_analyzers.project.models.evaluation.attributes import Attributes
from djguide_analyzers.project.models.evaluation.calls import Calls
from djguide_analyzers.project.models.evaluation.expressions import Expressions
from djguide_analyzers.project.models.evaluation.members import Members
from djguide_analyzers.project.models.evaluation.metaclasses import Metaclasses
from djguide_analyzers.project.models.evaluation.names import Names
from djguide_analyzers.project.models.evaluation.statements import Statements


class Interpreter(Expressions, Statements, Calls, Attributes, Members, Metaclasses, Names):
    """Evaluates definitions of one project."""
