"""Python's built-in functions, as far as definitions use them."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.project.models.evaluation.core import Core
from djguide_analyzers.project.models.evaluation.values import (
    MORE,
    SCALARS,
    UNKNOWN,
    Bound,
    Closure,
    Descriptor,
    Instance,
    ModelRef,
    Native,
    Raised,
    Super,
    Unknown,
    is_whole,
    truth,
)
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.resolve import HARMLESS, External, ModuleRef

_SEQUENCES = (list, tuple, set, dict)
_ITERABLE = frozenset(
    {"collections.abc.Iterable", "typing.Iterable", "collections.abc.Sequence", "collections.abc.Collection",
     "typing.Sequence"}
)  # fmt: skip


def _known(values: list[Any]) -> bool:
    return all(isinstance(value, SCALARS) for value in values)


def _isinstance(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if len(args) != 2:
        return UNKNOWN
    result = is_instance(x, args[0], args[1])
    return UNKNOWN if result is None else result


def is_instance(x: Core, value: Any, type_: Any) -> bool | None:
    """``isinstance(value, type_)``; None when it cannot be known."""
    if isinstance(type_, tuple):
        results = [is_instance(x, value, item) for item in type_ if item is not MORE]
        if True in results:
            return True
        return None if None in results or not is_whole(type_) else False
    if isinstance(value, (Unknown, External)):
        return None
    if isinstance(type_, Native):
        return _of_builtin(x, value, type_.name)
    if isinstance(type_, External):
        if type_.dotted in _ITERABLE and isinstance(value, (*SCALARS, *_SEQUENCES)):
            return isinstance(value, (str, *_SEQUENCES))
        if isinstance(value, Instance) and isinstance(value.cls, ClassInfo):
            return True if type_ in x.resolver.mro(value.cls) else None
        return None
    if isinstance(type_, ClassInfo):
        if isinstance(value, Instance):
            return _derives(x, value.cls, type_)
        if isinstance(value, ClassInfo):  # a class is an instance of its metaclass
            metaclass = x.metaclass(value)
            return _derives(x, metaclass, type_) if isinstance(metaclass, ClassInfo) else False
        if isinstance(value, ModelRef):
            return type_.dotted == "django.db.models.base.ModelBase"
        return False
    return None


def _of_builtin(x: Core, value: Any, name: str) -> bool | None:
    kinds: dict[str, Any] = {
        "str": str, "int": int, "float": float, "bool": bool, "list": list, "tuple": tuple, "dict": dict,
        "set": set,
    }  # fmt: skip
    if name == "type":
        return isinstance(value, (ClassInfo, ModelRef))
    if name == "object":
        return True
    if name not in kinds:
        return None
    if isinstance(value, Instance):
        value = value.attrs.get("_value_", value)
    if isinstance(value, Instance):
        return None if value.opaque or isinstance(value.cls, External) else False
    return None if isinstance(value, Unknown) else isinstance(value, kinds[name])


def _derives(x: Core, cls: ClassInfo | External, base: ClassInfo) -> bool | None:
    if isinstance(cls, External):
        return None
    line = x.resolver.mro(cls)
    if base in line:
        return True
    known = all(isinstance(b, ClassInfo) or b.dotted in (*HARMLESS, "builtins.type") for b in line)
    return False if known else None


def _issubclass(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    cls, bases = args[0], args[1]
    if isinstance(cls, ModelRef):
        cls = x.origin.get_model(cls.label)
    if not isinstance(cls, ClassInfo):
        return UNKNOWN
    results = [
        _derives(x, cls, base) if isinstance(base, ClassInfo) else None
        for base in (bases if isinstance(bases, tuple) else (bases,))
    ]
    if True in results:
        return True
    return UNKNOWN if None in results else False


def _getattr(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if len(args) < 2 or not isinstance(args[1], str):
        return UNKNOWN
    if len(args) == 2:
        return x.attribute(args[0], args[1])
    x.trying += 1
    try:
        return x.attribute(args[0], args[1])
    except Raised as error:
        if error.kind != "AttributeError":
            raise
        return args[2]
    finally:
        x.trying -= 1


def _setattr(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if len(args) == 3 and isinstance(args[1], str):
        x.set_attribute(args[0], args[1], args[2])


def _delattr(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if len(args) == 2 and isinstance(args[1], str):
        x.delete_attribute(args[0], args[1])


def _hasattr(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if len(args) != 2 or not isinstance(args[1], str):
        return UNKNOWN
    known = x.has_attribute(args[0], args[1])
    return UNKNOWN if known is None else known


def _len(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    value = x.plain(args[0]) if args else UNKNOWN
    if isinstance(value, (str, *_SEQUENCES)) and (isinstance(value, str) or is_whole(value)):
        return len(value)
    if isinstance(value, Instance):
        return x.special(value, "__len__", [])
    items = x.items(value)
    return UNKNOWN if MORE in items else len(items)


def _extreme(name: str) -> Any:
    def call(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
        values = [x.plain(item) for item in (x.items(args[0]) if len(args) == 1 else args)]
        default = kwargs.get("default", UNKNOWN)
        if not values:
            return default
        if "key" in kwargs:
            keys = [x.call(kwargs["key"], [value], {}) for value in values]
            if MORE in values or not all(isinstance(key, (int, float)) for key in keys):
                return UNKNOWN
            best = max(keys) if name == "max" else min(keys)
            return values[keys.index(best)]
        if not all(isinstance(value, (int, float)) for value in values) and not all(
            isinstance(value, str) for value in values
        ):
            return UNKNOWN
        return max(values) if name == "max" else min(values)

    return call


def _sequence(kind: Any) -> Any:
    def call(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
        items = x.items(args[0]) if args else []
        if kind is set:
            return {item if isinstance(item, SCALARS) else MORE for item in items}
        return kind(items)

    return call


def _dict(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    result: dict[Any, Any] = {}
    if args:
        source = args[0]
        if isinstance(source, dict):
            result.update(source)
        else:
            for item in x.items(source):
                if isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], SCALARS):
                    result[item[0]] = item[1]
                else:
                    result[MORE] = True
    result.update(kwargs)
    return result


def _str(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if not args:
        return ""
    value = x.plain(args[0])
    return str(value) if isinstance(value, SCALARS) else UNKNOWN


def _int(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    value = x.plain(args[0]) if args else 0
    if not isinstance(value, (int, float, str)):
        return UNKNOWN
    try:
        return int(value)
    except ValueError as error:
        raise Raised("ValueError") from error


def _bool(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    known = truth(args[0]) if args else False
    return UNKNOWN if known is None else known


def _sorted(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    items = x.items(args[0]) if args else []
    if (
        kwargs
        or not items
        or not (all(isinstance(i, str) for i in items) or all(isinstance(i, int) for i in items))
    ):
        return [*items, *([MORE] if MORE not in items and kwargs else [])] if items else []
    return sorted(items)


def _quantifier(stop: bool) -> Any:
    def call(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
        results = [None if item is MORE else truth(item) for item in (x.items(args[0]) if args else [])]
        if stop in results:
            return stop
        return UNKNOWN if None in results else not stop

    return call


def _sum(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    items = x.items(args[0]) if args else []
    return sum(items) if all(isinstance(item, (int, float)) for item in items) and len(args) == 1 else UNKNOWN


def _range(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if not all(isinstance(arg, int) for arg in args) or not args:
        return [MORE]
    try:
        values = range(*args)
    except (TypeError, ValueError):
        return [MORE]
    return list(values) if len(values) < 2000 else [*values[:2000], MORE]


def _enumerate(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    start = args[1] if len(args) > 1 else kwargs.get("start", 0)
    items = x.items(args[0])
    if not isinstance(start, int):
        return [MORE]
    return [item if item is MORE else (number, item) for number, item in enumerate(items, start)]


def _zip(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    columns = [x.items(arg) for arg in args]
    rows = list(zip(*columns, strict=False))
    return [MORE if MORE in row else row for row in rows]


def _map(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if len(args) != 2:
        return [MORE]
    return [MORE if item is MORE else x.call(args[0], [item], {}) for item in x.items(args[1])]


def _filter(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    result: list[Any] = []
    for item in x.items(args[1]):
        kept = None if item is MORE else truth(item if args[0] is None else x.call(args[0], [item], {}))
        if kept is None:
            return [*result, MORE]
        if kept:
            result.append(item)
    return result


def _next(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    items = x.items(args[0])
    if not items:
        if len(args) > 1:
            return args[1]
        raise Raised("StopIteration")
    return UNKNOWN if items[0] is MORE else items[0]


def _callable(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    value = args[0] if args else UNKNOWN
    if isinstance(value, (ClassInfo, FunctionInfo, Closure, Bound, Native, ModelRef)):
        return True
    return False if isinstance(value, (*SCALARS, *_SEQUENCES)) else UNKNOWN


def _type(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if len(args) == 1:
        if isinstance(args[0], Instance):
            return args[0].cls
        if isinstance(args[0], ClassInfo):
            return x.metaclass(args[0]) or BUILTINS["type"]
        return BUILTINS.get(type(args[0]).__name__, UNKNOWN)
    if len(args) == 3:
        return x.make_class(args[0], args[1], args[2])
    return UNKNOWN


def _super(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    return Super(args[0], args[1]) if len(args) == 2 and isinstance(args[0], ClassInfo) else UNKNOWN


def _descriptor(kind: str) -> Any:
    return lambda x, args, kwargs: Descriptor(kind, args[0] if args else kwargs.get("fget", UNKNOWN))


def _dir(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    """``dir(value)`` of a class or an object: the names it and its bases bind."""
    value = args[0] if args else UNKNOWN
    cls = value.cls if isinstance(value, Instance) else value
    if not isinstance(cls, ClassInfo):
        return [MORE]
    names = set(value.attrs) if isinstance(value, Instance) else set()
    for base in x.resolver.mro(cls):
        if isinstance(base, ClassInfo):
            names |= {*base.members.names, *x.overlays.get(base, ())}
    return [*sorted(name for name in names if isinstance(name, str)), *([] if x.told(cls) else [MORE])]


def _import(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    """``__import__(name, fromlist=[...])``: the module itself when names are asked for."""
    if not args or not isinstance(args[0], str) or "." not in args[0]:
        return x.module_value(args[0]) if args and isinstance(args[0], str) else UNKNOWN
    named = kwargs.get("fromlist") or (args[3] if len(args) > 3 else None)
    dotted = args[0] if named else args[0].partition(".")[0]
    value = x.module_value(dotted)
    top = x.module_value(args[0].partition(".")[0])
    if isinstance(value, External) and isinstance(top, ModuleRef):
        raise Raised("ImportError")
    return value


def _vars(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    return x.attribute(args[0], "__dict__") if args else UNKNOWN


BUILTINS: dict[str, Any] = {
    name: Native(name, call)
    for name, call in {
        "isinstance": _isinstance, "issubclass": _issubclass, "getattr": _getattr, "setattr": _setattr,
        "hasattr": _hasattr, "delattr": _delattr, "len": _len, "max": _extreme("max"), "min": _extreme("min"),
        "list": _sequence(list), "tuple": _sequence(tuple), "set": _sequence(set), "frozenset": _sequence(set),
        "dict": _dict, "str": _str, "int": _int, "bool": _bool, "sorted": _sorted, "any": _quantifier(True),
        "all": _quantifier(False), "sum": _sum, "range": _range, "enumerate": _enumerate, "zip": _zip, "map": _map,
        "filter": _filter, "callable": _callable, "type": _type, "super": _super, "next": _next,
        "iter": _sequence(list), "property": _descriptor("property"), "staticmethod": _descriptor("staticmethod"),
        "classmethod": _descriptor("classmethod"), "vars": _vars, "__import__": _import,
        "reversed": lambda x, args, kwargs: x.items(args[0])[::-1],
        "float": lambda x, args, kwargs: float(args[0]) if args and isinstance(args[0], (int, float)) else UNKNOWN,
        "object": lambda x, args, kwargs: UNKNOWN,
        "dir": _dir,
        "print": lambda x, args, kwargs: None,
        "id": lambda x, args, kwargs: UNKNOWN,
        "repr": lambda x, args, kwargs: repr(args[0]) if _known(args) and args else UNKNOWN,
    }.items()
}  # fmt: skip
BUILTINS["__debug__"] = True
