"""Builds the model graph of one project."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from functools import partial
from itertools import accumulate
from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model, ModelGraph, Unknown
from djguide_analyzers.project.models.apps import AppTable
from djguide_analyzers.project.models.classes import ModelClasses
from djguide_analyzers.project.models.doubts import Doubts, of_apps, of_calls, of_classes
from djguide_analyzers.project.models.drafts import Draft, FieldDraft
from djguide_analyzers.project.models.evaluation import UNKNOWN, Instance, Interpreter, ModelRef, Origin
from djguide_analyzers.project.models.evaluation.builtin import BUILTINS
from djguide_analyzers.project.models.evaluation.values import Native, Raised, truth
from djguide_analyzers.project.models.fields import FieldReader
from djguide_analyzers.project.models.inputs import DEFAULTS, NOT_SET, UNSEEN, Doubt, ProjectSettings
from djguide_analyzers.project.models.loading import Loaded
from djguide_analyzers.project.models.managers import ManagerReader
from djguide_analyzers.project.models.options import OptionsReader
from djguide_analyzers.project.models.reasons import SettingDoubts
from djguide_analyzers.project.models.relations import Labels, Linker, link_reverse
from djguide_analyzers.project.models.running import Running
from djguide_analyzers.project.models.sketches import ALWAYS, Sketches
from djguide_analyzers.project.models.through import ThroughModels
from djguide_analyzers.project.modules import ClassInfo, Module
from djguide_analyzers.project.resolve import External, Resolver
from djguide_analyzers.project.versions import VersionRange

_NONE_OWN = Doubt("the settings install none of the project's own")
_ONLY_IN_TESTS = "it is only there while the tests run that define it"


def build_graph(
    resolver: Resolver,
    modules: Iterable[Module],
    settings: ProjectSettings | None = None,
    versions: Callable[[str], VersionRange | None] = lambda name: None,
) -> ModelGraph:
    """The models of a project and of the packages it has installed.

    Args:
        resolver: Finds the project's modules, the environment's packages and Django.
        modules: All modules of the project.
        settings: What is known of its settings; None for a project that leaves all of them to Django.
        versions: Which versions of a distribution it may run on, by name; None for what it does not mention.
    """
    return _Builder(resolver, settings or DEFAULTS, versions).build(list(modules))


class _Builder:
    def __init__(
        self, resolver: Resolver, settings: ProjectSettings, versions: Callable[[str], VersionRange | None]
    ) -> None:
        self._resolver = resolver
        self._settings = settings
        self._x = Interpreter(resolver, Origin(self._ask_setting, None, self._get_model, self._is_installed))
        resolver.stand_in(Sketches(versions).find, ALWAYS)
        resolver.evaluate_bases(self._evaluate_base)
        self._doubts = SettingDoubts(settings.doubt)
        self._apps = AppTable(resolver, self._x, settings, self._doubts)
        self._fields = FieldReader(self._x, self._doubts)
        self._classes = ModelClasses(
            self._x, self._apps, self._fields, self._setting, self._doubts, self._report
        )
        self._graph = ModelGraph()
        self._labels = Labels(self._graph, self._apps, self._classes.drafts)
        self._linker = Linker(self._fields, self._labels)
        self._by_label: dict[str, Draft] = {}
        self._made: list[Draft] = []
        self._configs: dict[str, Instance] = {}
        self._read: dict[FieldDraft, Field] = {}
        self._options = OptionsReader(self._x, self._classes, self._setting, self._doubts)
        self._through = ThroughModels(self._x, self._classes, self._fields, self._options)
        self._managers = ManagerReader(self._x, self._classes)
        origin = self._x.origin
        origin.on_class, origin.app_configs = self._on_class, self._app_configs

    # --- what evaluated code asks ---

    def _ask_setting(self, name: str) -> Any:
        """A setting's likeliest value, Django's default included; `UNKNOWN` when nothing tells.

        Reading one whose value is not certain is noted.

        Raises:
            Raised: there is no such setting.
        """
        if self._doubts.of(name) is not None:
            self._x.reads.append(name)
        value = self._settings.setting(name)
        if value is not NOT_SET and value is not UNSEEN:
            return value
        defaults = self._resolver.module("django.conf.global_settings")
        if defaults is None:
            return UNKNOWN
        if name in defaults.symbols.names:
            return self._x.global_value(defaults, name)
        if value is UNSEEN and not self._x.trying:
            return UNKNOWN  # code that cannot do without it is not run in vain
        raise Raised("AttributeError")

    def _setting(self, name: str) -> Any:
        """The same, `UNKNOWN` for a setting that does not exist."""
        return self._x.bounded(lambda: self._ask_setting(name))

    def _get_model(self, label: str) -> Any:
        """The class of a model, looked for in its application's models when it has not been met yet."""
        draft = self._by_label.get(label.lower())
        if draft is not None:
            return draft.cls
        app_label, _, name = label.partition(".")
        app = self._apps.by_label.get(app_label)
        package = app.name if app is not None else f"django.contrib.{app_label}"
        if app is None and self._apps.closed:
            return ModelRef(label)
        module = self._resolver.module(f"{package}.models")
        symbol = self._resolver.name(module, name) if module is not None else None
        return symbol if isinstance(symbol, ClassInfo) else ModelRef(label)

    def _evaluate_base(self, cls: ClassInfo, node: ir.Expr) -> ClassInfo | External | None:
        """A base class that is no plain name."""
        frame = self._x.enclosing.get(cls) or self._x.module_frame(cls.code)
        value = self._x.evaluate(node, frame)
        if value is BUILTINS["object"]:
            return External("builtins.object")
        return value if isinstance(value, (ClassInfo, External)) else None

    def _app_configs(self) -> dict[str, Any]:
        """``apps.app_configs``, by label."""
        if not self._configs:
            module = self._resolver.module(_APP_CONFIG.rpartition(".")[0])
            symbol = self._resolver.name(module, "AppConfig") if module is not None else None
            plain = symbol if isinstance(symbol, ClassInfo) else External(_APP_CONFIG)
            for app in self._apps:
                find = Native("get_model", partial(_find_model, app.label))
                attrs = {"name": app.name, "label": app.label, "get_model": find}
                self._configs[app.label] = Instance(app.config or plain, attrs)
        return self._configs

    def _on_class(self, cls: ClassInfo) -> None:
        """A class that evaluated code has made."""
        in_doubt = self._x.in_doubt
        draft = self._classes.draft(cls)
        if draft is None or draft.abstract:
            return
        if in_doubt:
            self._report(draft.label, "it is only made under a condition that could not be evaluated", cls)
        else:
            self._made.append(draft)

    def _is_installed(self, name: str) -> bool | None:
        return self._apps.is_installed(name)

    def _report(self, subject: str, reason: str, cls: ClassInfo) -> None:
        line = cls.code.range(cls.node).start.line + 1 if cls.code.chunk.spans else None
        self._graph.unknown.append(Unknown(subject, reason, cls.module.path, line))

    # --- building ---

    def build(self, modules: list[Module]) -> ModelGraph:
        graph = self._graph
        own = {part for module in modules for part in accumulate(module.name.split("."), "{}.{}".format)}
        if self._apps.closed and not any(app.name in own for app in self._apps):
            self._apps.reopen(_NONE_OWN)  # a plugin beside the settings of the program it is for
        if not self._apps.closed:
            self._apps.guess(modules)
        user = self._setting("AUTH_USER_MODEL")
        graph.auth_user = user if isinstance(user, str) else ""
        loaded = Loaded(modules, self._apps, self._x)
        running = Running(self._x, self._apps, self._classes, loaded)
        running.definitions()
        drafts = self._collect(
            {m.name: m for m in [*modules, *loaded.packages] if loaded.is_loaded(m)}.values()
        )
        for draft in drafts:
            if loaded.only_in_tests(draft.cls.module):
                draft.doubts.setdefault("installed", _ONLY_IN_TESTS)
        self._by_label.update({draft.label.lower(): draft for draft in reversed(drafts)})
        running.ready()
        self._add_made(drafts)
        for draft in drafts:
            self._by_label.setdefault(draft.label.lower(), draft)
            graph.models.setdefault(draft.label, Model(draft.label, draft.app_label, draft.cls))
        self._labels.index()
        self._add_targets(drafts)
        self._labels.index()
        for draft in drafts:
            self._fill(graph.models[draft.label], draft)
        for draft in drafts:
            self._add_through(graph.models[draft.label], draft)
        link_reverse(graph, drafts, self._by_label)
        self._add_abstract()
        graph.unknown = self._unknown(modules, drafts)
        return graph

    def _unknown(self, modules: list[Module], drafts: list[Draft]) -> list[Unknown]:
        """What could not be known of the project."""
        abstract = [draft for draft in self._classes.drafts.values() if draft is not None and draft.abstract]
        rows = Doubts(self._classes, self._doubts).rows(
            self._graph, [*drafts, *abstract], self._read, self._x.left_out
        )
        found = [
            *of_apps(self._apps, self._settings),
            *self._doubts.rows(),
            *of_calls(self._x.lost),
            *of_classes(modules, self._classes),
            *self._graph.unknown,
            *rows,
        ]
        return list({(row.subject, row.reason, row.path, row.line): row for row in found}.values())

    def _add_abstract(self) -> None:
        """Abstract classes, with the fields and managers that their bodies and bases declare."""
        for cls, draft in list(self._classes.drafts.items()):
            if draft is not None and draft.abstract:
                self._graph.abstract[cls] = cls.dotted
                model = self._graph.abstract_models[cls] = Model(
                    draft.label, draft.app_label, cls, installed=False
                )
                self._fill(model, draft)

    def _add_through(self, model: Model, draft: Draft) -> None:
        """The through models that Django makes for the fields of one model."""
        for source in draft.local.values():
            field = model.fields.get(source.name)
            if source.kind != "m2m" or field is None:
                continue
            target = self._by_label.get(str(field.target).lower())
            made = self._through.draft(model, draft, source, field, target)
            if made is not None:
                through = Model(made.label, made.app_label, made.cls)
                self._fill(through, made)
                through.made_by = f"{model.label}.{field.name}"
                self._graph.through_models.setdefault(through.label, through)

    def _collect(self, modules: Iterable[Module]) -> list[Draft]:
        """Drafts of the concrete and proxy models that the modules define."""
        drafts: list[Draft] = []
        labels: set[str] = set()
        for module in modules:
            for cls in module.classes():
                draft = self._classes.draft(cls)
                if draft is None or draft.abstract or draft.label in labels:
                    continue
                if not self._may_define(cls, draft):
                    continue
                labels.add(draft.label)
                drafts.append(draft)
        self._add_made(drafts)
        return drafts

    def _add_made(self, drafts: list[Draft]) -> None:
        """Add the models that evaluated code has made."""
        labels = {draft.label for draft in drafts}
        for draft in self._made:
            if draft.label not in labels:
                labels.add(draft.label)
                drafts.append(draft)
        self._made.clear()

    def _may_define(self, cls: ClassInfo, draft: Draft) -> bool:
        """Whether a module registers the model, as far as is known; what is not is noted."""
        mark = len(self._x.reads)
        defined = self._x.may_define(cls)
        settings = self._x.read_since(mark)
        condition = self._x.conditional.get((cls.module.path, cls.name))
        if defined and condition is not None and cls.owner is None:
            draft.doubts[""] = self._doubts.condition(condition)
        elif not defined and settings and cls.module.origin == "project":
            self._report(draft.label, f"it is not there, but {self._doubts.reason(settings)}", cls)
        return defined

    def _add_targets(self, drafts: list[Draft]) -> None:
        """Models of packages that only relations lead to, such as Django's own without any settings."""
        pending = list(drafts)
        while pending:
            draft = pending.pop()
            parents = list(draft.parents)
            targets = [
                self._target_draft(draft, field) for field in draft.local.values() if field.kind != "column"
            ]
            for target in [*parents, *targets]:
                if target is None or target.abstract or target.label in self._graph.models:
                    continue
                self._graph.models[target.label] = Model(target.label, target.app_label, target.cls)
                self._by_label.setdefault(target.label.lower(), target)
                drafts.append(target)
                pending.append(target)

    def _target_draft(self, draft: Draft, field: FieldDraft) -> Draft | None:
        target = self._fields.remote(field.instance, "model")
        if isinstance(target, ClassInfo):
            return self._classes.draft(target)
        if isinstance(target, ModelRef):
            target = target.label
        if isinstance(target, str) and "." in target and target.lower() not in self._by_label:
            return self._contrib(target)
        return None

    def _contrib(self, label: str) -> Draft | None:
        """A model of ``django.contrib`` by its label."""
        app, _, name = label.partition(".")
        if app in self._apps.by_label and self._apps.closed:
            return None
        module = self._resolver.module(f"django.contrib.{app}.models")
        symbol = self._resolver.name(module, name) if module is not None else None
        return self._classes.draft(symbol) if isinstance(symbol, ClassInfo) else None

    # --- filling a model ---

    def _fill(self, model: Model, draft: Draft) -> None:
        if not draft.abstract:
            self._graph.by_class[draft.cls] = model
        model.proxy = draft.proxy
        model.proxy_for = draft.proxy_for.label if draft.proxy_for is not None else None
        model.complete = draft.complete
        model.installed = draft.installed and draft.swapped is None and not draft.abstract
        model.auto_created = truth(draft.options.get("auto_created", False)) is not False
        model.bases = [base.dotted for base in self._resolver.bases(draft.cls)]
        model.parents = {
            parent.label: link.name for parent, link in draft.parents.items() if link is not None
        }
        for field_draft, owner in self._all_fields(draft):
            field = copy(self._field(field_draft, owner))
            field.local = owner is draft
            model.fields[field.name] = field
        model.pk = draft.pk.name if draft.pk is not None else "id"
        self._options.fill(model, draft)
        self._managers.fill(model, draft)
        model.doubts = dict(draft.doubts)
        if draft.unreadable:
            model.doubts["fields"] = f"its base class {draft.unreadable[0]} cannot be read"
        if not model.ordering_certain:
            model.doubts.setdefault("ordering", "Meta.ordering holds expressions that could not be evaluated")

    def _all_fields(self, draft: Draft) -> list[tuple[FieldDraft, Draft]]:
        """All fields with the model whose table holds them: the parents' first, as in ``_meta.get_fields()``."""
        rows = self._classes.table_fields(draft)
        return [*rows, *[(field, draft) for field in draft.private.values()]]

    def _field(self, draft: FieldDraft, owner: Draft) -> Field:
        """A field as the model has it whose table holds it."""
        field = self._read.get(draft)
        if field is None:
            field = self._read[draft] = self._fields.read(draft)
            if field.kind not in ("column", "gfk"):
                self._linker.link(field, draft, owner)
        return field


def _find_model(label: str, x: Interpreter, args: list[Any], kwargs: dict[Any, Any]) -> Any:
    """``AppConfig.get_model(name)`` of the application called `label`."""
    name = args[0] if args else kwargs.get("model_name")
    return x.origin.get_model(f"{label}.{name}") if isinstance(name, str) else UNKNOWN


_APP_CONFIG = "django.apps.config.AppConfig"
