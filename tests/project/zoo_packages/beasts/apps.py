# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
from django.apps import AppConfig


class BeastsConfig(AppConfig):
    name = "beasts"
    label = "wild"
    default_auto_field = "django.db.models.BigAutoField"
