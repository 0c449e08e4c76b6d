"""The key that signs sessions stands in the source."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.setting_files import assignments, is_settings_file, role

RULE = Rule(
    summary="`SECRET_KEY` stands in the source of settings that are not for development",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_SHORTEST = 24
_PLACEHOLDER = re.compile(
    r"insecure|secret|change|dummy|example|placeholder|your|replace|todo|not[-_ ]|test|dev|local|key|xxx|default|"
    r"fake|sample|build|unused|random|hush|abcdefgh|^(.)\1+$",
    re.IGNORECASE,
)
"""Words in a text that is no key but stands for one, or what one is made of."""


def check(file: FileContext) -> Iterator[Hit]:
    if not is_settings_file(file) or role(file) == "development" or _is_for_debugging(file):
        return
    for assignment in assignments(file, "SECRET_KEY", "SECRET_KEY_FALLBACKS"):
        literal = _literal(assignment.value)
        if literal is None or (assignment.conditional and role(file) != "production"):
            continue
        yield Hit(
            file.place(assignment.code, assignment.node),
            f"Whoever can read the source can forge sessions, password reset links and all else that "
            f"`{assignment.name}` signs",
            fixes=(Fix("Read it from the environment, and make a new one", Safety.MANUAL),),
        )


def _literal(value: ir.Expr) -> ir.Const | None:
    """A text that looks like a real key, also as what is taken without a variable of the environment."""
    for node in walk(value):
        if isinstance(node, ir.Const) and isinstance(node.value, str) and _looks_random(node.value):
            return node
    return None


def _looks_random(text: str) -> bool:
    if len(text) < _SHORTEST or " " in text or "/" in text[:1] or _PLACEHOLDER.search(text):
        return False
    kinds = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
    return sum(any(kind(char) for char in text) for kind in kinds) >= 2 and len(set(text)) >= 12


def _is_for_debugging(file: FileContext) -> bool:
    return role(file) != "production" and any(
        isinstance(binding, Value) and isinstance(binding.expr, ir.Const) and binding.expr.value is True
        for binding in file.module.symbols.names.get("DEBUG", ())
    )
