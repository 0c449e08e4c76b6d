from django.db import models


class AnimalQuerySet(models.QuerySet):
    def hungry(self):
        return self.filter(hungry=True)


class AnimalManager(models.Manager):
    pass


AnimalManagerFromQuerySet = AnimalManager.from_queryset(AnimalQuerySet)


class NamedManager(models.Manager.from_queryset(AnimalQuerySet)):
    pass


def make_manager(base=models.Manager):
    class Manager(base):
        pass

    return Manager()
