"""``cleaned_data`` of a form that nobody has validated."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Place, Safety, Severity
from djguide_analyzers.rules.form_classes import FORM
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.source.positions import Position

RULE = Rule(
    summary="`cleaned_data` is read before the form is validated",
    severity=Severity.ERROR,
    safety=Safety.MANUAL,
)

_PLAIN = frozenset({"fields", "data", "files", "initial", "instance", "prefix", "auto_id", "is_bound", "helper",
                    "label_suffix", "empty_permitted", "use_required_attribute", "renderer"})  # fmt: skip
"""What may be looked at without validating the form; anything else, a method of its own above all, may do so."""


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if scope.function is None:
        return
    names = of_scope(file, scope)
    forms = {name for name in names.bound if _is_form(file, names, name)}
    for name in sorted(forms):
        read = _read_too_early(file, scope, name)
        if read is not None:
            yield Hit(
                read,
                f"Nothing has validated `{name}` yet: the form gets its `cleaned_data` in "
                "`is_valid()`, and this "
                "raises an AttributeError",
                fixes=(Fix("Call `is_valid()` first, and answer if it is not", Safety.MANUAL),),
            )


def _is_form(file: FileContext, names: Names, name: str) -> bool:
    """Whether a variable holds a form that is made in this very function, and nothing else."""
    bound = names.bound[name]
    if len(bound) != 1 or bound[0].how != "assigned" or not isinstance(bound[0].value, ir.Call):
        return False
    symbol = names.symbol(bound[0].code, bound[0].value.func)
    resolver = file.project.resolver
    return (
        isinstance(symbol, ClassInfo) and resolver.is_subclass(symbol, FORM) and resolver.fully_known(symbol)
    )


def _read_too_early(file: FileContext, scope: Scope, form: str) -> Place | None:
    """The first use of ``cleaned_data``, unless something that may validate the form comes before it."""
    uses: list[tuple[Position, str, Place]] = []
    given = {
        (code, target.at) for node, code in scope.nodes(ir.Assign) for target in node.targets
    }  # a test that sets `cleaned_data` needs no validation
    for node, code in scope.nodes(ir.Attr):
        if isinstance(node.value, ir.Name) and node.value.id == form:
            if node.name == "cleaned_data" and (code, node.at) in given:
                return None
            uses.append((code.range(node).start, node.name, file.place(code, node)))
    for call, code in scope.nodes(ir.Call):
        for arg in [*call.args, *(keyword.value for keyword in call.keywords)]:
            if isinstance(arg, ir.Name) and arg.id == form:
                uses.append((code.range(call).start, "", file.place(code, call)))
    for _, name, place in sorted(uses, key=lambda use: use[0]):
        if name == "cleaned_data":
            return place
        if name not in _PLAIN:
            return None
    return None
