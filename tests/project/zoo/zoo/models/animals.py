# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

from zoo.constants import ORDERING
from zoo.managers import AnimalManager, AnimalManagerFromQuerySet, AnimalQuerySet, NamedManager, make_manager

__all__ = ["Animal", "Habitat", "Note", "Paw", "Photo", "Visit"]


class Habitat(models.Model):
    name = models.CharField(max_length=10, unique=True)
    slug = models.SlugField(unique=True)

    class Meta:
        ordering = ORDERING
        get_latest_by = "name"
        indexes = [
            models.Index(fields=["name", "-slug"], name="habitat_name"),
            models.Index(fields=["slug"]),
        ]


class Animal(models.Model):
    name = models.CharField(max_length=10)
    habitat = models.ForeignKey(Habitat, models.CASCADE, to_field="slug", related_name="animals")
    born_in = models.ForeignKey(
        "Habitat",
        on_delete=models.DO_NOTHING,
        related_query_name="native",
        db_constraint=False,
        db_index=False,
    )

    objects = AnimalManager()
    from_queryset = AnimalManagerFromQuerySet()
    as_manager = AnimalQuerySet.as_manager()
    named = NamedManager()
    made = make_manager(AnimalManager)

    class Meta:
        unique_together = ("name", "habitat")
        default_manager_name = "named"
        base_manager_name = "objects"


class Paw(models.Model):
    animal = models.ForeignKey(Animal, on_delete=models.CASCADE)

    class Meta:
        order_with_respect_to = "animal"


class Note(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    content_object = GenericForeignKey()
    other = GenericForeignKey("content_type", "object_id")

    class Meta:
        indexes = [models.Index(fields=["content_type", "object_id"])]
        unique_together = [["content_type", "object_id"], ("object_id", "content_type")]


class Photo(models.Model):
    animal = models.ForeignKey("zoo.ANIMAL".replace("ANIMAL", "Animal"), models.SET(None), null=True)
    best_of = models.OneToOneField("zoo.animal", models.CASCADE, related_name="best_photo")

    class Meta:
        default_related_name = "%(app_label)s_%(model_name)ss"
        managed = False


class Visit(models.Model):
    """Its names are long, so that tables are."""

    animals = models.ManyToManyField(Animal)
    visitor_with_a_rather_long_name_that_is_hard_to_remember = models.ManyToManyField("auth.User", blank=True)
