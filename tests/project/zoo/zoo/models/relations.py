from django.contrib.contenttypes.fields import GenericRelation
from django.db import models

__all__ = ["Tagged", "Ticket"]


class Tagged(models.Model):
    tags = GenericRelation("zoo.Note", related_query_name="tagged")
    labels = GenericRelation("zoo.Note", related_query_name="%(app_label)s_%(class)s_labelled")

    class Meta:
        abstract = True


class Ticket(Tagged):
    team = models.ForeignKey("Team", models.RESTRICT, limit_choices_to={"members__isnull": False})
    previous = models.OneToOneField("self", null=True, on_delete=models.SET_NULL, related_name="next")
    cage = models.ForeignKey("cages.Cage", on_delete=models.CASCADE, null=True, related_name="+")
    cages = models.ManyToManyField("cages.Cage", blank=True)
    chief = models.ForeignKey("staff.Chief", on_delete=models.SET_DEFAULT, default=1)


class SubTicket(Ticket):
    pass
