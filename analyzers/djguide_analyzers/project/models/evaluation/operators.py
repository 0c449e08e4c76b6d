"""Operators and the methods of plain values, on what is known."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from djguide_analyzers.project.models.evaluation.values import (
    MORE,
    SCALARS,
    UNKNOWN,
    Instance,
    ModelRef,
    Raised,
    Unknown,
    is_whole,
    truth,
)
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.resolve import ModuleRef

_LIMIT = 4096
"""Longest text or sequence that an operation may make."""

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "|": operator.or_, "&": operator.and_, "^": operator.xor, "<<": operator.lshift,
    ">>": operator.rshift, "**": operator.pow,
}  # fmt: skip
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_CONTAINERS = (list, tuple, set, dict)

_TEXT_METHODS = frozenset(
    {"lower", "upper", "title", "capitalize", "strip", "lstrip", "rstrip", "replace", "split", "rsplit", "join",
     "format", "startswith", "endswith", "partition", "rpartition", "removeprefix", "removesuffix", "isidentifier",
     "find", "count", "zfill", "casefold", "swapcase", "isdigit", "isupper", "islower"}
)  # fmt: skip
_CHANGING = frozenset(
    {"append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update", "setdefault", "add",
     "discard", "popitem"}
)  # fmt: skip
_READING = frozenset({"get", "keys", "values", "items", "copy", "index", "count", "union", "difference"})


def binary(op: str, left: Any, right: Any) -> Any:
    """``left op right``."""
    function = _BINARY.get(op)
    if function is None or isinstance(left, Unknown) or isinstance(right, Unknown):
        if op == "+" and isinstance(left, (list, tuple)):
            return [*left, MORE] if isinstance(left, list) else (*left, MORE)
        return UNKNOWN
    if op == "%" and isinstance(left, str):
        return _interpolate(left, right)
    if not isinstance(left, (*SCALARS, *_CONTAINERS)) or not isinstance(right, (*SCALARS, *_CONTAINERS)):
        return UNKNOWN
    if op in ("*", "**", "<<") and not _small(op, left, right):
        return UNKNOWN
    try:
        return function(left, right)
    except ZeroDivisionError as error:
        raise Raised("ZeroDivisionError") from error
    except TypeError as error:
        raise Raised("TypeError") from error
    except (ValueError, OverflowError):
        return UNKNOWN


def _small(op: str, left: Any, right: Any) -> bool:
    if op != "*":
        return all(isinstance(side, int) and abs(side) < 128 for side in (left, right))
    sizes = [len(side) for side in (left, right) if isinstance(side, (str, *_CONTAINERS))]
    factors = [side for side in (left, right) if isinstance(side, int)]
    return not sizes or not factors or sizes[0] * factors[0] < _LIMIT


def _interpolate(text: str, values: Any) -> Any:
    if isinstance(values, dict):
        known = is_whole(values) and all(isinstance(value, SCALARS) for value in values.values())
    else:
        items = values if isinstance(values, tuple) else (values,)
        known = all(isinstance(value, SCALARS) for value in items)
    if not known:
        return UNKNOWN
    try:
        return text % values
    except KeyError as error:
        raise Raised("KeyError") from error
    except (TypeError, ValueError) as error:
        raise Raised("TypeError") from error


def identical(left: Any, right: Any) -> bool | None:
    """``left is right`` and, for what compares by identity, ``left == right``."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    if left is right:
        return True
    known = (*SCALARS, *_CONTAINERS, ClassInfo, FunctionInfo, ModuleRef, ModelRef, Instance)
    if isinstance(left, known) and isinstance(right, known):
        if isinstance(left, Instance) and isinstance(right, Instance) and (left.opaque or right.opaque):
            return None
        if isinstance(left, (ClassInfo, ModelRef)) and isinstance(right, (ClassInfo, ModelRef)):
            return left == right if type(left) is type(right) else None
        return type(left) is type(right) and isinstance(left, (*SCALARS, ModelRef)) and left == right
    return None


def compare(op: str, left: Any, right: Any) -> bool | None:
    """``left op right`` for a comparison; None when it cannot be known."""
    if op in ("is", "is not"):
        result = identical(left, right)
        return result if result is None or op == "is" else not result
    if op in ("==", "!="):
        result = _equal(left, right)
        return result if result is None or op == "==" else not result
    if op in ("in", "not in"):
        result = _contains(left, right)
        return result if result is None or op == "in" else not result
    if isinstance(left, (int, float, str, tuple, set)) and isinstance(right, (int, float, str, tuple, set)):
        try:
            return bool(_COMPARE[op](left, right))
        except TypeError:
            return None
    return None


def _equal(left: Any, right: Any) -> bool | None:
    if isinstance(left, SCALARS) and isinstance(right, SCALARS):
        return left == right
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        if type(left) is not type(right):
            return False
        if is_whole(left) and is_whole(right):
            parts = [_equal(a, b) for a, b in zip(left, right, strict=False)]
            if len(left) != len(right) or False in parts:
                return False
            return None if None in parts else True
        return None
    if isinstance(left, _CONTAINERS) and isinstance(right, _CONTAINERS):
        return None
    return identical(left, right)


def _contains(item: Any, container: Any) -> bool | None:
    if isinstance(container, str):
        return item in container if isinstance(item, str) else None
    if not isinstance(container, _CONTAINERS) or isinstance(item, Unknown):
        return None
    found = [_equal(item, candidate) for candidate in container if candidate is not MORE]
    if True in found:
        return True
    return None if None in found or not is_whole(container) else False


