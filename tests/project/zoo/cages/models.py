from django.db import models


class Cage(models.Model):
    size = models.IntegerField()


class Lock(models.Model):
    cage = models.OneToOneField("cages.Cage", on_delete=models.CASCADE)

    class Meta:
        app_label = "zoo"
