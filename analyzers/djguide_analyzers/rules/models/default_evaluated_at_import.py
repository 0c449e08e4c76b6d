"""A default that should differ from row to row is made once, when the module is imported."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.default_functions import as_function
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.fields import Declared, declared_fields
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="A field's default calls a clock, uuid or random source once, at import",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_CLOCKS = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "django.utils.timezone.localdate",
        "django.utils.timezone.localtime",
        "django.utils.timezone.now",
        "time.monotonic",
        "time.strftime",
        "time.time",
        "time.time_ns",
    }
)
_RANDOM = frozenset(
    {
        "django.contrib.auth.base_user.BaseUserManager.make_random_password",
        "django.core.management.utils.get_random_secret_key",
        "django.utils.crypto.get_random_string",
        "os.urandom",
        "shortuuid.uuid",
        *(f"uuid.uuid{version}" for version in (1, 4, 6, 7)),
        *(f"secrets.{name}" for name in ("choice", "randbelow", "randbits")),
        *(f"secrets.token_{kind}" for kind in ("bytes", "hex", "urlsafe")),
        *(f"random.{name}" for name in ("choice", "choices", "random", "sample", "uniform")),
        *(f"random.{name}" for name in ("getrandbits", "randbytes", "randint", "randrange")),
    }
)
_UNSERIALISABLE = ("os.", "random.", "secrets.choice", "secrets.randbits")
"""Migrations cannot write these down as functions: methods of an object, or of a module for one system."""
_MAX_DEPTH = 3


def check(file: FileContext) -> Iterator[Hit]:
    for field in declared_fields(file):
        default = field.call.keyword("default")
        source = _source(file, field.code, default, field.cls) if default is not None else None
        if default is not None and source is not None:
            yield Hit(
                file.place(field.code, field.call),
                f"The default of `{field.name}` is made once, when the module is imported: all rows get what "
                f"`{file.text(field.code, source.func)}()` returned then",
                fixes=(_fix(file, field, default),),
            )


def _source(
    file: FileContext, code: Code, node: ir.Expr, owner: ClassInfo | None, depth: int = 0
) -> ir.Call | None:
    """The call in `node` whose result is another one each time, also through functions of the project."""
    for part in _evaluated(node):
        if not isinstance(part, ir.Call):
            continue
        symbol = file.project.resolver.expr(code, part.func, owner)
        if symbol is None:
            continue
        if symbol.dotted in _CLOCKS or symbol.dotted in _RANDOM:
            return part
        if isinstance(symbol, FunctionInfo) and depth < _MAX_DEPTH and _returns_source(file, symbol, depth):
            return part
    return None


def _evaluated(node: ir.Expr) -> Iterator[ir.Node]:
    """What is evaluated along with `node`: not the bodies of lambdas."""
    inside_lambdas = {
        id(inner) for part in walk(node) if isinstance(part, ir.Lambda) for inner in walk(part.body)
    }
    return (part for part in walk(node) if id(part) not in inside_lambdas)


def _returns_source(file: FileContext, info: FunctionInfo, depth: int) -> bool:
    """Whether a function of the project hands out what such a call returned."""
    if (
        info.module.origin != "project"
        or info.node.decorators
        or info.node.is_generator
        or info.node.is_async
    ):
        return False
    returned = [n.value for n in walk(info.statements) if isinstance(n, ir.Return) and n.value is not None]
    return any(_source(file, info.body_code, value, info.owner, depth + 1) is not None for value in returned)


def _fix(file: FileContext, field: Declared, default: ir.Expr) -> Fix:
    bare = isinstance(default, ir.Call) and not default.args and not default.keywords
    if isinstance(default, ir.Call) and bare and isinstance(default.func, (ir.Name, ir.Attr)):
        dotted = file.resolve(field.code, default.func, field.cls) or ""
        own = default.func.id if isinstance(default.func, ir.Name) else None
        if not dotted.startswith(_UNSERIALISABLE) and own not in field.cls.members.names:
            func = file.text(field.code, default.func)
            edit = replace(file, field.code.range(default), func)
            return Fix(f"Hand over `{func}` itself, to be called for each row", Safety.SAFE, (edit,))
    edits = as_function(file, field, default)
    return Fix("Make it for each row in a function", Safety.SAFE if edits else Safety.MANUAL, edits or ())
