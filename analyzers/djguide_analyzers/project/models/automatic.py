"""The fields that Django adds to models by itself: primary keys, links to parents, ``_order``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from djguide_analyzers.project.models.drafts import Draft, FieldDraft
from djguide_analyzers.project.models.evaluation import Instance, Interpreter
from djguide_analyzers.project.models.evaluation.values import is_told
from djguide_analyzers.project.models.fields import UNKNOWN_CLASS
from djguide_analyzers.project.models.reasons import SettingDoubts
from djguide_analyzers.project.resolve import External


class AutomaticFields:
    """Makes fields that no statement declares."""

    def __init__(
        self, interpreter: Interpreter, setting: Callable[[str], Any], doubts: SettingDoubts
    ) -> None:
        self._x = interpreter
        self._setting = setting
        self._doubts = doubts

    def parent_link(self, draft: Draft, parent: Draft) -> FieldDraft | None:
        """The one-to-one field to a parent."""
        instance = self._construct(
            "django.db.models.fields.related", "OneToOneField", [parent.cls],
            {"on_delete": self._cascade(), "auto_created": True, "parent_link": True},
        )  # fmt: skip
        if instance is None:
            return None
        name = f"{parent.name.lower()}_ptr"
        return FieldDraft(name, instance, "o2o", draft.cls, automatic=True, parent_link=True)

    def order(self, draft: Draft) -> FieldDraft | None:
        """The column behind ``order_with_respect_to``."""
        instance = self._construct("django.db.models.fields.proxy", "OrderWrt", [], {})
        if instance is None:
            return None
        field = FieldDraft("_order", instance, "column", draft.cls, automatic=True)
        if not is_told(draft.options["order_with_respect_to"]):
            field.doubts[""] = "Meta.order_with_respect_to could not be evaluated"
        return field

    def primary_key(self, draft: Draft) -> FieldDraft:
        """The primary key of a model that declares none and has no parent."""
        path, doubt = self._auto_field(draft)
        arguments = {"primary_key": True, "auto_created": True}
        source, _, name = path.rpartition(".") if path is not None else ("", "", "")
        instance = self._construct(source, name, [], arguments) if name else None
        if instance is None:
            # A primary key there is, whatever its class.
            instance = Instance(External(path or UNKNOWN_CLASS), {}, (), dict(arguments), opaque=True)
        field = FieldDraft("id", instance, "column", draft.cls, automatic=True)
        if doubt is not None:
            field.doubts.update(dict.fromkeys(("class_name", "django_base"), doubt))
        if draft.unreadable:
            reason = f"its base class {draft.unreadable[0]} cannot be read, which may have a primary key"
            field.doubts[""] = draft.doubts["pk"] = reason
        return field

    def _auto_field(self, draft: Draft) -> tuple[str | None, str | None]:
        """Class path of an automatic primary key, None when nothing tells, and why it is not certain."""
        app = draft.app
        if app is not None and (app.default_auto_field or "default_auto_field" in app.doubts):
            return app.default_auto_field, app.doubts.get("default_auto_field")
        path = self._setting("DEFAULT_AUTO_FIELD")
        doubtful = self._doubts.of("DEFAULT_AUTO_FIELD") is not None
        reason = self._doubts.reason(["DEFAULT_AUTO_FIELD"]) if doubtful else None
        return path if isinstance(path, str) else None, reason

    def foreign_key(self, target: Any, related_name: str) -> Instance | None:
        """A foreign key that cascades."""
        arguments = {"related_name": related_name, "on_delete": self._cascade()}
        return self._construct("django.db.models.fields.related", "ForeignKey", [target], arguments)

    def _cascade(self) -> Any:
        return self._django("django.db.models.deletion", "CASCADE")

    def _django(self, module: str, name: str) -> Any:
        found = self._x.resolver.module(module)
        return self._x.global_value(found, name) if found is not None else External(f"{module}.{name}")

    def _construct(self, module: str, name: str, args: list[Any], kwargs: dict[Any, Any]) -> Instance | None:
        """An object of a class by the class's module and name; None where calling it makes none."""
        value = self._x.bounded(lambda: self._x.call(self._django(module, name), args, kwargs))
        return value if isinstance(value, Instance) else None
