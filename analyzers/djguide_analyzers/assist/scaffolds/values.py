"""Rows for tests: values that the columns of a model take."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.assist.scaffolds.drafts import bracketed, marked
from djguide_analyzers.assist.scaffolds.subject import Subject, snake
from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.rules.choices import static_choices
from djguide_analyzers.rules.fields import is_literal_true, redefines

_MAX_DEPTH = 4
_USER_MODEL = "«django.contrib.auth.get_user_model»()"
_WHOLE_NUMBERS = frozenset(
    {"IntegerField", "SmallIntegerField", "BigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField",
     "PositiveBigIntegerField"}
)  # fmt: skip
_FIXED = {
    "BooleanField": "True",
    "DateField": "«datetime.date»(2024, 1, 31)",
    "DateTimeField": "«datetime.datetime»(2024, 1, 31, 12, tzinfo=«datetime.timezone».utc)",
    "TimeField": "«datetime.time»(12)",
    "DurationField": "«datetime.timedelta»(hours=1)",
    "JSONField": '{"key": 1}',
    "GenericIPAddressField": '"127.0.0.1"',
}
_AUTOMATIC = ("db_default", "auto_now", "auto_now_add")
_EMPTY_TEXTS = frozenset(
    {"CharField", "TextField", "SlugField", "EmailField", "URLField", "FileField", "ImageField",
     "FilePathField"}
)  # fmt: skip
"""Columns that hold an empty text when nothing is given."""
_OWN_CHECKS = ("default_validators", "validators", "validate", "run_validators", "clean", "to_python",
               "get_prep_value", "get_db_prep_value", "get_db_prep_save", "pre_save")  # fmt: skip
"""What a field's class defines that takes other values than Django's class it derives from."""
_TEXTS = frozenset({"CharField", "TextField", "SlugField", "EmailField", "URLField"})


class _NoValue(Exception):
    """A column takes no value that is known here."""


@dataclass(frozen=True)
class Rows:
    """Statements that store the rows that `model` needs, and the arguments for a row of its own."""

    statements: list[str]
    arguments: list[tuple[str, str]]


def rows(
    subject: Subject,
    number: str,
    indent: str,
    given: dict[str, str] | None = None,
    *,
    validated: bool = False,
) -> Rows | None:
    """What a row of the subject's model needs; None where a column takes no value that is known.

    Args:
        number: The expression that tells rows apart, such as ``number`` or ``1``.
        indent: What stands in front of the statements.
        given: Expressions of columns that are there already.
        validated: Whether the row has to pass ``full_clean()`` too.
    """
    known = {
        field.target: written for name, written in (given or {}).items()
        if (field := subject.model.fields.get(name)) is not None and field.target is not None
    }  # fmt: skip
    maker = _Maker(subject, number, indent, known)
    try:
        return Rows(
            maker.statements, list(maker.arguments(subject.model, given or {}, 0, validated=validated))
        )
    except _NoValue:
        return None


def user_of(subject: Subject, name: str, indent: str) -> list[str] | None:
    """Statements that store a user with all rights as `name`; None where the user model needs more."""
    model = subject.project.graph.get(subject.project.graph.auth_user)
    if model is None:
        return None
    maker = _Maker(subject, "0", indent, {})
    try:
        maker.user(name, model, 0, ("is_staff", "is_superuser"))
    except _NoValue:
        return None
    return maker.statements


def required(model: Model, *, validated: bool = False) -> Iterator[Field]:
    """The columns and foreign keys that have to be given when a row is made.

    Args:
        validated: Count those too that only ``full_clean()`` insists on: what is NULL or empty without being
            allowed to be left blank.
    """
    for field in model.fields.values():
        if field.kind not in ("column", "fk", "o2o") or field.primary_key or field.parent_link:
            continue
        call = field.call
        if call is None or field.django_base == "GeneratedField" or any(map(call.keyword, _AUTOMATIC)):
            continue
        blank = is_literal_true(call.keyword("blank"))
        default = call.keyword("default")
        if default is not None:
            empty = isinstance(default, ir.Const) and default.value in (None, "")
            if validated and empty and not blank:
                yield field
        elif field.null:
            if validated and not blank:
                yield field
        elif not blank or field.django_base not in _EMPTY_TEXTS:
            yield field


class _Maker:
    def __init__(self, subject: Subject, number: str, indent: str, known: dict[str, str]) -> None:
        """`known` are variables that hold a row already, by the label of its model."""
        self._indent = indent
        self._subject = subject
        self._number = number
        self._names = {number, "user", subject.snake}
        self._made = dict(known)
        self.statements: list[str] = []

    def arguments(
        self, model: Model, given: dict[str, str], depth: int, *, validated: bool = False
    ) -> Iterator[tuple[str, str]]:
        for field in required(model, validated=validated):
            if field.name in given:
                yield field.name, given[field.name]
            elif field.is_forward_one:
                yield field.name, self._related(field, depth)
            else:
                yield field.name, self._value(field)

    def _related(self, field: Field, depth: int) -> str:
        graph = self._subject.project.graph
        model = graph.get(field.target)
        if model is None or depth >= _MAX_DEPTH or not field.sure("target"):
            raise _NoValue
        if model.label in self._made:
            # One row of each model: they belong together, and no column has to be unique among them.
            return self._made[model.label]
        name = field.name
        while name in self._names or hasattr(builtins, name):
            name += "_"
        self._names.add(name)
        if model.label == graph.auth_user:
            self.user(name, model, depth)
            self._made[model.label] = name
            return name
        if model.cls.module.origin != "project" or not model.complete:
            raise _NoValue
        listed = [f"{key}={value}" for key, value in self.arguments(model, {}, depth + 1)]
        made = marked(self._subject.place(model))
        self.statements.append(bracketed(f"{name} = {made}.{manager(model)}.create", listed, self._indent))
        self._made[model.label] = name
        return name

    def user(self, name: str, model: Model, depth: int, flags: tuple[str, ...] = ()) -> None:
        """Store a user; a password is not needed to have one log in in a test."""
        listed = [
            f"{key}={value}"
            for key, value in self.arguments(model, {"password": '""'}, depth + 1)
            if key != "password"
        ]
        listed += [f"{flag}=True" for flag in flags if flag in model.fields]
        self.statements.append(bracketed(f"{name} = {_USER_MODEL}.objects.create", listed, self._indent))

    def _value(self, field: Field) -> str:
        choices = static_choices(self._subject.project, field)
        if choices is not None:
            first = next(iter(choices.values))
            return f'"{first}"' if isinstance(first, str) else str(first)
        call = field.call
        own = field.owner is not None and field.owner.module.origin == "project"
        if call is None or call.keyword("choices") or (own and call.keyword("validators")):
            raise _NoValue
        if redefines(self._subject.project, field.class_name, *_OWN_CHECKS):
            raise _NoValue
        base = field.django_base or ""
        if base in _TEXTS:
            return self._text(field, base)
        if base in _WHOLE_NUMBERS:
            return self._number
        if base == "FloatField":
            return f"float({self._number})" if not self._number.isdigit() else f"{self._number}.0"
        if base == "DecimalField":
            return f"«decimal.Decimal»({self._number})"
        if base in _FIXED and not field.unique:
            return _FIXED[base]
        raise _NoValue

    def _text(self, field: Field, base: str) -> str:
        word = field.name.replace("_", " ")
        before, after = {
            "EmailField": (field.name, "@example.com"),
            "URLField": ("https://example.com/", ""),
            "SlugField": (f"{snake(field.name).replace('_', '-')}-", ""),
        }.get(base, ("user", "") if field.name == "username" else (f"{word.capitalize()} ", ""))
        if field.max_length is not None and len(before) + len(after) + 3 > field.max_length:
            before, after = "", ""
        if self._number.isdigit():
            return f'"{before}{self._number}{after}"'
        return f'f"{before}{{{self._number}}}{after}"' if before or after else f"str({self._number})"


def manager(model: Model) -> str:
    """The name of the model's own manager for code."""
    return "objects" if "objects" in model.managers else model.default_manager
