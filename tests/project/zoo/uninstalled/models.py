from django.db import models


class Ghost(models.Model):
    cage = models.ForeignKey("cages.Cage", on_delete=models.CASCADE)
