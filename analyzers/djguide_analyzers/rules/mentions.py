"""The calls in a project's functions, by the name of what they call or hand over."""

from __future__ import annotations

from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.bodies import functions_of
from djguide_analyzers.rules.context import FileContext


@dataclass(frozen=True, slots=True, eq=False)
class Mention:
    """A call of something called like a function, or, without `is_call`, a function handed over in a call."""

    function: FunctionInfo
    code: Code
    node: ir.Call
    is_call: bool

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Mention)
            and self.code == other.code
            and self.node == other.node
            and self.is_call == other.is_call
        )

    def __hash__(self) -> int:
        return hash((self.code, self.node.at, self.is_call))


def mentions_in(file: FileContext) -> dict[str, list[Mention]]:
    """The calls in a file, and the names handed over in them, by the last part of their name."""
    found: dict[str, list[Mention]] = {}
    for mentions in file.of_functions(_mentions):
        for name, mention in mentions:
            found.setdefault(name, []).append(mention)
    return found


def _mentions(file: FileContext, info: FunctionInfo) -> list[tuple[str, Mention]]:
    found: list[tuple[str, Mention]] = []
    for function in functions_of(info):
        for node in walk(function.statements):
            if not isinstance(node, ir.Call):
                continue
            called = last_name(node.func)
            if called is not None:
                found.append((called, Mention(function, function.body_code, node, True)))
            for name in {last_name(arg) for arg in given(node)} - {None}:
                assert name is not None
                found.append((name, Mention(function, function.body_code, node, False)))
    return found


def given(node: ir.Call) -> list[ir.Expr]:
    """The arguments of a call."""
    return [*node.args, *(keyword.value for keyword in node.keywords)]


def last_name(node: ir.Expr) -> str | None:
    match node:
        case ir.Name(id=name) | ir.Attr(name=name):
            return name
        case _:
            return None
