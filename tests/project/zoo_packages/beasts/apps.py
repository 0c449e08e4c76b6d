# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
from django.apps import AppConfig


class BeastsConfig(AppConfig):
    name = "beasts"
    label = "wild"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from django.db import models

        from beasts.models import Wolf

        def howl(night):
            Wolf.add_to_class(night, models.TextField())

        self.howl = howl
        if not hasattr(Wolf, "howled"):
            Wolf.add_to_class("howled", models.DateTimeField(null=True))
