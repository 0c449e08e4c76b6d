"""Model classes, put together as Django's metaclass does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.apps import App, AppTable
from djguide_analyzers.project.models.automatic import AutomaticFields
from djguide_analyzers.project.models.definition import Definition
from djguide_analyzers.project.models.drafts import Draft, FieldDraft, ManagerDraft
from djguide_analyzers.project.models.evaluation import Instance, Interpreter
from djguide_analyzers.project.models.evaluation.known import copy_instance
from djguide_analyzers.project.models.evaluation.members import bound_names
from djguide_analyzers.project.models.evaluation.values import truth
from djguide_analyzers.project.models.fields import FIELD, FieldReader
from djguide_analyzers.project.models.meta import MetaReader
from djguide_analyzers.project.models.reasons import SettingDoubts
from djguide_analyzers.project.models.uncertainty import model_doubts, uncertain_names, unreadable_bases
from djguide_analyzers.project.modules import ClassInfo, Module, Value
from djguide_analyzers.project.resolve import HARMLESS, External

MODEL = "django.db.models.base.Model"

Report = Callable[[str, str, ClassInfo], None]


class ModelClasses:
    """Drafts of model classes, each made when first asked for.

    Args:
        report: Told of what could not be known: subject, reason, class.
    """

    def __init__(
        self, interpreter: Interpreter, apps: AppTable, fields: FieldReader, setting: Callable[[str], Any],
        doubts: SettingDoubts, report: Report,
    ) -> None:  # fmt: skip
        self.x = interpreter
        self.apps = apps
        self.fields = fields
        self.meta = MetaReader(interpreter)
        self.drafts: dict[ClassInfo, Draft | None] = {}
        self.doubts = doubts
        self._setting = setting
        self._report = report
        self.on_base: Callable[[Module], None] = lambda module: None
        """Called with the module of a base class before a class of another module takes over what it declares."""
        self.automatic = AutomaticFields(interpreter, setting, doubts)
        self.definition = Definition(interpreter, self)

    def is_model(self, cls: ClassInfo) -> bool:
        """Whether `cls` is a model class, ``Model`` itself excluded.

        A class with a base that cannot be read counts when its body holds database fields, or that base stands in
        a module of models.
        """
        line = self.x.resolver.mro(cls)
        if any(base.dotted == MODEL for base in line):
            return cls.dotted != MODEL
        unreadable = [
            base.dotted for base in line if isinstance(base, External) and base.dotted not in HARMLESS
        ]
        if not unreadable:
            return False
        in_models = "models" in cls.module.name.split(".")
        return (in_models and any(map(_names_model, unreadable))) or self._declares_fields(cls)

    def _declares_fields(self, cls: ClassInfo) -> bool:
        """Whether the body assigns a database field, or a readable base is a model class itself."""
        for bindings in cls.members.names.values():
            for binding in bindings:
                if isinstance(binding, Value) and isinstance(binding.expr, ir.Call):
                    made = self.x.resolver.expr(cls.code, binding.expr.func, cls)
                    if isinstance(made, ClassInfo) and self.x.resolver.is_subclass(made, FIELD):
                        return True
        return any(
            isinstance(base, ClassInfo) and self.draft(base) is not None
            for base in self.x.resolver.mro(cls)[1:]
        )

    def draft(self, cls: ClassInfo) -> Draft | None:
        """The draft of `cls`; None when it is no model class."""
        if cls not in self.drafts:
            self.drafts[cls] = None  # a class that needs itself
            mark = len(self.x.reads)
            self.x.apart(lambda: self._define(cls))
            del self.x.reads[mark:]  # its own business, not that of the code that asked for it first
        return self.drafts[cls]

    def _define(self, cls: ClassInfo) -> None:
        if not self.is_model(cls):
            return
        for base in self.x.resolver.bases(cls):
            if isinstance(base, ClassInfo):
                if base.module is not cls.module:
                    self.on_base(base.module)
                self.draft(base)
        self.definition.make(cls, self._body(cls), lambda attrs: self._make(cls, attrs))
        if cls.node.decorators:
            self.definition.decorate(cls)

    def _body(self, cls: ClassInfo) -> dict[str, Any]:
        """What the class body binds, or what a class made by a call was given."""
        if cls.known_bases is not None and not cls.node.body:
            return dict(self.x.overlays.get(cls, {}))
        return {"__module__": cls.module.name, **self.x.namespace(cls).names}

    def _make(self, cls: ClassInfo, attrs: dict[str, Any]) -> None:
        """What ``ModelBase.__new__`` does."""
        meta = attrs.get("Meta")
        if isinstance(meta, ClassInfo) and self.meta.own(cls) is not meta:
            self.x.overlays.setdefault(cls, {})["Meta"] = meta
        added = {
            name: value
            for name, value in attrs.items()
            if name not in cls.members.names and name != "__module__"
        }
        if added:
            self.x.overlays.setdefault(cls, {}).update(added)
        options, rests_on = self.meta.options(cls, self._is_concrete)
        for name in ("indexes", "constraints"):  # each class has its own lists
            if isinstance(options.get(name, ()), (list, tuple)):
                options[name] = list(options.get(name, ()))
        app, label = self._app(cls, options)
        mark = len(self.x.reads)
        abstract = self.meta.is_abstract(cls)
        if len(self.x.reads) > mark:
            rests_on[""] = self.x.read_since(mark)
        draft = Draft(
            cls, label, app, options, abstract=bool(abstract), proxy=truth(options.get("proxy")) is True
        )
        draft.doubts.update(model_doubts(draft, rests_on, self.doubts))
        if abstract is None:
            reason = "whether it is abstract depends on something that is not known"
            draft.doubts[""] = reason
            self._report(cls.dotted, reason, cls)
        self.drafts[cls] = draft
        draft.unreadable = unreadable_bases(self.x.resolver.mro(cls))
        draft.complete = not draft.unreadable
        draft.installed = app is not None or not self.apps.closed
        self._contribute_body(draft, attrs)
        bases = self._direct_bases(draft)
        if draft.proxy:
            draft.proxy_for = next((base for base in bases if not base.abstract), None)
        self._inherit(draft, bases)
        if not draft.abstract:
            self._prepare(draft)

    def _is_concrete(self, cls: ClassInfo) -> bool:
        draft = self.draft(cls)
        return draft is not None and not draft.abstract

    def verbose_names(self, cls: ClassInfo) -> tuple[Any, Any]:
        """``verbose_name`` and ``verbose_name_plural`` of a model class."""
        return self.meta.verbose_names(cls, self._is_concrete)

    def _app(self, cls: ClassInfo, options: dict[str, Any]) -> tuple[App | None, str]:
        explicit = options.get("app_label")
        if isinstance(explicit, str):
            return self.apps.by_label.get(explicit), explicit
        app = self.apps.containing(cls.module.name)
        if app is not None:
            return app, app.label
        return None, self.apps.unlisted_label(cls.module.name)

    def _direct_bases(self, draft: Draft) -> list[Draft]:
        found = [self.draft(base) for base in self.x.resolver.bases(draft.cls) if isinstance(base, ClassInfo)]
        return [base for base in found if base is not None]

    # --- the class body ---

    def _contribute_body(self, draft: Draft, attrs: dict[str, Any]) -> None:
        """Enter the fields and managers of the class body."""
        if draft.cls in self.x.namespaces:
            draft.uncertain = uncertain_names(self.x.namespaces[draft.cls])
        draft.own = dict(attrs)
        for name, value in attrs.items():
            if isinstance(value, Instance):
                self.definition.contribute(draft, name, value)

    def contribute(self, draft: Draft, name: str, value: Instance, *, private: bool = False) -> None:
        """Do what Django's own ``contribute_to_class`` methods do."""
        kind = self.fields.kind(value)
        if kind is not None:
            code, node = self._place(value)
            doubt = self._doubt_of_presence(draft, name)
            own_name = value.attrs.get("name")
            name = own_name if isinstance(own_name, str) and own_name else name
            field = FieldDraft(name, value, kind, draft.cls, code, node)
            if doubt is not None:
                field.doubts[""] = doubt
            self.add_field(draft, field, private=private)
        elif self.fields.is_manager(value):
            doubt = self._doubt_of_presence(draft, name)
            name = value.attrs.get("name") or name  # it keeps the first one
            value.attrs.update(model=draft.cls, name=name)
            draft.managers[name] = ManagerDraft(name, value, draft.cls, value.code, value.call, doubt)

    def _doubt_of_presence(self, draft: Draft, name: str) -> str | None:
        """Why what is added to a class now may not be there in reality; None when it certainly is."""
        if name not in draft.uncertain and not self.x.in_doubt and not self.x.supposing:
            return None
        return self.doubts.condition(draft.uncertain.get(name, frozenset()).union(*self.x.supposing))

    def _place(self, value: Instance) -> tuple[Any, ir.Stmt | None]:
        remembered = self.x.statements.get(id(value))
        node = remembered[1] if remembered is not None and remembered[0] is value else None
        return value.code, node

    def add_field(self, draft: Draft, field: FieldDraft, *, private: bool = False) -> None:
        """Enter a field in its place."""
        if private or field.kind in ("gfk", "generic"):
            draft.private[field.name] = field
            return
        draft.local[field.name] = field
        if draft.pk is None and self._is_pk(field):
            draft.pk = field

    def _is_pk(self, field: FieldDraft) -> bool:
        return field.kind != "m2m" and truth(self.fields.attribute(field.instance, "primary_key")) is True

    # --- inheritance ---

    def _inherit(self, draft: Draft, bases: list[Draft]) -> None:
        """Take over what the bases declare, in the order of the class hierarchy."""
        declared = {*draft.local, *draft.private}
        links = self._parent_links(draft, bases)
        inherited: set[str] = set()
        for base in self.x.resolver.mro(draft.cls):
            if not isinstance(base, ClassInfo):
                continue
            base_draft = draft if base is draft.cls else self.draft(base)
            if base_draft is None or base_draft not in bases:
                inherited |= self._dict_names(base, base_draft)
                continue
            if base_draft.abstract:
                self._inherit_abstract(draft, base_draft, declared, inherited)
            else:
                inherited |= set(base_draft.local)
                self._inherit_concrete(draft, base_draft.concrete, links)
            for field in base_draft.private.values():
                if field.name not in declared:
                    copied = self._take_over(draft, field, private=True)
                    rel = copied.instance.attrs.get("remote_field")
                    if not base_draft.abstract and isinstance(rel, Instance):
                        rel.attrs["related_query_name"] = (
                            None  # the other side belongs to the base's own field
                        )

    def _dict_names(self, cls: ClassInfo, draft: Draft | None) -> set[str]:
        if draft is not None:
            return draft.dict_names()
        return {*bound_names(cls), *self.x.overlays.get(cls, ())}

    def _parent_links(self, draft: Draft, bases: list[Draft]) -> dict[ClassInfo | str, FieldDraft]:
        """Declared one-to-one fields with ``parent_link=True``, by what they point to."""
        links: dict[ClassInfo | str, FieldDraft] = {}
        for base in reversed([draft, *bases]):
            if base is not draft and not base.abstract:
                continue
            for field in base.local.values():
                if field.kind == "o2o" and self.fields.remote(field.instance, "parent_link") is True:
                    target = self.fields.remote(field.instance, "model")
                    if isinstance(target, ClassInfo):
                        links[target] = field
                    elif isinstance(target, str):
                        label = target if "." in target else f"{draft.app_label}.{target}"
                        links[label.lower()] = field
        return links

    def _inherit_abstract(self, draft: Draft, base: Draft, declared: set[str], inherited: set[str]) -> None:
        parents = dict(base.parents)
        for field in base.local.values():
            if field.name in declared or field.name in inherited or field.name in self._body_names(draft):
                continue
            copied = self._take_over(draft, field)
            for parent, link in parents.items():
                if link is field:
                    parents[parent] = copied
        draft.parents.update(parents)

    def _take_over(self, draft: Draft, field: FieldDraft, *, private: bool = False) -> FieldDraft:
        """Give `draft` its own copy of a base's field, by the field's own ``contribute_to_class``."""
        copied = _copied(field)
        if self.definition.is_custom(copied.instance):
            self.definition.contribute(draft, field.name, copied.instance)
            table = draft.private if private else draft.local
            if field.name in table:
                added = table[field.name]
                added.owner, added.code, added.node = field.owner, field.code, field.node
                return added
        self.add_field(draft, copied, private=private)
        return copied

    def _body_names(self, draft: Draft) -> set[str]:
        """Names in the class's ``__dict__`` while it takes fields over."""
        return {*draft.own, *draft.local, *draft.managers}

    def _inherit_concrete(
        self, draft: Draft, parent: Draft, links: dict[ClassInfo | str, FieldDraft]
    ) -> None:
        link = links.get(parent.cls) or links.get(parent.label.lower())
        if link is None and not draft.proxy:
            link = self._automatic_link(draft, parent)
        draft.parents[parent] = link

    def _automatic_link(self, draft: Draft, parent: Draft) -> FieldDraft | None:
        """The one-to-one field to a parent that Django adds."""
        name = f"{parent.name.lower()}_ptr"
        if name in draft.local:
            return draft.local[name]
        field = self.automatic.parent_link(draft, parent)
        if field is not None:
            draft.local = {name: field, **draft.local}
        return field

    # --- finishing ---

    def _prepare(self, draft: Draft) -> None:
        """What Django adds when a concrete class is complete: ``_order``, the primary key, ``objects``."""
        self._swap(draft)
        if draft.options.get("order_with_respect_to") and "_order" not in draft.local:
            order = self.automatic.order(draft)
            if order is not None:
                self.add_field(draft, order)
        if draft.proxy and draft.proxy_for is not None:
            draft.pk = draft.proxy_for.concrete.pk
        elif draft.pk is None:
            self._automatic_pk(draft)
        if not self.managers(draft):
            draft.managers["objects"] = ManagerDraft("objects", None, draft.cls)
        self.definition.finish(draft)

    def _swap(self, draft: Draft) -> None:
        swappable = draft.options.get("swappable")
        if not isinstance(swappable, str):
            return
        value = self._setting(swappable)
        if isinstance(value, str) and value.lower() != draft.label.lower():
            draft.swapped = value
        if self.doubts.of(swappable) is not None:
            draft.doubts.setdefault("installed", self.doubts.reason([swappable]))

    def _automatic_pk(self, draft: Draft) -> None:
        link = next(iter(draft.parents.values()), None)
        if link is not None:
            link = draft.local.get(link.name, link)
            link.instance.attrs["primary_key"] = True
            draft.pk = link
            return
        draft.pk = self.automatic.primary_key(draft)
        draft.local = {draft.pk.name: draft.pk, **draft.local}

    def table_fields(self, draft: Draft) -> list[tuple[FieldDraft, Draft]]:
        """Fields with a column or table of their own and the model they belong to, the parents' first."""
        rows: dict[str, tuple[FieldDraft, Draft]] = {}
        for parent in draft.parents:
            for field, owner in self.table_fields(parent):
                rows.setdefault(field.name, (field, owner))
        for field in draft.local.values():
            rows[field.name] = (field, draft)
        return list(rows.values())

    def managers(self, draft: Draft) -> list[ManagerDraft]:
        """All managers in Django's order: the class's own, then those of its bases that it does not redefine."""
        found: dict[str, ManagerDraft] = {}
        for base in self.x.resolver.mro(draft.cls):
            base_draft = self.drafts.get(base) if isinstance(base, ClassInfo) else None
            if base_draft is not None:
                for name, manager in base_draft.managers.items():
                    found.setdefault(name, manager)
        return list(found.values())


def _names_model(dotted: str) -> bool:
    """Whether a class that cannot be read is a model by all appearance: it stands in a package's models."""
    module, _, name = dotted.rpartition(".")
    return "models" in module.split(".") and not name.endswith(_NO_MODELS)


_NO_MODELS = (
    "Mixin",
    "Manager",
    "QuerySet",
    "Queryset",
    "Field",
    "Form",
    "Choices",
    "Key",
    "Meta",
    "Config",
    "Base",
)


def _copied(field: FieldDraft) -> FieldDraft:
    """An inherited field's copy for the class that takes it over."""
    return FieldDraft(
        field.name, copy_instance(field.instance), field.kind, field.owner, field.code, field.node, field.automatic,
        field.parent_link, dict(field.doubts),
    )  # fmt: skip
