"""The site answers under any host name."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.setting_files import assignments, is_settings_file, role

RULE = Rule(
    summary="`ALLOWED_HOSTS` lets every host name in",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)


def check(file: FileContext) -> Iterator[Hit]:
    if not is_settings_file(file):
        return
    kind = role(file)
    if kind == "development" or (kind != "production" and _is_for_debugging(file)):
        return
    if _checks_hosts_itself(file):
        return
    for assignment in assignments(file, "ALLOWED_HOSTS"):
        if assignment.conditional and kind != "production":
            continue
        star = _star(assignment.value)
        if star is not None:
            yield Hit(
                file.place(assignment.code, assignment.node),
                "With `*` Django believes any `Host` header: links in mails, such as those that reset a "
                "password, can "
                "be made to lead elsewhere",
                fixes=(Fix("List the site's host names", Safety.MANUAL),),
            )


def _star(value: ir.Expr) -> ir.Expr | None:
    """The ``*`` in a list of hosts, also as what is taken without a variable of the environment."""
    for node in walk(value):
        if isinstance(node, ir.Const) and node.value == "*":
            return node
    return None


def _is_for_debugging(file: FileContext) -> bool:
    """Whether the module itself says that it is for development."""
    return any(
        isinstance(binding, Value) and isinstance(binding.expr, ir.Const) and binding.expr.value is True
        for binding in file.module.symbols.names.get("DEBUG", ())
    )


def _checks_hosts_itself(file: FileContext) -> bool:
    """Whether the project has code of its own that refuses hosts."""
    modules = file.project.modules.values()
    return any("DisallowedHost" in module.symbols.names for module in modules)
