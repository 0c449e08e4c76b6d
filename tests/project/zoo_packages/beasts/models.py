# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
from django.db import models
from django.db.models.base import ModelBase

from beasts.fields import OwnerKey, TokenField


class BeastQuerySet(models.QuerySet):
    def tame(self):
        return self.filter(tame=True)


class BeastMeta(ModelBase):
    """Gives each concrete class the columns that its ``Beast`` lists."""

    def __new__(cls, name, bases, attrs, **kwargs):
        if [base for base in bases if isinstance(base, BeastMeta) and not hasattr(base, "born")]:
            attrs["born"] = models.DateField(null=True)
        made = super().__new__(cls, name, bases, attrs, **kwargs)
        options = getattr(made, "Beast", None)
        if options is not None and not made._meta.abstract:
            for column in options.columns:
                made.add_to_class(column, models.PositiveSmallIntegerField(default=0))
        return made


class Beast(models.Model, metaclass=BeastMeta):
    token = TokenField()
    owner = OwnerKey()

    objects = BeastQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("token",)


class Wolf(Beast):
    class Beast:
        columns = ("teeth", "paws")


def register(model, manager="beasts"):
    """Makes any model a beast."""
    TokenField(max_length=5).contribute_to_class(model, "beast_token")
    model.add_to_class(manager, models.Manager.from_queryset(BeastQuerySet)())
    return model
