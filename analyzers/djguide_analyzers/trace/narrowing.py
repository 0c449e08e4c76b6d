"""What a test says of a variable of which nothing else is known."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.trace import annotations
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.values import UNKNOWN, AbstractValue, ClassValue, ExternalValue


def narrowed(frame: Frame, test: ir.Expr, *, holds: bool) -> dict[str, AbstractValue]:
    """Variables that are told once `test`, which has been evaluated, holds or does not."""
    match test:
        case ir.Unary(op="not", operand=operand):
            return narrowed(frame, operand, holds=not holds)
        case ir.Bool(op=op, values=values) if (op == "and") is holds:
            return {
                name: found for value in values for name, found in narrowed(frame, value, holds=holds).items()
            }
        case ir.Call(func=func, args=[ir.Name(id=name), classes]) if holds:
            if frame.value_at(func) == ExternalValue("builtins.isinstance"):
                found = _row_of(frame, classes) if frame.lookup(name) is UNKNOWN else None
                return {} if found is None else {name: found}
    return {}


def _row_of(frame: Frame, classes: ir.Expr) -> AbstractValue | None:
    """An instance of the one model that `isinstance()` asks for; None where it asks for anything else."""
    tested = frame.value_at(classes)
    model = frame.project.graph.of_class(tested.cls) if isinstance(tested, ClassValue) else None
    return annotations.some_row(frame, model.label) if model is not None else None
