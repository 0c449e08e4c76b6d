# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
from django.apps import AppConfig


class ZooConfig(AppConfig):
    name = "zoo"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        pass


class OtherConfig(AppConfig):
    name = "zoo"
    default = False
