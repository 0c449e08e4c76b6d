# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
"""What installed packages bring: base classes, fields, and functions that change models."""

import django
from beasts.fields import OwnerKey, ShortField, TokenField
from beasts.models import Beast, Wolf, register
from beasts.strays.models import Stray
from django.db import models

__all__ = ["Bear", "Den", "Dragon", "Hound", "Stray"]


class Bear(Beast):
    honey = ShortField(max_length=3, null=True)
    owner = None

    class Beast:
        columns = ["claws"]


class Hound(Wolf):
    trained_by = OwnerKey("zoo.Keeper", models.CASCADE, related_name="+")


class Den(models.Model):
    wolves = models.ManyToManyField("wild.Wolf")
    code = TokenField(db_index=True)
    depth = models.IntegerField()
    width = models.IntegerField()

    class Meta:
        if django.VERSION < (5, 1):
            index_together = [("depth", "width")]


class MigratedManager(models.Manager):
    use_in_migrations = True


@register
class Dragon(models.Model):
    heads = models.IntegerField()

    migrated = MigratedManager()
