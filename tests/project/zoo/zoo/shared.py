# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
"""Abstract models whose fields are changed where they are declared."""

from django.db import models


class Placed(models.Model):
    place = models.ForeignKey("zoo.Habitat", models.CASCADE, related_name="+")

    class Meta:
        abstract = True


class MaybePlaced(Placed):
    class Meta:
        abstract = True


_place = MaybePlaced._meta.get_field("place")
_place.null = True
