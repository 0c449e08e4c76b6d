# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
from django.conf import settings
from django.db import models


class OwnerKey(models.ForeignKey):
    def __init__(self, to=settings.AUTH_USER_MODEL, on_delete=models.PROTECT, **kwargs):
        super().__init__(to, on_delete, **{"null": True, "related_name": "owned_%(class)ss", **kwargs})
