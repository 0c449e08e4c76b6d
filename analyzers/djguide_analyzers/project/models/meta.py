"""``class Meta``: finding it as Django does, and evaluating it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from djguide_analyzers.project.models.evaluation import UNKNOWN, Interpreter
from djguide_analyzers.project.models.evaluation.values import truth
from djguide_analyzers.project.modules import ClassInfo

OPTIONS = (
    "db_table", "ordering", "unique_together", "get_latest_by", "order_with_respect_to", "app_label", "managed",
    "proxy", "swappable", "default_related_name", "base_manager_name", "default_manager_name", "indexes",
    "constraints", "index_together", "auto_created",
)  # fmt: skip


class MetaReader:
    """Reads the options of model classes."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._x = interpreter

    def own(self, cls: ClassInfo) -> ClassInfo | None:
        """The ``Meta`` that the body of `cls` itself holds."""
        overlay = self._x.overlays.get(cls, {})
        value = overlay.get("Meta") if "Meta" in overlay else cls.member("Meta")
        if isinstance(value, ClassInfo):
            return value
        if value is None:
            return None
        evaluated = self._x.class_value(cls, "Meta")
        return evaluated if isinstance(evaluated, ClassInfo) else None

    def effective(self, cls: ClassInfo, is_concrete: Callable[[ClassInfo], bool]) -> ClassInfo | None:
        """The ``Meta`` in effect: its own, else the first of an abstract class or mixin of the hierarchy.

        Django takes ``Meta`` out of the bodies of concrete models, so that no class finds it there.
        """
        own = self.own(cls)
        if own is not None:
            return own
        for base in self._x.resolver.mro(cls)[1:]:
            if isinstance(base, ClassInfo) and not is_concrete(base) and (meta := self.own(base)) is not None:
                return meta
        return None

    def is_abstract(self, cls: ClassInfo) -> bool | None:
        """Whether `cls` is abstract; None when that cannot be known.

        Django resets ``abstract`` on the ``Meta`` of each abstract class, so that a ``Meta`` deriving from it
        does not inherit it.
        """
        own = self.own(cls)
        if own is None:
            return False
        found = self._x.find(own, "abstract")
        if found is None:
            return False if self._x.readable(own) else None
        if found[0] is not own and found[0].owner is not None and found[0].owner is not cls:
            return False
        return truth(found[1])

    def options(
        self, cls: ClassInfo, is_concrete: Callable[[ClassInfo], bool]
    ) -> tuple[dict[str, Any], dict[str, frozenset[str]]]:
        """The options that are set, evaluated, and the uncertain settings that decided them.

        `UNKNOWN` values are among the options.
        """
        meta = self.effective(cls, is_concrete)
        if meta is None:
            return {}, {}
        result: dict[str, Any] = {}
        rests_on: dict[str, frozenset[str]] = {}
        readable = self._x.readable(meta)
        for name in OPTIONS:
            mark = len(self._x.reads)
            found = self._x.find(meta, name)
            if found is not None:
                result[name] = found[1]
                if len(self._x.reads) > mark:
                    rests_on[name] = self._x.read_since(mark)
            elif not readable and name in ("ordering", "unique_together", "indexes", "constraints"):
                result[name] = UNKNOWN
        return result, rests_on

    def verbose_names(self, cls: ClassInfo, is_concrete: Callable[[ClassInfo], bool]) -> tuple[Any, Any]:
        """``verbose_name`` and ``verbose_name_plural``, as ``_meta`` shows them untranslated."""
        meta = self.effective(cls, is_concrete)
        found = [self._x.find(meta, name) if meta is not None else None for name in _VERBOSE]
        if meta is not None and None in found and not self._x.readable(meta):
            return UNKNOWN, UNKNOWN
        single = found[0][1] if found[0] is not None else _spaced(cls.name)
        if found[1] is not None:
            return single, found[1][1]
        return single, f"{single}s" if isinstance(single, str) else UNKNOWN


_VERBOSE = ("verbose_name", "verbose_name_plural")


def _spaced(name: str) -> str:
    """The name of a class in words, as Django makes it."""
    from django.utils.text import camel_case_to_spaces  # which commands that read no models need not wait for

    return camel_case_to_spaces(name)


def names(value: Any) -> list[str]:
    """The strings of a list or tuple."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, (list, tuple)) else []


def together(value: Any) -> list[list[str]]:
    """``unique_together`` in its long form: a list of lists of field names."""
    if not isinstance(value, (list, tuple, set)) or not value:
        return []
    rows = list(value)
    if all(isinstance(item, str) for item in rows):
        rows = [rows]
    return [names(row) for row in rows if isinstance(row, (list, tuple))]
