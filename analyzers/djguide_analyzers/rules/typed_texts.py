"""Text columns that visitors fill in, so that anything may stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Module
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.form_classes import MODEL_FORM, form_model, model_field_names
from djguide_analyzers.rules.markup import is_plain_text
from djguide_analyzers.rules.names import of_function
from djguide_analyzers.rules.request_data import RequestData

_STAFF = re.compile(
    r"admin|staff|dashboard|back_?office|backend|control|manage|orga|editor|console|moderat|internal|superuser|cms",
    re.IGNORECASE,
)
"""Names of code in which people work who may put up pages anyway."""
_GUARD = re.compile(r"permission|user_passes|UserPassesTest|groups?_required", re.IGNORECASE)
"""Names of decorators and base classes that let some of the visitors in only."""
_SANITISERS = re.compile(
    r"bleach|nh3|saniti[sz]|html_clean|html\.clean|ckeditor|tinymce|quill|summernote|prose|markdown|richtext",
    re.IGNORECASE,
)
"""Packages that clean markup, or that make it for people to whom it is allowed."""


class Writer(NamedTuple):
    """Code through which visitors write a column."""

    code: Code
    node: ir.Node
    what: str


def typed_text(file: FileContext, label: str, name: str) -> Writer | None:
    """Through what visitors write the column `name` of a model as they like; None where that is not seen."""
    model = file.project.graph.get(label)
    field = model.fields.get(name) if model is not None else None
    if model is None or field is None or not _takes_anything(field) or _is_cleaned(file, model, field):
        return None
    for writer in file.everywhere_about(f"{label}.{name}", typed_texts):
        if not isinstance(writer.node, ir.ClassDef):
            return writer
        uses = file.everywhere_about(writer.node.name, views_of_forms)
        if not uses or not all(uses):
            return writer
    return None


def views_of_forms(file: FileContext) -> dict[str, list[bool]]:
    """Whether a decorator or base class asks for more than a login, for each function that names a form."""
    found: dict[str, list[bool]] = {}
    for info in file.module.functions():
        words = [_word(node) for node in walk(info.node.decorators)]
        if info.owner is not None:
            words += [base.dotted for base in file.project.resolver.mro(info.owner)[1:]]
            words += [_word(node) for node in walk(info.owner.node.decorators)]
        guarded = any(_STAFF.search(word) or _GUARD.search(word) for word in words)
        for name in {_word(node) for node in walk(info.statements)}:
            if name.endswith("Form"):
                found.setdefault(name, []).append(guarded)
    return found


def _word(node: ir.Node) -> str:
    return node.name if isinstance(node, ir.Attr) else node.id if isinstance(node, ir.Name) else ""


def typed_texts(file: FileContext) -> dict[str, list[Writer]]:
    """What visitors write by code of `file`, by model and column."""
    found: dict[str, list[Writer]] = {}
    if not _STAFF.search(file.path[len(file.project.root) :]) and not _sanitises(file.module):
        for name, writer in (*_by_forms(file), *_by_views(file)):
            found.setdefault(name, []).append(writer)
    return found


def _takes_anything(field: Field) -> bool:
    """Whether it is one of Django's own text columns, and nothing in its declaration limits what stands in it."""
    if not is_plain_text(field) or not field.sure() or not field.class_name.startswith("django.db.models."):
        return False
    return field.call is not None and not any(
        field.call.keyword(option) for option in ("choices", "validators", "editable")
    )


def _is_cleaned(file: FileContext, model: Model, field: Field) -> bool:
    """Whether the model may clean the text itself before it stores it."""
    for cls in _own_classes(file, model.cls):
        if _sanitises(cls.module):
            return True
        for name in ("save", "clean", "full_clean", "clean_fields"):
            method = cls.member(name)
            if isinstance(method, FunctionInfo) and _mentions(method, field.name):
                return True
    return False


def _own_classes(file: FileContext, cls: ClassInfo) -> Iterator[ClassInfo]:
    """A class and its bases, as far as they are the project's."""
    for base in file.project.resolver.mro(cls):
        if isinstance(base, ClassInfo) and base.module.origin == "project":
            yield base


def _mentions(info: FunctionInfo, name: str) -> bool:
    return any(
        (isinstance(node, ir.Attr) and node.name == name)
        or (isinstance(node, ir.Const) and node.value == name)
        for node in walk(info.statements)
    )


def _sanitises(module: Module) -> bool:
    """Whether a module imports something that cleans or makes markup."""
    for chunk in module.facts.chunks:
        for node in chunk.outline:
            match node:
                case ir.Import(names=names):
                    texts = [alias.name for alias in names]
                case ir.ImportFrom(module=source, names=names):
                    texts = [source or "", *(alias.name for alias in names)]
                case _:
                    continue
            if any(_SANITISERS.search(text) for text in texts):
                return True
    return False


def _by_forms(file: FileContext) -> Iterator[tuple[str, Writer]]:
    for cls in file.classes():
        if _STAFF.search(cls.name) or not file.project.resolver.is_subclass(cls, MODEL_FORM):
            continue
        model = form_model(file, cls)
        names = model_field_names(file, cls) if model is not None else None
        if model is None or not names or _judges(file, cls, "clean", "save", "__init__"):
            continue
        for name in names:
            if not _judges(file, cls, name, f"clean_{name}"):
                yield f"{model.label}.{name}", Writer(cls.code, cls.node, f"`{cls.name}`")


def _judges(file: FileContext, cls: ClassInfo, *members: str) -> bool:
    """Whether a form has one of `members` from the project's own code, so that it may look at the text."""
    return any(base.member(name) is not None for base in _own_classes(file, cls) for name in members)


def _by_views(file: FileContext) -> Iterator[tuple[str, Writer]]:
    """``Model.objects.create(text=request.POST["text"])``."""
    resolver, graph = file.project.resolver, file.project.graph
    for info in file.module.functions():
        if file.is_test or _STAFF.search(info.name):
            continue
        names = of_function(resolver, info)
        data = RequestData(names)
        for call, code in names.nodes():
            if not (
                isinstance(call, ir.Call) and isinstance(call.func, ir.Attr) and call.func.name == "create"
            ):
                continue
            manager = call.func.value
            symbol = names.symbol(code, manager.value) if isinstance(manager, ir.Attr) else None
            model = graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None
            for keyword in call.keywords if model is not None else ():
                sent = data.sent(code, keyword.value) if keyword.name is not None else None
                if model is not None and sent is not None and sent.kind == "value":
                    yield f"{model.label}.{keyword.name}", Writer(code, call, f"`{info.name}()`")