def method(
    value: Any, name: str, args: list[Any], kwargs: dict[Any, Any], touch: Callable[[Any], None]
) -> Any:
    """Call method `name` of a string, number, list, tuple, set or dictionary."""
    if isinstance(value, str):
        return _text_method(value, name, args, kwargs)
    if not isinstance(value, _CONTAINERS):
        return UNKNOWN
    if name in _CHANGING:
        touch(value)
        return _change(value, name, args, kwargs)
    if name not in _READING or kwargs:
        return UNKNOWN
    if isinstance(value, dict):
        return _read_dict(value, name, args)
    if not is_whole(value) and name != "copy":
        return UNKNOWN
    try:
        return getattr(value, name)(*args)
    except (ValueError, TypeError, AttributeError) as error:
        raise Raised(type(error).__name__) from error


def _text_method(value: str, name: str, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if name not in _TEXT_METHODS:
        return UNKNOWN
    if name == "join" and len(args) == 1 and isinstance(args[0], (list, tuple)):
        return value.join(args[0]) if all(isinstance(part, str) for part in args[0]) else UNKNOWN
    if not all(isinstance(arg, (*SCALARS, tuple)) for arg in (*args, *kwargs.values())) or MORE in kwargs:
        return UNKNOWN
    try:
        return getattr(value, name)(*args, **kwargs)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise Raised(type(error).__name__) from error


def _read_dict(value: dict[Any, Any], name: str, args: list[Any]) -> Any:
    whole = is_whole(value)
    if name == "get":
        key = args[0] if args else UNKNOWN
        if not _is_key(key):
            return UNKNOWN
        if key in value:
            return value[key]
        if not whole:
            return UNKNOWN
        return args[1] if len(args) > 1 else None
    if name == "copy":
        return dict(value)
    if name in ("keys", "values", "items"):
        rows: dict[str, Any] = {"keys": value.keys(), "values": value.values(), "items": value.items()}
        known = [row for key, row in zip(value, rows[name], strict=True) if key is not MORE]
        return known if whole else [*known, MORE]
    return UNKNOWN


def _change(value: Any, name: str, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if isinstance(value, dict):
        return _change_dict(value, name, args, kwargs)
    if name in ("extend", "update"):
        for source in args:
            items = source if isinstance(source, _CONTAINERS) else (MORE,)
            value.extend(items) if isinstance(value, list) else value.update(items)
        return None
    if name == "sort" and not all(isinstance(item, str) for item in value):
        value.append(MORE)
        return None
    if name == "add" and args and not _hashable(args[0]):
        value.add(MORE)
        return None
    if name in ("pop", "remove", "insert") and not is_whole(value):
        return UNKNOWN
    try:
        return getattr(value, name)(
            *args, **{key: val for key, val in kwargs.items() if isinstance(key, str)}
        )
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise Raised(type(error).__name__) from error


def _hashable(value: Any) -> bool:
    return not isinstance(value, (list, dict, set)) and (
        not isinstance(value, tuple) or all(map(_hashable, value))
    )


def _change_dict(value: dict[Any, Any], name: str, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if name == "clear":
        value.clear()
        return None
    if name == "update":
        for source in [*args, kwargs]:
            if isinstance(source, dict):
                value.update(source)
            elif isinstance(source, (list, tuple)) and all(
                isinstance(i, tuple) and len(i) == 2 for i in source
            ):
                value.update({key: item for key, item in source if _hashable(key)})
            else:
                value[MORE] = True
        return None
    key = args[0] if args else UNKNOWN
    if name == "popitem" or not isinstance(key, SCALARS):
        value[MORE] = True
        return UNKNOWN
    whole = is_whole(value)
    if name == "setdefault":
        if key not in value:
            default = args[1] if len(args) > 1 else None
            value[key] = default if whole else UNKNOWN
        return value[key]
    if name == "pop":
        if key in value:
            return value.pop(key)
        if not whole:
            return UNKNOWN
        if len(args) > 1:
            return args[1]
        raise Raised("KeyError")
    return UNKNOWN


def subscript(value: Any, index: Any) -> Any:
    """``value[index]``; `index` may be a slice of known bounds."""
    if isinstance(value, dict):
        if not _is_key(index):
            return UNKNOWN
        if index in value or isinstance(value, defaultdict):
            return value[index]
        if is_whole(value):
            raise Raised("KeyError")
        return UNKNOWN
    if not isinstance(value, (str, list, tuple)) or not isinstance(index, (int, slice)):
        return UNKNOWN
    if not isinstance(value, str) and not is_whole(value):
        known = value.index(MORE)
        return value[index] if isinstance(index, int) and 0 <= index < known else UNKNOWN
    try:
        return value[index]
    except IndexError as error:
        raise Raised("IndexError") from error
    except TypeError:
        return UNKNOWN


def _is_key(value: Any) -> bool:
    """Whether it is known what a dictionary's key is: a constant, or a tuple of constants."""
    return isinstance(value, SCALARS) or (
        isinstance(value, tuple) and all(isinstance(item, SCALARS) for item in value)
    )


def unary(op: str, value: Any) -> Any:
    """``not value``, ``-value``, ``+value``, ``~value``."""
    if op == "not":
        known = truth(value)
        return UNKNOWN if known is None else not known
    if not isinstance(value, (int, float)):
        return UNKNOWN
    if op == "-":
        return -value
    if op == "+":
        return value
    return ~value if isinstance(value, int) else UNKNOWN
