"""Functions of the standard library and of Django whose outcome is known without reading them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from djguide_analyzers.project.models.evaluation.core import Core
from djguide_analyzers.project.models.evaluation.values import (
    APPS,
    CONNECTION,
    MORE,
    SETTINGS,
    UNKNOWN,
    Instance,
    ModelRef,
    Native,
    Partial,
    Raised,
    Signal,
)
from djguide_analyzers.project.modules import ClassInfo


def _first(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    """A text's translation: the text itself."""
    return args[0] if args else UNKNOWN


def _nothing(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    return None


def _unknown(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    return UNKNOWN


def given(args: list[Any], kwargs: dict[Any, Any], *names: str) -> list[Any]:
    """The arguments of these names, given by position or by name; `UNKNOWN` for those that are not given."""
    return [
        args[number] if number < len(args) else kwargs.get(name, UNKNOWN) for number, name in enumerate(names)
    ]


def _get_user_model(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    label = x.origin.setting("AUTH_USER_MODEL")
    return x.origin.get_model(label) if isinstance(label, str) else UNKNOWN


def _get_model(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    values = [*args, *(kwargs[key] for key in ("app_label", "model_name") if key in kwargs)]
    if not values or not all(isinstance(value, str) for value in values[:2]):
        return UNKNOWN
    return x.origin.get_model(".".join(values[:2]))


def _get_registered_model(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    """A model that another module has defined; the one being executed has not defined its own yet."""
    model = _get_model(x, args, kwargs)
    if isinstance(model, ModelRef) or (isinstance(model, ClassInfo) and model.module is x.executing):
        raise Raised("LookupError")
    return model


def _partial(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    return Partial(args[0], tuple(args[1:]), dict(kwargs)) if args else UNKNOWN


def _copy(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    value = args[0] if args else UNKNOWN
    if isinstance(value, Instance):
        return copy_instance(value)
    return value.copy() if isinstance(value, (list, dict, set)) else value


def copy_instance(value: Instance) -> Instance:
    """A copy that can change without the original, the other side of a relation included."""
    result = Instance(
        value.cls, dict(value.attrs), value.args, dict(value.kwargs), value.code, value.call, value.opaque,
        value.rests_on,
    )  # fmt: skip
    rel = value.attrs.get("remote_field")
    if isinstance(rel, Instance):
        copied = Instance(rel.cls, dict(rel.attrs), rel.args, rel.kwargs, rel.code, rel.call, rel.opaque)
        copied.attrs["field"] = result
        result.attrs["remote_field"] = copied
    return result


def _chain(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    return [item for arg in args for item in x.items(arg)]


def _dictionary(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    result: dict[Any, Any] = dict(kwargs)
    for source in args:
        if isinstance(source, dict):
            result.update(source)
        else:
            for item in x.items(source):
                if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):
                    result[item[0]] = item[1]
                else:
                    result[MORE] = True
    return result


def _default_dictionary(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    """``defaultdict(list)`` and the like; of any other factory it is not known what it makes."""
    made = args[0].name if args and isinstance(args[0], Native) else None
    if made not in _FACTORIES or len(args) > 1 or kwargs:
        return UNKNOWN
    return defaultdict(_FACTORIES[made])


_FACTORIES: dict[str | None, Callable[[], Any]] = {
    "list": list,
    "dict": dict,
    "set": set,
    "int": int,
    "str": str,
}


def _import_module(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if not args or not isinstance(args[0], str) or args[0].startswith("."):
        return UNKNOWN
    x.origin.import_module(args[0])
    return x.module_value(args[0])


def _import_string(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    if not args or not isinstance(args[0], str):
        return UNKNOWN
    source, _, name = args[0].rpartition(".")
    return x.imported(source, name) if source else UNKNOWN


VARIABLE = "$"
"""Begins what a variable of the environment is called among the settings that were read."""


def _variable(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    """A variable of the environment: the default that is given for it, which is not certain."""
    name, default = given(args, kwargs, "key", "default")
    if not isinstance(name, str) or default is None:
        return UNKNOWN
    x.reads.append(f"{VARIABLE}{name}")
    return default


def apps_attribute(x: Core, name: str) -> Any:
    """``django.apps.apps.<name>``."""
    if name == "get_model":
        return Native(name, _get_model)
    if name == "get_registered_model":
        return Native(name, _get_registered_model)
    if name == "is_installed":
        return Native(name, _is_installed)
    if name == "app_configs":
        return x.origin.app_configs()
    if name == "get_app_config":
        return Native(name, _get_app_config)
    return x.origin.values.get(f"django.apps.registry.Apps.{name}", UNKNOWN)


def _get_app_config(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    return x.origin.app_configs().get(args[0], UNKNOWN) if args and isinstance(args[0], str) else UNKNOWN


def signal_attribute(signal: Signal, name: str) -> Any:
    """``signal.<name>``."""
    if name == "connect":
        return Native(name, lambda x, args, kwargs: _connect(signal, args, kwargs))
    return Native(name, _nothing)


def _connect(signal: Signal, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    receiver = args[0] if args else kwargs.get("receiver", UNKNOWN)
    sender = args[1] if len(args) > 1 else kwargs.get("sender")
    signal.receivers.append((receiver, sender))


def _lazy_related_operation(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    """Django waits until all the models exist; here they exist as soon as they can be found."""
    if len(args) < 2:
        return None
    models: list[Any] = []
    for model in args[1:]:
        if isinstance(model, str) and "." not in model and isinstance(args[1], ClassInfo):
            model = f"{x.attribute(x.attribute(args[1], '_meta'), 'app_label')}.{model}"
        found = x.origin.get_model(model) if isinstance(model, str) else model
        if not isinstance(found, ClassInfo):
            return None
        models.append(found)
    return x.call(args[0], models, kwargs)


def _is_installed(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    known = x.origin.is_installed(args[0]) if args and isinstance(args[0], str) else None
    return UNKNOWN if known is None else known


def connection_attribute(x: Core, name: str) -> Any:
    """``django.db.connection.<name>``."""
    if name != "vendor":
        return UNKNOWN
    databases = x.bounded(lambda: x.attribute(SETTINGS, "DATABASES"))
    default = databases.get("default") if isinstance(databases, dict) else None
    engine = default.get("ENGINE") if isinstance(default, dict) else None
    return _VENDORS.get(engine.rpartition(".")[2], UNKNOWN) if isinstance(engine, str) else UNKNOWN


_VENDORS = {
    "postgresql": "postgresql", "postgis": "postgresql", "sqlite3": "sqlite", "spatialite": "sqlite",
    "mysql": "mysql", "oracle": "oracle",
}  # fmt: skip


def _expression(function: Callable[..., Any]) -> Native:
    """A function of ``re`` on constants, for expressions that cannot take long."""

    def call(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
        if kwargs or len(args) < 2 or not all(isinstance(arg, str) for arg in args):
            return UNKNOWN
        if max(map(len, args)) > _TEXT or len(re.findall(r"(?<!\\)[*+{]", args[0])) > 1:
            return UNKNOWN
        try:
            return function(*args)
        except (re.error, IndexError, TypeError):
            return UNKNOWN

    return Native(f"re.{function.__name__}", call)


_TEXT = 200
"""Characters of a text that a regular expression is applied to."""


def _same(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    """A decorator that returns what it decorates, with or without arguments of its own."""
    return args[0] if args else Native("decorator", _first)


_TRANSLATIONS = (
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
    "ugettext",
    "ugettext_lazy",
)
_PGETTEXT = ("pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy")


def _second(x: Core, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    return args[1] if len(args) > 1 else UNKNOWN


LIBRARY: dict[str, Any] = {
    "django.conf.settings": SETTINGS,
    "django.apps.apps": APPS,
    "django.apps.registry.apps": APPS,
    "django.db.models.fields.related.apps": APPS,
    "django.contrib.auth.get_user_model": Native("get_user_model", _get_user_model),
    **{f"django.utils.translation.{name}": Native(name, _first) for name in _TRANSLATIONS},
    **{f"django.utils.translation.{name}": Native(name, _second) for name in _PGETTEXT},
    "django.utils.functional.lazy": Native("lazy", lambda x, args, kwargs: Native("lazy", _unknown)),
    "django.utils.text.format_lazy": Native("format_lazy", _unknown),
    "django.utils.module_loading.import_string": Native("import_string", _import_string),
    "django.utils.deconstruct.deconstructible": Native("deconstructible", _same),
    "os.environ.get": Native("os.environ.get", _variable),
    "os.getenv": Native("os.getenv", _variable),
    "functools.partial": Native("partial", _partial),
    "functools.wraps": Native("wraps", lambda x, args, kwargs: Native("wraps", _first)),
    "copy.copy": Native("copy", _copy),
    "copy.deepcopy": Native("deepcopy", _copy),
    "itertools.chain": Native("itertools.chain", _chain),
    "collections.OrderedDict": Native("OrderedDict", _dictionary),
    "collections.defaultdict": Native("defaultdict", _default_dictionary),
    **{f"re.{function.__name__}": _expression(function) for function in (re.findall, re.split, re.sub)},
    "importlib.import_module": Native("import_module", _import_module),
    "django.db.connection": CONNECTION,
    "sqlite3.sqlite_version_info": (3, 31, 0),  # the oldest that Django works with
    "typing.TYPE_CHECKING": False,
    "typing_extensions.TYPE_CHECKING": False,
    "warnings.warn": Native("warn", _nothing),
    "django.db.models.fields.related.lazy_related_operation": Native("lazy", _lazy_related_operation),
}
