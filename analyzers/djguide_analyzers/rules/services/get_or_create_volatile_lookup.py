"""``get_or_create()`` looks a row up by a value that is another one each time."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import Code
from djguide_analyzers.project.resolve import Symbol
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, remove_keyword, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.queryset_calls import QuerySetCall, has_star, queryset_calls
from djguide_analyzers.rules.row_changes import column_called
from djguide_analyzers.rules.uniqueness import LookUp, coverage, look_up

RULE = Rule(
    summary="`get_or_create()` looks for the time or a random value, which no row has: it always creates",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_METHODS = ("get_or_create", "update_or_create")
_NO_LOOKUPS = frozenset({"defaults", "create_defaults"})
_TITLE = "Set it in `defaults` instead of looking for it"
_CLOCKS = frozenset(
    {
        "django.utils.timezone.now", "django.utils.timezone.localtime", "datetime.datetime.now",
        "datetime.datetime.utcnow", "datetime.datetime.today", "time.time", "time.time_ns", "time.monotonic",
    }
)  # fmt: skip
_RANDOM = frozenset(
    {
        "uuid.uuid1", "uuid.uuid4", "random.random", "random.randint", "random.choice", "random.randrange",
        "secrets.token_hex", "secrets.token_urlsafe", "secrets.token_bytes", "secrets.randbelow",
        "django.utils.crypto.get_random_string",
    }
)  # fmt: skip


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    names: Names | None = None
    for call in queryset_calls(scope, *_METHODS):
        model = file.project.graph.get(call.model)
        if model is None or has_star(call.node):
            continue
        names = names or of_scope(file, scope)
        lookups = [keyword for keyword in call.node.keywords if keyword.name not in _NO_LOOKUPS]
        volatile = [each for each in lookups if _is_volatile(names, call.code, model, each)]
        if volatile and not _is_key(file, call, model, lookups, volatile):
            yield _hit(file, call, model, lookups, volatile)


def _is_volatile(names: Names, code: Code, model: Model, keyword: ir.Keyword) -> bool:
    """Whether a column must be equal to a value that is new each time, or to one that floats."""
    column = column_called(model, keyword.name or "")
    if column is None:
        return False
    return column.django_base == "FloatField" or _is_new(names, code, keyword.value)


def _is_new(names: Names, code: Code, value: ir.Expr, depth: int = 0) -> bool:
    match value:
        case ir.Call():
            called: Symbol | str | None = names.dotted(code, value.func)
            return called in _CLOCKS or called in _RANDOM
        case ir.Binary(left=left, op="+" | "-", right=right):
            return _is_new(names, code, left, depth) or _is_new(names, code, right, depth)
        case ir.Name(id=name) if depth < 3:
            held = names.value(name)
            return held is not None and _is_new(names, held[1], held[0], depth + 1)
    return False


def _is_key(
    file: FileContext, call: QuerySetCall, model: Model, lookups: list[ir.Keyword], volatile: list[ir.Keyword]
) -> bool:
    """Whether the rows are told apart by these very values."""
    whole = look_up(file.project, model, lookups, call.receiver)
    rest = look_up(file.project, model, [each for each in lookups if each not in volatile], call.receiver)
    return _covers(file, model, whole) != "open" and _covers(file, model, rest) == "open"


def _covers(file: FileContext, model: Model, found: LookUp | None) -> str:
    return coverage(file.project, model, found) if found is not None else "unknown"


def _hit(
    file: FileContext,
    call: QuerySetCall,
    model: Model,
    lookups: list[ir.Keyword],
    volatile: list[ir.Keyword],
) -> Hit:
    names = " and ".join(f"`{keyword.name}`" for keyword in volatile)
    floats = [column_called(model, keyword.name or "") for keyword in volatile]
    if all(column is not None and column.django_base == "FloatField" for column in floats):
        what = f"{names} must be equal to the last digit for a {model.name} to be found: a number that was "
        what += f"computed in another way makes `{call.name}()` create one more row"
    else:
        what = f"No {model.name} is found by {names}, a value that is another one each time: "
        what += f"`{call.name}()` {_outcome(file, call, model, lookups, volatile)}"
    return Hit(
        file.place(call.code, volatile[0]),
        what,
        fixes=(_fix(file, call, lookups, volatile),),
        data={"model": model.label, "columns": [keyword.name for keyword in volatile]},
    )


def _outcome(
    file: FileContext, call: QuerySetCall, model: Model, lookups: list[ir.Keyword], volatile: list[ir.Keyword]
) -> str:
    """What comes of never finding a row."""
    rest = look_up(file.project, model, [each for each in lookups if each not in volatile], call.receiver)
    if _covers(file, model, rest) == "covered":
        return "tries to create one with every call, which fails where there is one already"
    return "creates a row with every call"


def _fix(file: FileContext, call: QuerySetCall, lookups: list[ir.Keyword], volatile: list[ir.Keyword]) -> Fix:
    """Move the values to ``defaults``, which are used when a row is created."""
    node, code = call.node, call.code
    if len(lookups) == len(volatile) or node.args:
        return Fix(_TITLE, Safety.MANUAL)
    entries = ", ".join(f'"{keyword.name}": {file.text(code, keyword.value)}' for keyword in volatile)
    given = node.keyword("defaults")
    if given is None:
        first, *others = volatile
        edits = [replace(file, code.range(first), f"defaults={{{entries}}}")]
    elif isinstance(given, ir.Dict) and given.keys and given.keys[0] is not None:
        others = volatile
        edits = [insert(file, code.range(given.keys[0]).start, f"{entries}, ")]
    else:
        return Fix(_TITLE, Safety.MANUAL)
    edits += [remove_keyword(file, code, node, keyword) for keyword in others]
    return Fix(_TITLE, Safety.REVIEW, tuple(edits))
