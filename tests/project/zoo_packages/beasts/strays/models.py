# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
"""Imported by nobody but the zoo, and so a part of the application around it."""

from django.db import models

from beasts.models import Wolf


class Stray(models.Model):
    seen_with = models.ForeignKey(Wolf, models.CASCADE, related_name="strays")
