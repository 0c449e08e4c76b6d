"""Functions whose results are known: readers of the environment, paths, builtins, Django's helpers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from djguide_analyzers.project import settings_methods as methods
from djguide_analyzers.project import settings_operators as ops
from djguide_analyzers.project.settings_objects import database_of
from djguide_analyzers.project.settings_values import (
    Const,
    Instance,
    Item,
    Map,
    Missing,
    Option,
    Ref,
    Scalar,
    Seq,
    Slot,
    Symbol,
    Unknown,
    Value,
    const,
    sequence,
    union,
    unknown,
)

if TYPE_CHECKING:
    from djguide_analyzers.project.settings_eval import Expressions


class Arguments(NamedTuple):
    """Evaluated arguments; `complete` is False when a ``*args`` or ``**kwargs`` of unknown length was given."""

    positional: list[Value]
    keywords: dict[str, Value]
    complete: bool = True

    def get(self, position: int, name: str = "") -> Value | None:
        """The argument at `position` or called `name`."""
        if position < len(self.positional):
            return self.positional[position]
        return self.keywords.get(name)


Handler = Callable[["Expressions", Arguments], Value]

ENVIRONMENTS = {
    "environ.Env", "environ.FileAwareEnv", "environ.environ.Env", "environs.Env", "environs.FileAwareEnv",
    "decouple.Config", "decouple.AutoConfig", "starlette.config.Config",
}  # fmt: skip
_DATABASE_URLS = {"db", "db_url", "dj_db_url"}
_DEFAULTS = ("default", "fallback", "default_value")
_ENVIRONMENT_WORDS = ("env", "config", "setting", "getenv")


# --- reading the environment -----------------------------------------------------------------------------


def default_or_unknown(name: str, arguments: Arguments) -> Value:
    """The result of a call nobody can follow; a default that it names is one alternative."""
    for keyword in _DEFAULTS:
        if keyword in arguments.keywords:
            return union((arguments.keywords[keyword], unknown(name)))
    last = name.rpartition(".")[2].lower()
    if len(arguments.positional) == 2 and any(word in last for word in _ENVIRONMENT_WORDS):
        return union((arguments.positional[1], unknown(name)))
    return unknown(f"{name}()")


def read_environment(env: Instance, method: str, arguments: Arguments) -> Value:
    """A variable read through django-environ, environs, decouple or the like."""
    if method in {"read_env", "read_envfile", "prefixed"}:
        return const(None)
    default = arguments.keywords.get("default")
    # `env("X", int)` of django-environ takes a type there, all others take the default.
    second = 2 if env.dotted.startswith("environ.") and method == "__call__" else 1
    if default is None:
        default = arguments.get(second)
    variable = arguments.positional[0].constant if arguments.positional else None
    if default is None and isinstance(variable, str):
        default = env.fields.get(variable)
    if method in _DATABASE_URLS:
        return database_of(default) if default is not None else unknown("environment")
    if default is None or isinstance(default.only, (Symbol, Ref)):
        return unknown("environment")
    return union((_cast(default, arguments), unknown("environment")))


def _cast(default: Value, arguments: Arguments) -> Value:
    """A default after ``cast=``, which decouple applies to defaults as well."""
    cast = arguments.keywords.get("cast")
    option = None if cast is None else cast.only
    text = default.only.value if isinstance(default.only, Const) else None
    if not isinstance(option, (Symbol, Instance)) or not isinstance(text, str):
        return default
    kind = option.dotted.rpartition(".")[2]
    if kind in {"Csv", "list", "tuple"}:
        return methods.split_text(text, ",")
    if kind == "bool":
        return const(text.strip().lower() in {"1", "true", "yes", "on", "y", "t"})
    if kind in {"int", "float"}:
        return methods.number(kind, text)
    return default


def _decouple(evaluator: Expressions, arguments: Arguments) -> Value:
    return read_environment(Instance("decouple.Config", {}), "__call__", arguments)


def _getenv(evaluator: Expressions, arguments: Arguments) -> Value:
    default = arguments.get(1, "default")
    return union((default if default is not None else const(None), unknown("environment")))


def _database_url(evaluator: Expressions, arguments: Arguments) -> Value:
    default = arguments.keywords.get("default") or arguments.get(0)
    known = database_of(default) if default is not None else unknown("environment")
    return union((known, unknown("environment")))


def _database_parse(evaluator: Expressions, arguments: Arguments) -> Value:
    return database_of(arguments.get(0, "url") or unknown("database URL"))


def configurations_value(arguments: Arguments) -> Value:
    default = arguments.get(0, "default")
    environ = arguments.keywords.get("environ")
    if default is None:
        return unknown("environment")
    return (
        default
        if environ is not None and environ.constant is False
        else union((default, unknown("environment")))
    )


# --- paths and containers ---------------------------------------------------------------------------------


def _import_module(evaluator: Expressions, arguments: Arguments) -> Value:
    name = arguments.get(0, "name")
    text = name.constant if name is not None else None
    return (
        Value((Symbol(text),)) if isinstance(text, str) and text[:1].isalpha() else unknown("import_module")
    )


def _same(evaluator: Expressions, arguments: Arguments) -> Value:
    return arguments.get(0) or unknown("no argument")


def _nothing(evaluator: Expressions, arguments: Arguments) -> Value:
    return const(None)


def _unknown(evaluator: Expressions, arguments: Arguments) -> Value:
    return unknown("depends on the machine")


def _path(evaluator: Expressions, arguments: Arguments) -> Value:
    parts = ops.texts(arguments.positional)
    if parts is None:
        return unknown("path")
    return ops.path(ops.join_path(*parts) if parts else ".")


def _folder(evaluator: Expressions, arguments: Arguments) -> Value:
    texts = ops.texts(arguments.positional[:1])
    return methods.parent(texts[0]) if texts else unknown("path")


def _base_name(evaluator: Expressions, arguments: Arguments) -> Value:
    texts = ops.texts(arguments.positional[:1])
    return unknown("path") if not texts else const(texts[0].rpartition("/")[2])


def _container(kind: str) -> Handler:
    def build(evaluator: Expressions, arguments: Arguments) -> Value:
        if not arguments.positional:
            return Value((Seq(kind),))  # type: ignore[arg-type]
        items, is_open = evaluator.iterate(arguments.positional[0])
        return Value((sequence(kind, items, is_open),))  # type: ignore[arg-type]

    return build


def _dict(evaluator: Expressions, arguments: Arguments) -> Value:
    result = Map({})
    for value in arguments.positional[:1]:
        merged = union(Value((methods.as_map(evaluator, option),)) for option in value.options).only
        result = merged if isinstance(merged, Map) else Map({}, True)
    named = Map({name: Slot(value, True) for name, value in arguments.keywords.items()})
    return Value((ops.update(result, named),))


def _text(evaluator: Expressions, arguments: Arguments) -> Value:
    if not arguments.positional:
        return const("")
    return union(
        unknown("str()") if (text := formatted(option)) is None else ops.limited(text)
        for option in arguments.positional[0].options
    )


def _number(kind: str) -> Handler:
    def convert(evaluator: Expressions, arguments: Arguments) -> Value:
        if not arguments.positional:
            return const(0)
        return union(
            methods.number(kind, option.value)
            if isinstance(option, Const)
            else unknown(option.reason if isinstance(option, Unknown) else kind)
            for option in arguments.positional[0].options
        )

    return convert


def _boolean(evaluator: Expressions, arguments: Arguments) -> Value:
    return ops.booleans(arguments.positional[0]) if arguments.positional else const(False)


def _length(evaluator: Expressions, arguments: Arguments) -> Value:
    items, is_open = evaluator.iterate(arguments.positional[0]) if arguments.positional else ([], True)
    exact = not is_open and all(item.certain for item in items)
    return const(len(items)) if exact else unknown("len()")


def _range(evaluator: Expressions, arguments: Arguments) -> Value:
    numbers = [value.constant for value in arguments.positional]
    if (
        not numbers
        or not all(type(number) is int for number in numbers)
        or (len(numbers) > 2 and not numbers[2])
    ):
        return unknown("range()")
    whole = range(*numbers[:3])
    if len(whole) > 200:
        return unknown("range()")
    return Value((Seq("list", tuple(Item(const(number), True) for number in whole)),))


def _get_attribute(evaluator: Expressions, arguments: Arguments) -> Value:
    return union((arguments.get(2) or unknown("getattr()"), unknown("getattr()")))


HANDLERS: dict[str, Handler] = {
    "os.environ.get": _getenv,
    "os.environ.setdefault": _getenv,
    "os.environ.pop": _getenv,
    "os.getenv": _getenv,
    "decouple.config": _decouple,
    "decouple.Csv": lambda evaluator, arguments: Value((Instance("decouple.Csv", {}),)),
    "dj_database_url.config": _database_url,
    "dj_database_url.parse": _database_parse,
    "environ.Env.read_env": _nothing,
    "environ.Path": _path,
    "dotenv.load_dotenv": _nothing,
    "warnings.filterwarnings": _nothing,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.Path.cwd": _unknown,
    "pathlib.Path.home": _unknown,
    "os.path.join": _path,
    "os.path.dirname": _folder,
    "os.path.basename": _base_name,
    "os.path.abspath": _path,
    "os.path.realpath": _path,
    "os.path.normpath": _path,
    "os.fspath": _path,
    "os.getcwd": _unknown,
    "copy.copy": _same,
    "copy.deepcopy": _same,
    "importlib.import_module": _import_module,
    "builtins.list": _container("list"),
    "builtins.tuple": _container("tuple"),
    "builtins.set": _container("set"),
    "builtins.frozenset": _container("set"),
    "builtins.sorted": _container("list"),
    "builtins.dict": _dict,
    "collections.OrderedDict": _dict,
    "builtins.str": _text,
    "builtins.int": _number("int"),
    "builtins.float": _number("float"),
    "builtins.bool": _boolean,
    "builtins.len": _length,
    "builtins.range": _range,
    "builtins.getattr": _get_attribute,
    "builtins.print": _nothing,
    **dict.fromkeys(
        (
            f"django.utils.translation.{name}"
            for name in (
                "gettext",
                "gettext_lazy",
                "gettext_noop",
                "ugettext",
                "ugettext_lazy",
                "ugettext_noop",
            )
        ),
        _same,
    ),
    "django.utils.safestring.mark_safe": _same,
    "typing.cast": lambda evaluator, arguments: arguments.get(1) or unknown("cast"),
}


SETTING = frozenset(
    {
        "dynaconf.DjangoDynaconf", "dynaconf.contrib.django_dynaconf_v2.load", "pydjantic.to_django",
        "django_heroku.settings", "builtins.exec", "builtins.setattr",
    }
)  # fmt: skip
"""Functions that set names of the module they are called in without being given its namespace."""


def is_known(dotted: str) -> bool:
    """Whether calls of `dotted` are described here, so that its module need not be read."""
    return (
        dotted in HANDLERS
        or dotted in ENVIRONMENTS
        or dotted.startswith(("builtins.", "configurations.values."))
        or dotted in _MODULES
    )


SYMBOLS: dict[str, Scalar] = {"typing.TYPE_CHECKING": False, "os.sep": "/", "os.path.sep": "/"}
"""Names of the standard library whose values matter in settings."""

_MODULES = {"os", "os.environ", "os.path", "sys", "sys.argv", "environ", "environs", "decouple", "pathlib"}


def formatted(option: Option) -> str | None:
    """The text of an option in an f-string or ``str()``; None when it is not known."""
    if isinstance(option, Const) and (option.value is None or isinstance(option.value, (bool, int, float))):
        return str(option.value)
    return ops.text_of(option)


def present(value: Value) -> Value:
    """`value` without `Missing`: a key that is read is there, or the module would fail."""
    if not any(isinstance(option, Missing) for option in value.options):
        return value
    options = tuple(option for option in value.options if not isinstance(option, Missing))
    return Value(options or (Unknown("no such key"),), value.places)
