# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
"""Imported when all models are loaded."""

from django.db import models

from zoo.models import Band, Team

Team.add_to_class("motto", models.TextField(db_column="the_motto"))
if not any(field.name == "anthem" for field in Team._meta.get_fields()):
    Team.add_to_class("anthem", models.OneToOneField(Band, models.SET_NULL, null=True))
