# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
from django.db import models
from django.db.models.functions import Coalesce, Lower

from zoo.fields import MeasuredField, NamedKey, OwnerField
from zoo.shared import MaybePlaced, Placed

from .animals import Animal, Habitat

__all__ = [
    "AutoLinked",
    "Bird",
    "Cat",
    "Dog",
    "DogProxy",
    "Kitten",
    "LeaveOut",
    "Nest",
    "NoMeta",
    "Parrot",
    "Pond",
    "SubTimed",
    "TidyLair",
    "Timed",
    "WinterLair",
]


class Stamped(models.Model):
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)
    stamped_at = models.ForeignKey(Habitat, models.CASCADE, related_name="%(app_label)s_%(class)s_stamps")

    class Meta:
        abstract = True
        ordering = ["-created"]
        indexes = [models.Index(fields=["created"], name="%(class)s_created")]


class Owned(models.Model):
    owner = OwnerField()
    weight = MeasuredField()

    class Meta:
        abstract = True


class Plain:
    """No model: its fields don't count."""

    ignored = models.TextField()
    changed = None


class Timed(Stamped, Owned):
    name = models.TextField()


class SubTimed(Timed):
    class Meta(Stamped.Meta):
        indexes = []


class NoMeta(Stamped):
    class Meta:
        verbose_name = "no meta"


class LeaveOut(Plain, Stamped):
    stamped_at = None


class Cat(Animal):
    lives = models.IntegerField()


class Kitten(Cat):
    cat = models.OneToOneField(Cat, on_delete=models.CASCADE, parent_link=True, related_name="as_kitten")
    mother = models.ForeignKey(Cat, null=True, on_delete=models.CASCADE, related_name="kittens")


class Dog(Owned, Animal):
    pack = models.ForeignKey("self", null=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ("name",)


class DogManager(models.Manager):
    pass


class DogProxy(Dog):
    good = DogManager()

    class Meta:
        proxy = True
        ordering = []


class Leash(models.Model):
    dog = models.ForeignKey(DogProxy, on_delete=models.CASCADE, related_name="leashes")


class Wings(models.Model):
    wings_id = models.AutoField(primary_key=True)


class Beak(models.Model):
    beak_id = models.AutoField(primary_key=True)


class Bird(Wings, Beak):
    pass


class Linked(models.Model):
    bird = models.OneToOneField(Bird, on_delete=models.CASCADE, parent_link=True, primary_key=True)

    class Meta:
        abstract = True


class Parrot(Linked, Bird):
    words = models.TextField()


class AutoLinked(Bird):
    id = models.AutoField(primary_key=True)
    bird_ptr = models.OneToOneField(Bird, on_delete=models.CASCADE, parent_link=True)


class Lair(models.Model):
    habitat = NamedKey(Habitat, models.CASCADE)

    class Meta:
        abstract = True
        ordering = [Lower("habitat__name"), Coalesce("pk", models.Value(0)).desc()]


class WinterLair(Lair):
    pass


class TidyLair(Lair):
    class Meta(Lair.Meta):
        verbose_name = "tidy home"
        ordering = [models.F("pk")]


class Told:
    """Says what its models have, and binds nothing."""

    place: models.ForeignKey
    id: int


class Pond(Told, Placed):
    pass


class Nest(MaybePlaced):
    pass
