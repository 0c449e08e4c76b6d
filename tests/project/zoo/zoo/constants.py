# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
from django.db import models

NAME_LENGTH = 40
CODE_LENGTH = NAME_LENGTH // 2

LENGTHS = {"short": 10, "long": 10 * 20}

ORDERING = ["name"]
ORDERING += ["-pk"]


class Diet(models.TextChoices):
    MEAT = "meat", "Meat"
    PLANTS = "plants", "Plants"
    EVERYTHING = "everything", "Everything"

    @classmethod
    def longest(cls):
        return max(len(value) for value in cls.values)


class Danger(models.IntegerChoices):
    NONE = 0
    SOME = 1
