# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
"""Models that functions, decorators and metaclasses make."""

from django.apps import apps
from django.db import models
from django.db.models.base import ModelBase

__all__ = [
    "Bang",
    "Drum",
    "Horn",
    "Instrument",
    "Logged",
    "Noise",
    "Numbered",
    "OldHorn",
    "Siren",
    "Sound",
    "Thunder",
    "Whistle",
    "make_log",
]


def make_log(model, **fields):
    attrs = {
        "__module__": model.__module__,
        "subject": models.ForeignKey(model, models.CASCADE, related_name="logs"),
    }
    attrs.update(fields)
    return type(f"{model.__name__}Log", (models.Model,), attrs)


def logged(**fields):
    def decorate(model):
        make_log(model, **fields)
        return model

    return decorate


@logged(text=models.CharField(max_length=77))
class Logged(models.Model):
    pass


class Numbering(ModelBase):
    def __new__(cls, name, bases, attrs, **kwargs):
        attrs["number"] = models.IntegerField(unique=True)
        return super().__new__(cls, name, bases, attrs, **kwargs)


class Numbered(models.Model, metaclass=Numbering):
    pass


Logged.add_to_class("late", models.TextField(null=True))
models.ForeignKey(Logged, models.CASCADE, null=True).contribute_to_class(Numbered, "logged")

Logged.late.null = False  # of the descriptor that stands there, not of the field
Logged.late.field.unique_for_date = None
Numbered.logged.field.null = False


class Instrument(models.Model):
    pitch = models.IntegerField()

    class Meta:
        abstract = True
        app_label = "zoo"


def make_model(base, name, **attrs):
    """A model of an application, unless it has one of that name."""
    try:
        apps.get_registered_model(base.Meta.app_label, name)
    except LookupError:
        return type(str(name), (base,), {"__module__": __name__, **attrs})


Whistle = make_model(Instrument, "Whistle", loud=models.BooleanField())
Drum = type("Drum", (Instrument,), {"__module__": __name__, "skin": models.CharField(max_length=6)})


class Proxying(ModelBase):
    """Makes a proxy of the stored model behind a class, plain bases aside."""

    def __new__(cls, name, bases, attrs):
        def stored(classes):
            if not hasattr(classes, "__iter__"):
                classes = [classes]
            for base in classes:
                try:
                    if base._meta.proxy:
                        for parent in base._meta.parents:
                            return stored(parent)
                except AttributeError:
                    continue
                else:
                    return base
            return None

        if "Meta" not in attrs:

            class Meta:
                proxy = True
                app_label = stored(bases)._meta.app_label

            attrs["Meta"] = Meta
        return ModelBase.__new__(cls, name, bases, attrs)


class Sound(models.Model):
    volume = models.IntegerField()


class Noise(Sound, metaclass=Proxying):
    pass


class Sudden:
    pass


class Bang(Sudden, Noise):
    pass


class Thunder(Bang):
    loudest = models.Manager()


class LoudManager(models.Manager):
    pass


class Managing(ModelBase):
    """Sees to it that a model has a manager for what is loud."""

    def __new__(cls, name, bases, attrs, **kwargs):
        made = super().__new__(cls, name, bases, attrs, **kwargs)
        if not isinstance(made._default_manager, LoudManager):
            LoudManager().contribute_to_class(made, "loud")
        return made


class Horn(models.Model, metaclass=Managing):
    all_of_them = models.Manager()


class Siren(models.Model, metaclass=Managing):
    objects = LoudManager()
    the_same = objects


class OldHorn(Horn):
    old = LoudManager()

    class Meta:
        proxy = True
