"""A ``save()`` that does not take, or does not pass on, what Django hands it."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import arguments_range, insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.rules.saving import ARGUMENTS, names_read, parameters_range, parent_calls, save_methods
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range

RULE = Rule(
    summary="A `save()` override does not accept or pass on Django's arguments",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_TITLE = "Accept all arguments and pass them on"


def check(file: FileContext) -> Iterator[Hit]:
    for cls, info in () if file.is_test else save_methods(file):
        calls = list(parent_calls(file, cls, info))
        if not calls or info.node.decorators:
            continue
        missing = _not_accepted(info)
        if missing is not None:
            what = f"`save()` does not accept {missing}: `create()` and partial saves of {cls.name} fail"
        elif dropped := _dropped(info):
            what = f"`save()` accepts {dropped} and drops it: who names columns or a database is not heeded"
        else:
            continue
        yield Hit(name_place(file, info.code, info.node), what, fixes=(_fix(file, info, calls),))


def _not_accepted(info: FunctionInfo) -> str | None:
    """Why calls that Django makes fail; None when they do not."""
    params = info.node.params.items[1:]
    required = [p.name for p in params if p.default is None and p.kind in ("pos", "any", "kw")]
    extra = [name for name in required if name not in ARGUMENTS]
    if extra:
        return f"calls without `{extra[0]}`"
    if any(param.kind == "**" for param in params):
        return None
    names = {param.name for param in params if param.kind != "*"}
    missing = [name for name in ARGUMENTS if name not in names]
    return f"`{missing[0]}`" if missing else None


def _dropped(info: FunctionInfo) -> str | None:
    """The parameter that Django passes and the method never looks at."""
    used = names_read(info)
    if "locals" in used:
        return None
    for param in info.node.params.items[1:]:
        own = param.kind == "**" or param.name in ("using", "update_fields")
        if own and param.name not in used:
            return f"`{'**' if param.kind == '**' else ''}{param.name}`"
    return None


def _fix(file: FileContext, info: FunctionInfo, calls: list[tuple[ir.Call, Code]]) -> Fix:
    """Add what is missing to the signature and to the one plain call of the parent."""
    params = info.node.params.items
    names = {param.kind: param.name for param in params}
    between = parameters_range(file, info)
    plain = [p for p in params[1:] if p.kind in ("pos", "any", "kw")]
    if between is None or len(calls) != 1 or any(p.default is None for p in plain):
        return Fix(_TITLE, Safety.MANUAL)
    call, code = calls[0]
    if not _is_super(call) or any(not _is_passed(keyword, params) for keyword in call.keywords):
        return Fix(_TITLE, Safety.MANUAL)
    if any(isinstance(arg, ir.Star) for arg in call.args) != ("*" in names and bool(call.args)):
        return Fix(_TITLE, Safety.MANUAL)
    if any(p.kind == "kw" for p in params) and "*" not in names:
        return Fix(_TITLE, Safety.MANUAL)
    added, passed = _additions(names, call, plain)
    edits: list[Edit] = []
    if added:
        edits.append(_appended(file, between, added))
    if passed:
        edits.append(_appended(file, arguments_range(file, code, call), passed))
    return Fix(_TITLE, Safety.SAFE if edits else Safety.MANUAL, tuple(edits))


def _additions(names: dict[str, str], call: ir.Call, plain: list[ir.Param]) -> tuple[list[str], list[str]]:
    """Parameters to add, and arguments to pass to the parent."""
    added: list[str] = []
    passed: list[str] = []
    if not plain and "*" not in names:
        added.append("*args")
    if not plain and not call.args:
        passed.append(f"*{names.get('*', 'args')}")
    given = {keyword.name for keyword in call.keywords}
    positional = {arg.id for arg in call.args if isinstance(arg, ir.Name)}
    passed += [
        f"{p.name}={p.name}" for p in plain if p.name in ARGUMENTS and p.name not in given | positional
    ]
    if "**" not in names and any(name not in {p.name for p in plain} for name in ARGUMENTS):
        added.append("**kwargs")
        passed.append("**kwargs")
    elif "**" in names and None not in given:
        passed.append(f"**{names['**']}")
    return added, passed


def _is_super(call: ir.Call) -> bool:
    return (
        isinstance(call.func, ir.Attr) and isinstance(call.func.value, ir.Call) and call.func.name == "save"
    )


def _is_passed(keyword: ir.Keyword, params: list[ir.Param]) -> bool:
    """Whether an argument only hands on the parameter of its own name."""
    if not isinstance(keyword.value, ir.Name):
        return False
    return keyword.name in (keyword.value.id, None) and any(p.name == keyword.value.id for p in params)


def _appended(file: FileContext, inside: Range, items: list[str]) -> Edit:
    """Add `items` at the end of a list in parentheses, laid out like what stands there."""
    text = file.slice(inside)
    kept = text.rstrip()
    trailing = kept.endswith(",")
    own = kept.removesuffix(",").rstrip()
    end = file.lines.position(file.lines.offset(inside.start) + len(own))
    if not own:
        return insert(file, inside.start, ", ".join(items))
    last_line = own.rpartition("\n")[2]
    indent = last_line[: len(last_line) - len(last_line.lstrip())]
    separator = f",\n{indent}" if "\n" in own and trailing else ", "
    return insert(file, end, "".join(separator + item for item in items))
