# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
import django
from django.apps import apps
from django.conf import settings
from django.db import models

__all__ = ["Always", "Either"]

if settings.ZOO_HAS_NIGHT:
    __all__ += ["Night"]

    class Night(models.Model):
        moon = models.BooleanField()

else:
    __all__ += ["Day"]

    class Day(models.Model):
        sun = models.BooleanField()


if django.VERSION >= (2, 0):

    class Either(models.Model):
        new = models.TextField()

else:

    class Either(models.Model):
        old = models.TextField()


try:
    from nowhere import BaseModel
except ImportError:
    BaseModel = models.Model


class Always(BaseModel):
    if settings.ZOO_HAS_NIGHT:
        dark = models.BooleanField()
    if apps.is_installed("django.contrib.admin"):
        admin = models.BooleanField()
    for name in ("left", "right"):
        locals()[name] = models.TextField()
    del name
