from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models


class Keeper(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE)
    deputy = models.ForeignKey(
        get_user_model(), null=True, on_delete=models.SET_NULL, related_name="deputy_of"
    )
    boss = models.ForeignKey("self", null=True, on_delete=models.SET_NULL)
    friends = models.ManyToManyField("self")
    mentors = models.ManyToManyField("self", symmetrical=False, related_name="students")
    notes = GenericRelation("zoo.Note")
    remarks = GenericRelation("Note", related_query_name="keeper")

    class Meta:
        ordering = [models.F("user").asc(nulls_first=True), "-id"]


class Team(models.Model):
    members = models.ManyToManyField(Keeper, through="Membership", through_fields=("team", "keeper"))
    leads = models.ManyToManyField("Keeper", related_name="+", db_table="team_leads")

    class Meta:
        db_table = "teams"


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    keeper = models.ForeignKey(Keeper, on_delete=models.CASCADE)
    invited_by = models.ForeignKey(Keeper, on_delete=models.CASCADE, related_name="invitations")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "keeper"], name="%(app_label)s_%(class)s_once")
        ]
