"""Models that functions, decorators and metaclasses make."""

from django.db import models
from django.db.models.base import ModelBase

__all__ = ["Logged", "Numbered", "make_log"]


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
