# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from zoo.constants import CODE_LENGTH, LENGTHS, NAME_LENGTH, SCHEMA, Danger, Diet, Sleep, merged
from zoo.fields import (
    AlwaysUniqueField,
    CodeField,
    DefaultedField,
    IndexedField,
    MeasuredField,
    NullableCharField,
    QuantityField,
    short_text,
)


class Columns(models.Model):
    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4)
    big = models.BigIntegerField(null=True)
    binary = models.BinaryField(max_length=30)
    boolean = models.BooleanField(db_index=True)
    char = models.CharField(max_length=NAME_LENGTH)
    code = models.CharField(max_length=CODE_LENGTH, unique=True)
    date = models.DateField(auto_now_add=True)
    datetime = models.DateTimeField(auto_now=True, db_index=True)
    decimal = models.DecimalField(max_digits=5, decimal_places=2)
    duration = models.DurationField()
    email = models.EmailField()
    file = models.FileField(upload_to="files")
    path = models.FilePathField()
    floating = models.FloatField()
    image = models.FileField(max_length=LENGTHS["long"])
    integer = models.IntegerField()
    ip = models.GenericIPAddressField()
    json = models.JSONField(default=dict)
    slug = models.SlugField()
    long_slug = models.SlugField(max_length=LENGTHS["short"], db_index=False)
    small = models.SmallIntegerField()
    positive = models.PositiveIntegerField()
    positive_big = models.PositiveBigIntegerField()
    positive_small = models.PositiveSmallIntegerField()
    text = models.TextField(max_length=500)
    time = models.TimeField()
    url = models.URLField(unique=True, null=True)
    diet = models.CharField(max_length=Diet.longest(), choices=Diet.choices)
    danger = models.IntegerField(choices=Danger.choices, default=Danger.NONE)
    column = models.CharField(max_length=5, db_column="spalte")


class ColumnsByPosition(models.Model):
    first = models.CharField(_("first"), "first_name", False, 33, True)
    second = models.IntegerField("second", None, False, None, False, True, True, True)

    # A parenthesised name, as translations are.
    third = models.CharField(verbose_name=_("third"), max_length=len("0123456789"))


class CustomColumns(models.Model):
    code = CodeField()
    long_code = CodeField(max_length=99)
    defaulted = DefaultedField()
    nullable = NullableCharField(max_length=10)
    strict = NullableCharField(max_length=10, strict=True)
    indexed = IndexedField()
    not_indexed = IndexedField(db_index=False)
    always = AlwaysUniqueField()
    weight = MeasuredField()
    height = MeasuredField(with_unit=False)
    short = short_text()
    shorter = short_text(5, null=True)
    removed = models.TextField()
    removed = None  # noqa: PIE794


class Ration(models.Model):
    asleep = models.CharField(max_length=Sleep.longest, choices=Sleep.choices)
    hay = QuantityField()
    oats = QuantityField(null=True, schema=merged(SCHEMA, {"properties": {}}))
    water = QuantityField(unit="litres", null=True)
