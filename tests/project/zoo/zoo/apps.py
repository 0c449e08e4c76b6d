# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
from django.apps import AppConfig, apps
from django.conf import settings
from django.db import models
from django.db.models.signals import class_prepared
from django.dispatch import receiver


class ZooConfig(AppConfig):
    name = "zoo"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from zoo import late  # noqa: F401
        from zoo.models import Keeper, Team

        Keeper.add_to_class("since", models.DateField(null=True))
        models.ManyToManyField("zoo.Band", related_name="guards").contribute_to_class(Keeper, "guarded")
        if settings.ZOO_HAS_NIGHT:
            Keeper.add_to_class("awake", models.BooleanField(default=False))
        else:
            Keeper.add_to_class("asleep", models.BooleanField(default=False))
        for name in ("north", "south"):
            Team.add_to_class(f"{name}_gate", models.CharField(max_length=len(name), unique=True))
        self.add_to(apps.get_model("cages", "Cage"))

    def add_to(self, model):
        if not hasattr(model, "colour"):
            field = models.ForeignKey("zoo.Habitat", models.CASCADE, null=True, related_name="cage_colours")
            model.add_to_class("colour", field)


@receiver(class_prepared)
def add_stamp(sender, **kwargs):
    if sender.__name__ == "Festival":
        sender.add_to_class("stamp", models.SlugField(max_length=9))


def add_number(sender, **kwargs):
    if sender._meta.app_label == "cages":
        models.PositiveIntegerField(null=True).contribute_to_class(sender, "number")


class_prepared.connect(add_number)


class OtherConfig(AppConfig):
    name = "zoo"
    default = False
