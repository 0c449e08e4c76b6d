"""Evaluates the Python that runs when models are *defined*, from facts alone.

Model and field classes are ordinary Python: a field's ``__init__`` decides its length, a mixin's class body its
columns. This package interprets such code over the intermediate form, Django's own source included, with
`UNKNOWN` for whatever cannot be known. It runs no code of anybody's: every operation is one of the few that are
written here, and every evaluation is bounded in steps and depth.
"""

from djguide_analyzers.project.models.evaluation.core import Origin
from djguide_analyzers.project.models.evaluation.interpreter import Interpreter
from djguide_analyzers.project.models.evaluation.values import UNKNOWN, Instance, ModelRef

__all__ = ["UNKNOWN", "Instance", "Interpreter", "ModelRef", "Origin"]
