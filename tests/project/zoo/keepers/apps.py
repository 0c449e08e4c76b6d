# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
from django.apps import AppConfig


class BaseConfig(AppConfig):
    default = False
    default_auto_field = "django.db.models.SmallAutoField"


class KeepersConfig(BaseConfig):
    name = "keepers"
    label = "staff"
