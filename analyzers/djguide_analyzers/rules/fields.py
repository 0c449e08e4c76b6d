"""Model fields as they are declared, abstract models included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.sketches import is_sketch
from djguide_analyzers.project.modules import ClassInfo, Code, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.context import FileContext

MODEL = "django.db.models.base.Model"
FIELD = "django.db.models.fields.Field"


@dataclass(frozen=True, slots=True)
class Declared:
    """``name = SomeField(...)`` in the body of a model class.

    `bases` are the dotted names of the field class and its bases, nearest first.
    """

    cls: ClassInfo
    name: str
    call: ir.Call
    code: Code
    bases: tuple[str, ...]

    def is_a(self, *dotted: str) -> bool:
        return any(base in dotted for base in self.bases)


def declared_fields(file: FileContext) -> Iterator[Declared]:
    """The fields declared in the model classes of `file`."""
    resolver = file.project.resolver
    for cls in file.classes():
        if not resolver.is_subclass(cls, MODEL):
            continue
        for name, bindings in cls.members.names.items():
            for binding in bindings:
                if isinstance(binding, Value) and isinstance(binding.expr, ir.Call):
                    field_cls = resolver.expr(binding.code, binding.expr.func, cls)
                    if isinstance(field_cls, ClassInfo) and resolver.is_subclass(field_cls, FIELD):
                        bases = tuple(base.dotted for base in resolver.mro(field_cls))
                        yield Declared(cls, name, binding.expr, binding.code, bases)


def is_literal_true(node: ir.Expr | None) -> bool:
    return isinstance(node, ir.Const) and node.value is True


def keyword_node(call: ir.Call, name: str) -> ir.Keyword | None:
    """The keyword argument called `name`."""
    return next((keyword for keyword in call.keywords if keyword.name == name), None)


def is_literal(node: ir.Expr | None, value: object) -> bool:
    """Whether `node` is the literal `value`, of the same type."""
    return isinstance(node, ir.Const) and node.value == value and type(node.value) is type(value)


def has_stars(call: ir.Call) -> bool:
    """Whether there may be arguments that are not written out."""
    return any(keyword.name is None for keyword in call.keywords) or any(
        isinstance(arg, ir.Star) for arg in call.args
    )


def is_text(field: Declared) -> bool:
    """Whether the column holds text, in a class of Django's own or one derived from it."""
    return field.is_a(f"{_FIELDS}.CharField", f"{_FIELDS}.TextField")


_FIELDS = "django.db.models.fields"


def redefines(project: Project, dotted: str, *methods: str) -> bool:
    """Whether the field class called `dotted` has one of `methods` from a class that is not Django's own.

    True as well where a class of its hierarchy cannot be read, or is known from a sketch only, without methods.
    """
    if dotted.startswith("django."):
        return False
    cls = project.resolver.dotted(dotted)
    if not isinstance(cls, ClassInfo):
        return True
    for base in project.resolver.mro(cls):
        if not isinstance(base, ClassInfo) or is_sketch(base.module):
            return True
        if base.dotted.startswith("django."):
            return False
        if any(base.member(name) is not None for name in methods):
            return True
    return False
