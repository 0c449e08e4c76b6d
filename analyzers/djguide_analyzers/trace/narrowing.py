"""What a test says of a variable of which nothing else is known."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.trace import annotations
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.values import UNKNOWN, AbstractValue, ClassValue, ExternalValue, Row


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


_NO_ROWS = frozenset(
    {f"builtins.{name}" for name in ("int", "str", "bytes", "float", "bool", "dict", "list", "tuple")}
    | {"uuid.UUID", "decimal.Decimal"}
)


def exchanged(
    frame: Frame, test: ir.Expr, then: dict[str, AbstractValue], otherwise: dict[str, AbstractValue]
) -> None:
    """Tell in `otherwise` the variable for which `then` has a row because `test` found it to be its key.

    ``if isinstance(order, int): order = Order.objects.get(pk=order)`` takes the key or the row.
    """
    match test:
        case ir.Unary(op="not", operand=ir.Call() as asked):
            wanted = False
        case ir.Call() as asked:
            wanted = True
        case _:
            return
    match asked:
        case ir.Call(func=func, args=[ir.Name(id=name), classes]):
            row = then.get(name)
            if frame.value_at(func) != ExternalValue("builtins.isinstance") or not isinstance(row, Row):
                return
            is_key = _are_no_rows(frame, classes) if wanted else _row_of(frame, classes) is not None
            if is_key and otherwise.get(name) is UNKNOWN:
                otherwise[name] = annotations.some_row(frame, row.model)


def _are_no_rows(frame: Frame, classes: ir.Expr) -> bool:
    """Whether `isinstance()` asks for keys and other plain values."""
    match classes:
        case ir.Display(items=items):
            return all(_are_no_rows(frame, item) for item in items)
        case ir.Binary(left=left, op="|", right=right):
            return _are_no_rows(frame, left) and _are_no_rows(frame, right)
    tested = frame.value_at(classes)
    dotted = tested.cls.dotted if isinstance(tested, ClassValue) else getattr(tested, "dotted", None)
    return dotted in _NO_ROWS


def _row_of(frame: Frame, classes: ir.Expr) -> AbstractValue | None:
    """An instance of the one model that `isinstance()` asks for; None where it asks for anything else."""
    tested = frame.value_at(classes)
    model = frame.project.graph.of_class(tested.cls) if isinstance(tested, ClassValue) else None
    return annotations.some_row(frame, model.label) if model is not None else None
