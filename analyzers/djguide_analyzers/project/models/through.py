"""The through models that Django makes for many-to-many fields without one of their own."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.models.classes import MODEL, ModelClasses
from djguide_analyzers.project.models.drafts import Draft, FieldDraft
from djguide_analyzers.project.models.evaluation import UNKNOWN, Interpreter
from djguide_analyzers.project.models.fields import FieldReader
from djguide_analyzers.project.models.options import OptionsReader
from djguide_analyzers.project.modules import ClassInfo, Code

_QUOTE = '"'


class ThroughModels:
    """Makes drafts of automatic through models, as Django's many-to-many field does."""

    def __init__(
        self, interpreter: Interpreter, classes: ModelClasses, fields: FieldReader, options: OptionsReader
    ) -> None:
        self._x = interpreter
        self._classes = classes
        self._fields = fields
        self._options = options

    def draft(
        self, model: Model, draft: Draft, source: FieldDraft, field: Field, target: Draft | None
    ) -> Draft | None:
        """The through model of a many-to-many field of `draft`'s own table; None when it makes none.

        `model` and `field` are what the graph has of the draft and the field, `target` the model that the field
        points to, if it is in the graph.
        """
        if source.kind != "m2m" or not field.through_auto or draft.swapped is not None or draft.abstract:
            return None
        name = f"{draft.name}_{source.name}"
        from_, to = draft.name.lower(), (field.target or "").rpartition(".")[2].lower()
        if to == from_:
            from_, to = f"from_{from_}", f"to_{to}"
        attrs: dict[str, Any] = {from_: self._classes.automatic.foreign_key(draft.cls, f"{name}+")}
        if to:
            end = target.cls if target is not None else field.target
            attrs[to] = self._classes.automatic.foreign_key(end, f"{name}+")
        table, table_doubt = self._table(model, source)
        attrs["Meta"] = self._class(
            "Meta",
            draft.cls,
            (),
            {
                "db_table": table,
                "auto_created": draft.cls,
                "app_label": draft.app_label,
                "unique_together": (from_, to) if to else (),
                "managed": model.managed or (target is not None and target.options.get("managed", True)),
            },
        )
        base = self._x.resolver.module(MODEL.rpartition(".")[0])
        symbol = self._x.resolver.name(base, "Model") if base is not None else None
        if not isinstance(symbol, ClassInfo) or None in attrs.values():
            return None
        made = self._classes.draft(self._class(name, draft.cls, (symbol,), attrs))
        if made is not None:
            made.installed = draft.installed
            for key in made.local.values():
                if not key.automatic:
                    key.code, key.node = source.code, source.node
            _doubt(made, field, to, table_doubt)
        return made

    def _class(
        self, name: str, source: ClassInfo, bases: tuple[Any, ...], attrs: dict[str, Any]
    ) -> ClassInfo:
        """A class of `source`'s module that no statement defines."""
        cls = ClassInfo(
            ir.ClassDef(0, name, [], [], [], []), Code(source.module, ir.Chunk(0, 1, [], b"", []))
        )
        cls.known_bases = bases
        self._x.overlays[cls] = dict(attrs)
        return cls

    def _table(self, model: Model, source: FieldDraft) -> tuple[Any, str | None]:
        """The table's name, and why it is not certain."""
        explicit = self._fields.attribute(source.instance, "db_table")
        if explicit:
            return explicit, None
        if not model.db_table:
            return UNKNOWN, None
        name, doubt = self._options.fitting(f"{model.db_table.strip(_QUOTE)}_{source.name}")
        return name, doubt or model.doubts.get("db_table")


def _doubt(made: Draft, field: Field, to: str, table: str | None) -> None:
    """Note what is not certain of a through model because `field` is not; `to` is its key to the other side."""
    if table is not None:
        made.doubts.setdefault("db_table", table)
    if "" in field.doubts:
        made.doubts[""] = field.doubts[""]
    elif "target" in field.doubts:
        reason = field.doubts["target"]
        made.doubts["fields"] = made.doubts["unique_together"] = reason
        if to in made.local:
            made.local[to].doubts[""] = reason
