"""What evaluated code sees of models while they are being defined, and can do to them.

Custom metaclasses, fields with a ``contribute_to_class`` of their own, class decorators and receivers of
``class_prepared`` are evaluated; where they reach Django's own code, `ModelClasses` does what that would do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from djguide_analyzers.project.models.drafts import Draft, FieldDraft
from djguide_analyzers.project.models.evaluation import UNKNOWN, Instance, Interpreter
from djguide_analyzers.project.models.evaluation.known import copy_instance, given
from djguide_analyzers.project.models.evaluation.values import Bound, Closure, Native, Raised, Signal, Unknown
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.resolve import External

if TYPE_CHECKING:
    from djguide_analyzers.project.models.classes import ModelClasses

_OPTIONS = "django.db.models.options.Options"
_BASE = "django.db.models.base"
_MANAGERS = "django.db.models.manager"
_DESCRIPTOR = "django.db.models.query_utils.DeferredAttribute"


def is_django(cls: ClassInfo) -> bool:
    """Whether a class is Django's own."""
    return cls.module.name.partition(".")[0] == "django"


class Definition:
    """Connects the evaluation of definitions with the drafts."""

    def __init__(self, interpreter: Interpreter, classes: ModelClasses) -> None:
        self.x = interpreter
        self.classes = classes
        self.prepared = Signal()
        self._making: list[tuple[ClassInfo, Callable[[dict[str, Any]], None]]] = []
        origin = interpreter.origin
        origin.model_attribute = self._model_attribute
        origin.values["django.db.models.signals.class_prepared"] = self.prepared
        origin.values["django.apps.registry.Apps.lazy_model_operation"] = Native(
            "lazy_model_operation", self._lazy_model_operation
        )
        origin.natives.update(
            {
                f"{_BASE}.ModelBase.__new__": self._django_new,
                "django.db.models.fields.Field.contribute_to_class": self._django_contribute,
                "django.db.models.fields.related.RelatedField.contribute_to_class": self._django_contribute,
                "django.db.models.fields.related.ForeignObject.contribute_to_class": self._django_contribute,
                "django.db.models.fields.related.ForeignKey.contribute_to_class": self._django_contribute,
                "django.db.models.fields.related.ManyToManyField.contribute_to_class": self._django_contribute,
                "django.contrib.contenttypes.fields.GenericForeignKey.contribute_to_class": self._django_contribute,
                "django.contrib.contenttypes.fields.GenericRelation.contribute_to_class": self._django_contribute,
                "django.db.models.manager.BaseManager.contribute_to_class": self._django_contribute,
            }
        )

    # --- making a class ---

    def make(self, cls: ClassInfo, attrs: dict[str, Any], new: Callable[[dict[str, Any]], None]) -> None:
        """Make a model class by its metaclass; `new` does what Django's own metaclass does."""
        metaclass = self.x.metaclass(cls)
        if not isinstance(metaclass, ClassInfo) or is_django(metaclass):
            new(attrs)
            return
        arguments = [cls.name, tuple(self.x.resolver.bases(cls)), attrs]
        self._making.append((cls, new))
        self.x.defining.add(cls)
        try:
            self._run(metaclass, "__new__", [metaclass, *arguments])
        finally:
            self.x.defining.discard(cls)
            pending = self._making.pop() if self._making and self._making[-1][0] is cls else None
        if pending is not None:
            new(attrs)
        found = self._custom(metaclass, "__init__")
        if found is not None:
            self.x.bounded(lambda: self.x.call(Bound(found[1], cls, found[0]), arguments, {}))

    def _custom(self, metaclass: ClassInfo, name: str) -> tuple[ClassInfo, Any] | None:
        found = self.x.find(metaclass, name)
        return None if found is None or is_django(found[0]) else found

    def _run(self, metaclass: ClassInfo, name: str, args: list[Any]) -> None:
        found = self._custom(metaclass, name)
        if found is None:
            return
        function = found[1]
        if isinstance(function, FunctionInfo):
            self.x.bounded(lambda: self.x.invoke(function, None, found[0], args, {}))
        elif isinstance(function, Closure) and isinstance(function.function, FunctionInfo):
            inner = function.function
            self.x.bounded(lambda: self.x.invoke(inner, function.frame, found[0], args, {}))

    def _django_new(self, x: Interpreter, args: list[Any], kwargs: dict[Any, Any]) -> Any:
        """``ModelBase.__new__(metaclass, name, bases, attrs)``."""
        if len(args) < 4 or not isinstance(args[3], dict):
            return UNKNOWN
        if self._making and self._making[-1][0].name == args[1]:
            cls, new = self._making.pop()
            new(args[3])
            return cls
        return x.make_class(args[1], args[2], args[3], args[0] if isinstance(args[0], ClassInfo) else None)

    def finish(self, draft: Draft) -> None:
        """A concrete class is complete: tell the receivers of ``class_prepared``."""
        for receiver, sender in list(self.prepared.receivers):
            if sender is None or sender is draft.cls:
                self.x.bounded(lambda receiver=receiver: self.x.call(receiver, [], {"sender": draft.cls}))

    def _lazy_model_operation(self, x: Interpreter, args: list[Any], kwargs: dict[Any, Any]) -> Any:
        """``apps.lazy_model_operation(function, (app_label, model_name))``: now, or when the model is complete."""
        if len(args) != 2 or not isinstance(args[1], tuple) or not all(isinstance(s, str) for s in args[1]):
            return UNKNOWN
        function, label = args[0], ".".join(args[1]).lower()

        def receive(x: Interpreter, args: list[Any], kwargs: dict[Any, Any]) -> None:
            draft = self.classes.draft(kwargs["sender"])
            if draft is not None and draft.label.lower() == label:
                x.call(function, [draft.cls], {})

        found = x.origin.get_model(label)
        if isinstance(found, ClassInfo) and self.classes.drafts.get(found) is not None:
            return x.call(function, [found], {})
        self.prepared.receivers.append((Native("receive", receive), None))
        return None

    def decorate(self, cls: ClassInfo) -> None:
        """Apply the decorators of a class statement."""
        for node in reversed(cls.node.decorators):
            frame = self.x.enclosing.get(cls) or self.x.module_frame(cls.code)
            decorator = self.x.evaluate(node, frame)
            if isinstance(decorator, (FunctionInfo, Closure, Bound)):
                self.x.bounded(lambda decorator=decorator: self.x.call(decorator, [cls], {}))

    # --- contributing ---

    def contribute(self, draft: Draft, name: str, value: Instance) -> None:
        """Add an object with a ``contribute_to_class`` to a class, by that method where it is not Django's."""
        found = self._custom_contribute(value)
        if found is None:
            self.classes.contribute(draft, name, value)
            return
        method = self.x.bind(found[1], value, found[0])
        self.x.bounded(lambda: self.x.call(method, [draft.cls, name], {}))
        taken = name in draft.local or name in draft.private  # it leaves another field where it is
        if not taken and not self._has(draft, value) and self.classes.fields.kind(value) is not None:
            self.classes.contribute(draft, name, value)

    def is_custom(self, value: Instance) -> bool:
        """Whether an object has a ``contribute_to_class`` that is not Django's."""
        return self._custom_contribute(value) is not None

    def _custom_contribute(self, value: Instance) -> tuple[ClassInfo, Any] | None:
        found = self.x.find(value.cls, "contribute_to_class") if isinstance(value.cls, ClassInfo) else None
        return None if found is None or is_django(found[0]) else found

    def _has(self, draft: Draft, value: Instance) -> bool:
        return any(
            field.instance is value for field in (*draft.local.values(), *draft.private.values())
        ) or any(manager.instance is value for manager in draft.managers.values())

    def _django_contribute(self, x: Interpreter, args: list[Any], kwargs: dict[Any, Any]) -> Any:
        """``contribute_to_class(self, cls, name)`` of Django's own classes."""
        value, cls, name = given(args, kwargs, "self", "cls", "name")
        if not isinstance(value, Instance) or not isinstance(cls, ClassInfo):
            return None
        draft = self.classes.draft(cls)
        if draft is not None and isinstance(name, str) and not self._has(draft, value):
            self.classes.contribute(draft, name, value, private=kwargs.get("private_only") is True)
        return None

    def _add_to_class(self, cls: ClassInfo, args: list[Any], kwargs: dict[Any, Any]) -> None:
        draft = self.classes.draft(cls)
        name, value = given(args, kwargs, "name", "value")
        if draft is None or not isinstance(name, str):
            return
        if isinstance(value, Instance):
            self.contribute(draft, name, value)
        else:
            self.x.set_attribute(cls, name, value)

    # --- what models look like ---

    def _model_attribute(self, cls: ClassInfo, name: str) -> Any:
        """An attribute that Django gives model classes; KeyError for any other."""
        if name not in ("_meta", "add_to_class", "_default_manager", "_base_manager"):
            return self._field_attribute(cls, name)
        draft = self.classes.draft(cls)
        if draft is None:
            raise KeyError(name)
        if name == "_meta":
            return self.meta(draft)
        if name == "add_to_class":
            return Native(name, lambda x, args, kwargs: self._add_to_class(cls, args, kwargs))
        managers = self._managers(draft)
        return managers[0] if name == "_default_manager" and managers else UNKNOWN

    def _field_attribute(self, cls: ClassInfo, name: str) -> Instance:
        """What stands in a field's place on the class: a descriptor; KeyError when it is no field's."""
        found = self.x.find(cls, name)
        if found is not None:
            if self.classes.fields.kind(found[1]) is None:
                raise KeyError(name)
            self.classes.draft(cls)
        for base in self.x.resolver.mro(cls):
            draft = self.classes.drafts.get(base) if isinstance(base, ClassInfo) else None
            field = (draft.local.get(name) or draft.private.get(name)) if draft is not None else None
            if draft is not None and field is not None:
                return Instance(External(_DESCRIPTOR), {"field": self._named(field, draft)})
        raise KeyError(name)

    def _managers(self, draft: Draft) -> list[Any]:
        """``_meta.managers``, the default one first: a class has copies of those it inherits."""
        found: list[Any] = []
        for manager in self.classes.managers(draft):
            value = manager.instance
            if value is None:
                value = self.x.bounded(lambda: self.x.call(self.x.imported(_MANAGERS, "Manager"), [], {}))
            elif manager.owner is not draft.cls:
                value = copy_instance(value)
            if isinstance(value, Instance):
                value.attrs.update(model=draft.cls, name=manager.name)
            found.append(value)
        named = draft.options.get("default_manager_name")
        return sorted(
            found, key=lambda value: not (isinstance(value, Instance) and value.attrs["name"] == named)
        )

    def meta(self, draft: Draft) -> Instance:
        """``_meta`` as an object."""
        module = self.x.resolver.module("django.db.models.options")
        options = self.x.resolver.name(module, "Options") if module is not None else None
        cls = options if isinstance(options, ClassInfo) else External(_OPTIONS)
        draft.extra.update(self._meta_attributes(draft))
        return Instance(cls, draft.extra)

    def _meta_attributes(self, draft: Draft) -> dict[str, Any]:
        fields = self.classes.table_fields(draft)
        objects = [self._named(field, owner) for field, owner in fields]
        columns = [value for (field, _), value in zip(fields, objects, strict=True) if field.kind != "m2m"]
        local = {id(field.instance) for field in draft.local.values()}
        many = [value for (field, _), value in zip(fields, objects, strict=True) if field.kind == "m2m"]
        private = [self._named(field, draft) for field in draft.private.values()]
        by_name = {field.name: value for (field, _), value in zip(fields, objects, strict=True)}
        by_name.update(
            {f"{name}_id": value for name, value in by_name.items() if "remote_field" in value.attrs}
        )
        explicit = {name: draft.options[name] for name in _PASSED if name in draft.options}
        single, plural = self.classes.verbose_names(draft.cls)
        return {
            **explicit,
            "model": draft.cls,
            "abstract": draft.abstract,
            "proxy": draft.proxy,
            "app_label": draft.app_label,
            "object_name": draft.name,
            "model_name": draft.name.lower(),
            "db_table": draft.options.get("db_table") or f"{draft.app_label}_{draft.name.lower()}",
            "managed": draft.options.get("managed", True),
            "fields": columns,
            "concrete_fields": columns,
            "local_fields": [value for value in columns if id(value) in local],
            "local_concrete_fields": [value for value in columns if id(value) in local],
            "many_to_many": many,
            "local_many_to_many": [value for value in many if id(value) in local],
            "private_fields": private,
            "parents": {
                parent.cls: link.instance if link else None for parent, link in draft.parents.items()
            },
            "all_parents": tuple(parent.cls for parent in draft.parents),
            "pk": draft.pk.instance if draft.pk is not None else None,
            "concrete_model": draft.concrete.cls,
            "swapped": draft.swapped,
            "auto_created": False,
            "managers": self._managers(draft),
            "verbose_name": single,
            "verbose_name_plural": plural,
            "get_field": Native("get_field", lambda x, args, kwargs: _get_field(by_name, args)),
            "get_fields": Native("get_fields", lambda x, args, kwargs: [*columns, *many, *private]),
            "add_field": Native("add_field", lambda x, args, kwargs: self._add_field(draft, args, kwargs)),
            "add_manager": Native(
                "add_manager", lambda x, args, kwargs: self._add_field(draft, args, kwargs)
            ),
        }

    def _named(self, field: FieldDraft, owner: Draft) -> Instance:
        attrs = field.instance.attrs
        attrs["name"] = field.name
        attrs["model"] = owner.cls
        attrs.setdefault("attname", f"{field.name}_id" if field.kind in ("fk", "o2o") else field.name)
        return field.instance

    def _add_field(self, draft: Draft, args: list[Any], kwargs: dict[Any, Any]) -> None:
        value = args[0] if args else None
        name = value.attrs.get("name") if isinstance(value, Instance) else None
        if isinstance(value, Instance) and isinstance(name, str) and not self._has(draft, value):
            self.classes.contribute(draft, name, value, private=kwargs.get("private") is True)


_PASSED = (
    "ordering", "unique_together", "get_latest_by", "swappable", "default_related_name", "indexes", "constraints",
    "order_with_respect_to",
)  # fmt: skip


def _get_field(by_name: dict[str, Any], args: list[Any]) -> Any:
    if not args or isinstance(args[0], Unknown):
        return UNKNOWN
    if args[0] not in by_name:
        raise Raised("FieldDoesNotExist")
    return by_name[args[0]]
