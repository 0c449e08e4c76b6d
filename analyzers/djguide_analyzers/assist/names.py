"""Texts that name something of the project: models, templates, URLs and settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from djguide_analyzers.assist.paths import Names
from djguide_analyzers.assist.scanning import Bracket
from djguide_analyzers.assist.scene import Scene
from djguide_analyzers.assist.subjects import Domain, Item, Meaning, ModelSubject, TextSubject
from djguide_analyzers.project.graph import ModelGraph
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.source.positions import Position, Range

_RELATIONS = frozenset({"ForeignKey", "OneToOneField", "ManyToManyField", "GenericRelation", "ParentalKey",
                        "ParentalManyToManyField"})  # fmt: skip
_REVERSE = frozenset({"reverse", "reverse_lazy", "redirect", "resolve_url"})
_REVERSE_MODULES = ("django.urls", "django.shortcuts", "rest_framework.reverse")
_TEMPLATES = {"render": 1, "render_to_string": 0, "get_template": 0, "select_template": 0, "TemplateResponse": 1,
              "SimpleTemplateResponse": 0}  # fmt: skip
"""Functions that load templates: which positional argument names one."""
_TEMPLATE_MODULES = ("django.shortcuts", "django.template")
_TEMPLATE_KEYWORDS = frozenset({"template_name", "template", "template_name_list"})
_TEMPLATE_ATTRIBUTES = frozenset(
    {"template_name", "change_form_template", "change_list_template", "delete_confirmation_template",
     "object_history_template", "add_form_template"}
)  # fmt: skip
_SETTINGS = ("django.conf.settings", "django.conf")


@dataclass(frozen=True)
class Models:
    """Labels ``app.Model``; a name without a dot means a model of `app_label`."""

    graph: ModelGraph
    app_label: str | None = None

    def complete(self, typed: str) -> tuple[int, list[Item]]:
        items = [
            Item(m.label, ModelSubject(m), m.cls.dotted)
            for m in self.graph
            if m.sure() and not m.auto_created
        ]
        own = [item for item in items if self.app_label and item.name.startswith(f"{self.app_label}.")]
        short = [Item(item.name.partition(".")[2], item.subject, item.detail) for item in own]
        return 0, [*items, *short]

    def meaning(self, content: str, offset: int) -> Meaning | None:
        label = content if "." in content else f"{self.app_label}.{content}"
        app, _, name = label.partition(".")
        found = next((m for m in self.graph if m.app_label == app and m.name.lower() == name.lower()), None)
        return Meaning(ModelSubject(found), 0, len(content)) if found is not None else None


@dataclass(frozen=True)
class Files:
    """Template names; looked up on the disk when they are asked for."""

    listed: Callable[[], tuple[Item, ...]]
    find: Callable[[str], tuple[str, ...]]

    def complete(self, typed: str) -> tuple[int, list[Item]]:
        return 0, list(self.listed())

    def meaning(self, content: str, offset: int) -> Meaning | None:
        start = Position(0, 0)
        places = tuple(Place(path, Range(start, start)) for path in self.find(content))
        return Meaning(TextSubject("template", content, "", places), 0, len(content)) if places else None


@dataclass(frozen=True)
class Catalogue:
    """What texts of the project may name, apart from fields: made once for each state of the project."""

    urls: Names
    templates: Files
    settings: Names


def text_domain(scene: Scene, catalogue: Catalogue) -> Domain | None:
    """What a text names that is an argument of a call or assigned to an attribute; None when nothing is known."""
    brackets = [each for each in scene.spot.brackets if each.kind == "(" and each.name is not None]
    if not brackets:
        target = scene.spot.target
        if scene.in_class_body and target in _TEMPLATE_ATTRIBUTES:
            return catalogue.templates
        if target == "AUTH_USER_MODEL":
            return Models(scene.project.graph)
        return None
    call = brackets[-1]
    if call.name in _RELATIONS:
        return _relation(scene, call)
    if call.name in ("get_model", "get_registered_model") and not call.index and call.keyword is None:
        return Models(scene.project.graph)
    if call.name in _REVERSE and not call.index and call.keyword in (None, "viewname"):
        return catalogue.urls if _comes_from(scene, call, _REVERSE_MODULES) else None
    if call.name == "as_view" and call.keyword == "template_name":
        return catalogue.templates
    if call.name in _TEMPLATES and _comes_from(scene, call, _TEMPLATE_MODULES):
        given = call.keyword in _TEMPLATE_KEYWORDS or (
            call.keyword is None and call.index == _TEMPLATES[call.name]
        )
        return catalogue.templates if given and scene.spot.brackets[-1].kind != "{" else None
    return None


def setting_domain(scene: Scene, catalogue: Catalogue) -> Domain | None:
    """What may follow ``settings.``."""
    if scene.spot.dot is None or scene.spot.text is not None:
        return None
    symbol = scene.symbol(scene.spot.dot)
    dotted = symbol.dotted if symbol is not None else None
    return catalogue.settings if dotted in _SETTINGS else None


def _relation(scene: Scene, call: Bracket) -> Models | None:
    """``ForeignKey("app.Model", through="…")`` in a model's body."""
    if call.keyword not in (None, "to", "through") or (call.keyword is None and call.index):
        return None
    cls = scene.cls
    model = scene.project.graph.of_class(cls) if cls is not None else None
    return Models(scene.project.graph, model.app_label if model is not None else None)


def _comes_from(scene: Scene, call: Bracket, modules: tuple[str, ...]) -> bool:
    dotted = scene.dotted(call)
    return dotted is not None and dotted.startswith(modules)
