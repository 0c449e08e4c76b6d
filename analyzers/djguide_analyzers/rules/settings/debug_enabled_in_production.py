"""``DEBUG`` is on where the site is live, or wherever nobody has said otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.setting_files import assignments, is_settings_file, role

RULE = Rule(
    summary="`DEBUG` is on in production, or when the environment says nothing",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_READERS = frozenset({"get", "getenv", "bool", "env", "config", "str", "int", "get_bool", "env_bool", "getbool",
                      "get_env", "env_flag", "boolean", "get_env_bool", "environ_bool"})  # fmt: skip
_OFF: dict[object, str] = {True: "False", "True": "False", "true": "false", "TRUE": "FALSE", "1": "0", "yes": "no",
                           "on": "off", "y": "n", "t": "f"}  # fmt: skip


def check(file: FileContext) -> Iterator[Hit]:
    if not is_settings_file(file):
        return
    kind = role(file)
    if kind == "development":
        return
    for assignment in assignments(file, "DEBUG"):
        value, code = assignment.value, assignment.code
        if isinstance(value, ir.Const) and value.value is True:
            if kind == "production" and not assignment.conditional:
                edit = replace(file, code.range(value), "False")
                yield Hit(
                    file.place(code, assignment.node),
                    "`DEBUG = True` in settings for production: error pages show source, settings and "
                    "local variables",
                    fixes=(Fix("Turn it off", Safety.SAFE, (edit,)),),
                )
            continue
        fallback = _fallback(value)
        if fallback is None or _is_turned_off_elsewhere(file):
            continue
        written = file.text(code, fallback)
        off = _OFF.get(
            fallback.value if not isinstance(fallback.value, int) else bool(fallback.value), "False"
        )
        text = written.replace(str(fallback.value), off, 1) if isinstance(fallback.value, str) else off
        if isinstance(fallback.value, int) and not isinstance(fallback.value, bool):
            text = "0"
        yield Hit(
            file.place(code, assignment.node),
            f"`DEBUG` is on wherever the environment does not say otherwise ({written}): a forgotten variable "
            "shows source, settings and local variables on error pages",
            fixes=(
                Fix("Let it be off by default", Safety.SAFE, (replace(file, code.range(fallback), text),)),
            ),
        )


def _fallback(value: ir.Expr) -> ir.Const | None:
    """The default that turns `DEBUG` on when the variable of the environment is not set."""
    for node in walk(value):
        if not isinstance(node, ir.Call) or not node.args:
            continue
        func = node.func
        name = func.name if isinstance(func, ir.Attr) else func.id if isinstance(func, ir.Name) else ""
        key = node.args[0]
        if (
            name.lower() not in _READERS
            or not isinstance(key, ir.Const)
            or "DEBUG" not in str(key.value).upper()
        ):
            continue
        default = node.keyword("default") or (node.args[1] if len(node.args) > 1 else None)
        if isinstance(default, ir.Const) and _is_on(default.value) and not _is_inverted(value):
            return default
    return None


def _is_on(value: object) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and value in _OFF)


def _is_inverted(value: ir.Expr) -> bool:
    """Whether the text is compared with one that turns it off."""
    for node in walk(value):
        if isinstance(node, ir.Unary) and node.op == "not":
            return True
        if isinstance(node, ir.Compare):
            right = node.rights[0]
            texts = [part.value for part in walk(right) if isinstance(part, ir.Const)]
            off = any(str(text).lower() in ("0", "false", "no", "off", "") for text in texts)
            if off != (node.ops[0] in ("!=", "not in")):
                return True
    return False


def _is_turned_off_elsewhere(file: FileContext) -> bool:
    """Whether other settings of the project say that it is off: those are for production."""
    for module in file.project.modules.values():
        if module.path == file.path:
            continue
        for binding in module.symbols.names.get("DEBUG", ()):
            if (
                isinstance(binding, Value)
                and isinstance(binding.expr, ir.Const)
                and binding.expr.value is False
            ):
                return True
    return False
