# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
from django.db import models
from django.utils.functional import classproperty

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


class Choosing(type):
    """Collects what the body of a class says."""

    def __new__(cls, name, bases, attrs):
        attrs["chosen"] = [attrs[key] for key in attrs if key.isupper()]
        return super().__new__(cls, name, bases, attrs)


class Choosable(metaclass=Choosing):
    @classproperty
    def choices(cls):  # noqa: N805
        return [(value, value) for value in cls.chosen]

    @classproperty
    def longest(cls):  # noqa: N805
        return max(len(value) for value in cls.chosen)


class Sleep(Choosable):
    DAY = "by day"
    NIGHT = "by night"


def merged(left, right):
    """Both dictionaries and those in them."""
    for key in right:
        if key in left and isinstance(left[key], dict):
            merged(left[key], right[key])
        else:
            left[key] = right[key]
    return left


SCHEMA = merged({}, {"type": "object"})
