"""Form classes: what they are and which fields they have."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Module, Value
from djguide_analyzers.project.resolve import Symbol
from djguide_analyzers.rules.context import FileContext

FORM = "django.forms.forms.BaseForm"
MODEL_FORM = "django.forms.models.BaseModelForm"
FORM_FIELD = "django.forms.fields.Field"


def form_class(file: FileContext, symbol: Symbol | str | None) -> ClassInfo | None:
    """`symbol` as a form class whose hierarchy is known; None for anything else."""
    if not isinstance(symbol, ClassInfo) or not file.project.resolver.is_subclass(symbol, FORM):
        return None
    return symbol if file.project.resolver.fully_known(symbol) else None


def declared_fields(file: FileContext, cls: ClassInfo) -> dict[str, ClassInfo]:
    """Fields that the class bodies of a form's hierarchy declare, with the class of each."""
    resolver = file.project.resolver
    found: dict[str, ClassInfo] = {}
    hidden: set[str] = set()
    for base in resolver.mro(cls):
        if not isinstance(base, ClassInfo):
            continue
        for name, bindings in base.members.names.items():
            binding = bindings[-1]
            if name in found or name in hidden or not isinstance(binding, Value):
                continue
            if isinstance(binding.expr, ir.Call):
                made = resolver.expr(binding.code, binding.expr.func, base)
                if isinstance(made, ClassInfo) and resolver.is_subclass(made, FORM_FIELD):
                    found[name] = made
                    continue
            hidden.add(name)
    return found


def meta(file: FileContext, cls: ClassInfo) -> ClassInfo | None:
    """The ``Meta`` in effect."""
    found = file.project.resolver.class_attribute(cls, "Meta")
    return found[1] if found is not None and isinstance(found[1], ClassInfo) else None


def meta_value(file: FileContext, options: ClassInfo, name: str) -> Value | None:
    """An option of ``Meta``, inherited ones included."""
    found = file.project.resolver.class_attribute(options, name)
    return found[1] if found is not None and isinstance(found[1], Value) else None


def form_model(file: FileContext, cls: ClassInfo) -> Model | None:
    """The model of a model form."""
    options = meta(file, cls) if file.project.resolver.is_subclass(cls, MODEL_FORM) else None
    value = meta_value(file, options, "model") if options is not None else None
    if value is None or value.expr is None or options is None:
        return None
    symbol = file.project.resolver.expr(value.code, value.expr, options)
    return file.project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None


def names_in(value: Value | None) -> list[str] | None:
    """The texts of a list or tuple that is written out; None for anything else."""
    if value is None or not isinstance(value.expr, ir.Display):
        return None
    texts = [
        item.value for item in value.expr.items if isinstance(item, ir.Const) and isinstance(item.value, str)
    ]
    return texts if len(texts) == len(value.expr.items) else None


def model_field_names(file: FileContext, cls: ClassInfo) -> frozenset[str] | None:
    """Names of the model's fields that a model form has; None where that is not known."""
    model = form_model(file, cls)
    options = meta(file, cls)
    if model is None or options is None:
        return None
    editable = frozenset(
        name for name, field in model.fields.items()
        if field.call is not None and not _is_off(field.call.keyword("editable")) and not field.primary_key
    )  # fmt: skip
    fields, exclude = meta_value(file, options, "fields"), meta_value(file, options, "exclude")
    excluded = names_in(exclude) if exclude is not None else []
    if excluded is None:
        return None
    if fields is None:
        return editable - frozenset(excluded) if exclude is not None else None
    if isinstance(fields.expr, ir.Const) and fields.expr.value == "__all__":
        return editable - frozenset(excluded)
    listed = names_in(fields)
    return frozenset(listed) - frozenset(excluded) if listed is not None else None


def _is_off(node: ir.Expr | None) -> bool:
    return isinstance(node, ir.Const) and node.value is False


def field_names(file: FileContext, cls: ClassInfo) -> frozenset[str]:
    """All fields that a form is known to have."""
    return frozenset(declared_fields(file, cls)) | (model_field_names(file, cls) or frozenset())


# --- where forms are made --------------------------------------------------------------------------------


def is_never_rendered(file: FileContext, cls: ClassInfo) -> bool:
    """Whether the project makes a form with submitted data only: nobody shows it empty, to be filled in."""
    made = [bound for module in file.project.modules.values() for bound in _uses(module, cls)]
    return bool(made) and all(made)


def _uses(module: Module, cls: ClassInfo) -> Iterator[bool]:
    """For each mention of `cls` in `module`, whether it is a call that hands over submitted data."""
    own = cls.module.name.rpartition(".")[2]
    if module is not cls.module and module.symbols.names.keys().isdisjoint({cls.name, own}):
        return
    blocks = [chunk.outline for chunk in module.facts.chunks]
    for block in [*blocks, *(info.statements for info in module.functions())]:
        bound = {id(node.func) for node in walk(block) if isinstance(node, ir.Call) and _is_submitted(node)}
        for node in walk(block):
            name = node.id if isinstance(node, ir.Name) else node.name if isinstance(node, ir.Attr) else None
            if name == cls.name:
                yield id(node) in bound


def _is_submitted(call: ir.Call) -> bool:
    """Whether a form is made with ``request.POST`` as it is: ``request.POST or None`` makes empty ones as well."""
    data = call.args[0] if call.args else call.keyword("data")
    return isinstance(data, ir.Attr) and data.name in ("POST", "GET")
