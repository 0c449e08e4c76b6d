from django.contrib.auth.models import AbstractUser, Group
from django.db import models


class Chief(models.Model):
    group = models.ForeignKey(Group, on_delete=models.CASCADE)


class User(AbstractUser):
    chief = models.ForeignKey(Chief, null=True, on_delete=models.SET_NULL)

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"
