# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
"""Many-to-many fields, for the through models that Django makes."""

from django.conf import settings
from django.db import models

__all__ = ["Band", "BandProxy", "Choir", "Festival"]


class Musical(models.Model):
    fans = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="%(class)ss")

    class Meta:
        abstract = True


class Band(Musical):
    id = models.CharField(max_length=5, primary_key=True)
    rivals = models.ManyToManyField("self", db_table="band_rivals")
    covers = models.ManyToManyField("zoo.band", symmetrical=False, related_name="covered_by")

    class Meta:
        db_table = '"the bands"'


class BandProxy(Band):
    class Meta:
        proxy = True


class Choir(Band):
    singers = models.ManyToManyField("Keeper", db_constraint=False, related_name="+")


class Festival(Musical):
    bands = models.ManyToManyField(BandProxy)
    cages = models.ManyToManyField("cages.Cage")

    class Meta:
        managed = False
