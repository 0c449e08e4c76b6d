# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
"""Fields of the project's own."""

import re

from django.db import models


class CodeField(models.CharField):
    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_length", 12)
        kwargs["unique"] = True
        super().__init__(*args, **kwargs)


class NullableCharField(models.CharField):
    def __init__(self, *args, strict=False, **kwargs):
        if not strict:
            kwargs.update({"null": True, "blank": True})
        super().__init__(*args, **kwargs)


class DefaultedField(CodeField):
    length = 7

    def __init__(self, *args, **kwargs):
        super().__init__(*args, max_length=self.length, **kwargs)


class OwnerField(models.ForeignKey):
    def __init__(self, to="zoo.Keeper", on_delete=models.PROTECT, **kwargs):
        kwargs.setdefault("related_name", "owned_%(class)ss")
        super().__init__(to, on_delete, **kwargs)


class IndexedField(models.TextField):
    def __init__(self, *args, **kwargs):
        if "db_index" not in kwargs:
            kwargs["db_index"] = not kwargs.get("primary_key", False)
        super().__init__(*args, **kwargs)


class AlwaysUniqueField(models.IntegerField):
    @property
    def unique(self):
        return True


class MeasuredField(models.FloatField):
    """Adds a column of its own beside itself."""

    def __init__(self, *args, with_unit=True, **kwargs):
        self.with_unit = with_unit
        super().__init__(*args, **kwargs)

    def contribute_to_class(self, cls, name, **kwargs):
        super().contribute_to_class(cls, name, **kwargs)
        if self.with_unit and not cls._meta.abstract:
            cls.add_to_class(f"{name}_unit", models.CharField(max_length=8, default="kg"))


class NamedKey(models.ForeignKey):
    """Its accessor is made of the model's verbose name."""

    def contribute_to_class(self, cls, *args, **kwargs):
        super().contribute_to_class(cls, *args, **kwargs)
        if not cls._meta.abstract:
            self.remote_field.related_name = "_".join(re.findall(r"\w+", str(cls._meta.verbose_name_plural)))


def short_text(length=25, **kwargs):
    return models.CharField(max_length=length, **kwargs)


class SharedUnitField(models.CharField):
    """Added once per model, however many fields want it."""

    def contribute_to_class(self, cls, name, **kwargs):
        if name not in [field.name for field in cls._meta.fields]:
            super().contribute_to_class(cls, name, **kwargs)


class QuantityField(models.FloatField):
    def __init__(self, *args, unit="unit", schema=None, **kwargs):
        self.unit = unit
        self.schema = schema
        super().__init__(*args, **kwargs)

    def contribute_to_class(self, cls, name, **kwargs):
        cls.add_to_class(self.unit, SharedUnitField(max_length=9, null=self.null))
        super().contribute_to_class(cls, name, **kwargs)
