"""Rows for tests: values that the columns of a model take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.assist.scaffolds.drafts import bracketed, marked
from djguide_analyzers.assist.scaffolds.subject import Subject, snake
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.rules.choices import static_choices
from djguide_analyzers.rules.fields import is_literal_true

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
_TEXTS = frozenset({"CharField", "TextField", "SlugField", "EmailField", "URLField"})


class _NoValue(Exception):
    """A column takes no value that is known here."""


@dataclass(frozen=True)
class Rows:
    """Statements that store the rows that `model` needs, and the arguments for a row of its own."""

    statements: list[str]
    arguments: list[tuple[str, str]]


def rows(subject: Subject, number: str, indent: str, given: dict[str, str] | None = None) -> Rows | None:
    """What a row of the subject's model needs; None where a column takes no value that is known.

    Args:
        number: The expression that tells rows apart, such as ``number`` or ``1``.
        indent: What stands in front of the statements.
        given: Expressions of columns that are there already.
    """
    maker = _Maker(subject, number, indent)
    try:
        return Rows(maker.statements, list(maker.arguments(subject.model, given or {}, 0)))
    except _NoValue:
        return None


def user_of(subject: Subject, name: str, indent: str) -> list[str] | None:
    """Statements that store a user with all rights as `name`; None where the user model needs more."""
    model = subject.project.graph.get(subject.project.graph.auth_user)
    if model is None:
        return None
    maker = _Maker(subject, "0", indent)
    try:
        maker.user(name, model, 0, ("is_staff", "is_superuser"))
    except _NoValue:
        return None
    return maker.statements


def required(model: Model) -> Iterator[Field]:
    """The columns and foreign keys that have to be given when a row is made."""
    for field in model.fields.values():
        if field.kind not in ("column", "fk", "o2o") or field.primary_key or field.null or field.parent_link:
            continue
        call = field.call
        options = {"default", "db_default", "auto_now", "auto_now_add"}
        if call is None or any(keyword.name in options for keyword in call.keywords):
            continue
        if is_literal_true(call.keyword("blank")) or field.django_base in ("BooleanField", "GeneratedField"):
            continue
        yield field


class _Maker:
    def __init__(self, subject: Subject, number: str, indent: str) -> None:
        self._indent = indent
        self._subject = subject
        self._number = number
        self._names = {number, "user", subject.snake}
        self.statements: list[str] = []

    def arguments(self, model: Model, given: dict[str, str], depth: int) -> Iterator[tuple[str, str]]:
        for field in required(model):
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
        name = field.name
        while name in self._names:
            name += "_"
        self._names.add(name)
        if model.label == graph.auth_user:
            self.user(name, model, depth)
            return name
        if model.cls.module.origin != "project" or not model.complete:
            raise _NoValue
        listed = [f"{key}={value}" for key, value in self.arguments(model, {}, depth + 1)]
        made = marked(self._subject.place(model))
        self.statements.append(bracketed(f"{name} = {made}.{manager(model)}.create", listed, self._indent))
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
