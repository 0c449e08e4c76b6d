# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
from django.conf import settings
from django.db import models


class ShortField(models.CharField):
    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_length", getattr(settings, "BEASTS_LENGTH", 11))
        super().__init__(*args, **kwargs)


class TokenField(ShortField):
    def __init__(self, *args, **kwargs):
        kwargs.update(unique=True, null=False, db_index=kwargs.get("db_index", False))
        super().__init__(*args, **kwargs)

    def contribute_to_class(self, cls, name, **kwargs):
        super().contribute_to_class(cls, name, **kwargs)
        if not hasattr(cls, f"{name}_made"):
            models.DateTimeField(null=True).contribute_to_class(cls, f"{name}_made")
